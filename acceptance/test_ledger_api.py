"""Credits, statements and budgets as operator and workspace see them, on a running server."""

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from decimal import ROUND_UP, Decimal

import pytest

from harness import products
from harness.api import Api
from harness.errors import assert_problem
from harness.server import Server

SETTINGS = """
[credits]
usd_per_credit = "0.01"

[plans.default]
byok = true
managed = "included"

[plans.pro]
byok = true
managed = "credits"
allowance_credits = "200"

[plans.team]
byok = true
managed = "credits"
allowance_credits = "500"
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory, sim):
    """A server whose plans count credits."""
    running = Server(tmp_path_factory.mktemp("shop"), sim, settings=SETTINGS).start()
    yield running
    running.stop()


def customer(server, plan: str = "default"):
    """A workspace with a key that sees its credits and sets its budgets."""
    workspace = products.workspace(server, plan)
    made = server.operator(
        "POST", f"{workspace.path}/api-keys", {"name": "money", "scopes": ["billing:read", "budgets:write"]}, 201
    )
    workspace.api = Api(server.url, made.json()["secret"])
    return workspace


def grant(server, workspace, credits: str, reason: str = "Welcome", key: str | None = None, expect=201, **more) -> dict:
    body, headers = {"credits": credits, "reason": reason, **more}, {"idempotency-key": key} if key else {}
    path = f"{workspace.path}/credits/grants"
    return server.operator("POST", path, body, expect, headers=headers).json()


def credits(workspace) -> dict:
    return workspace.api.get(f"{workspace.path}/credits")


def test_the_operator_gives_and_every_credit_is_told(shop):
    workspace = customer(shop)
    given = grant(shop, workspace, "100", key="invoice-7")
    assert grant(shop, workspace, "100.0", key="invoice-7") == given
    reused = shop.operator(
        "POST", f"{workspace.path}/credits/grants", {"credits": "5", "reason": "x"}, headers={"idempotency-key": "invoice-7"}
    )
    assert_problem(reused, 422, "idempotency_key_reused")
    with ThreadPoolExecutor(8) as pool:
        same = list(pool.map(lambda _: grant(shop, workspace, "1", key="at-once"), range(16)))
    assert all(one == same[0] for one in same)
    has = credits(workspace)
    assert (has["balance"], has["held"], has["available"]) == ("101", "0", "101")
    assert {one["id"] for one in has["grants"]} == {given["id"], same[0]["id"]}

    entries = workspace.api.all(f"{workspace.path}/ledger", limit=1)
    assert [(one["kind"], one["change"], one["balance"]) for one in entries] == [("grant", "1", "101"), ("grant", "100", "100")]
    month = given["created_at"][:7]
    statement = workspace.api.get(f"{workspace.path}/statements/{month}")
    assert (statement["opening_balance"], statement["closing_balance"]) == ("0", "101")
    assert [one["seq"] for one in statement["entries"]] == [one["seq"] for one in reversed(entries)]
    assert statement["totals"] == {"grant": "101"}
    answer = workspace.api("GET", f"{workspace.path}/statements/{month}", expect=200, headers={"accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["kind"] for row in rows] == ["opening", "grant", "grant", "closing"]
    assert sum(Decimal(row["change"] or 0) for row in rows) == Decimal(rows[-1]["balance"]) == 101


def test_what_calls_cost_is_told_whoever_pays(shop):
    workspace = customer(shop)
    answers = [workspace.ask("openai", "Hello" * n, max_tokens=1) for n in range(1, 8)]
    receipts = [shop.operator.get(f"{workspace.path}/requests/{one.headers['x-ownkey-request-id']}") for one in answers]
    statement = workspace.api.get(f"{workspace.path}/statements/{receipts[0]['at'][:7]}")
    [totals] = statement["usage"]
    assert (totals["payer"], totals["calls"], totals["credits"]) == ("managed", 7, "0")
    costs = [Decimal(receipt["cost_usd"]) for receipt in receipts]
    assert Decimal(totals["cost_usd"]) == sum(costs) > 0
    # A credit is a cent, and each call is rounded up to a millionth, as it would have been.
    each = [(cost * 100).quantize(Decimal("0.000001"), ROUND_UP) for cost in costs]
    assert Decimal(totals["credits_at_rate"]) == sum(each) >= sum(costs) * 100
    [row] = shop.operator.get(f"{workspace.path}/usage", group_by="payer")["data"]
    assert row["credits_at_rate"] == totals["credits_at_rate"]


def test_an_allowance_is_granted_once_whatever_restarts(new_server):
    server = new_server(settings=SETTINGS).start()
    workspace = customer(server, "pro")
    with ThreadPoolExecutor(8) as pool:
        assert {one["balance"] for one in pool.map(lambda _: credits(workspace), range(16))} == {"200"}
    server.kill()
    server.start()
    assert credits(workspace)["balance"] == "200"
    products.change(server, workspace, plan="team")
    assert credits(workspace)["balance"] == "500"
    products.change(server, workspace, plan="pro")
    server.stop()
    server.start()
    has = credits(workspace)
    assert has["balance"] == "500" and has["grants"][0]["expires_at"] == has["resets_at"]
    entries = workspace.api.all(f"{workspace.path}/ledger")
    assert [(one["kind"], one["change"]) for one in entries] == [("allowance", "300"), ("allowance", "200")]


def test_budgets_are_set_shown_and_removed(shop):
    workspace = customer(shop)
    path = f"{workspace.path}/budgets"
    body = {"scope": "agent/lead", "payer": "byok", "period": "day", "limit_usd": "2.50", "action": "notify", "unpriced": "allow"}
    made = workspace.api("PUT", f"{path}/daily", body, 201).json()
    assert {name: made[name] for name in body} == body | {"limit_usd": "2.5"}
    assert (made["used_usd"], made["held_usd"], made["threshold"]) == ("0", "0", None) and made["resets_at"]
    assert workspace.api("PUT", f"{path}/daily", body | {"limit_usd": "3"}, 200).json()["limit_usd"] == "3"
    workspace.api("POST", path, {"period": "total", "limit_usd": "100"}, 201)
    assert [one["period"] for one in workspace.api.get(path)["data"]] == ["total", "day"]
    assert_problem(workspace.api("PUT", f"{path}/daily", body | {"limit_usd": "-1"}), 422, "invalid_value")
    workspace.api("DELETE", f"{path}/daily", expect=204)
    assert_problem(workspace.api("GET", f"{path}/daily"), 404, "not_found")


def test_consent_to_fallback_needs_a_cap(shop):
    workspace = products.workspace(shop, "pro")
    fallback = {"on": ["rate_limited", "quota_exhausted"]}
    path = f"{workspace.path}/policy"
    assert_problem(workspace.api("PUT", path, {"fallback": fallback}), 422, "invalid_value")
    fallback["daily_cap_usd"] = "5"
    workspace.api("PUT", path, {"fallback": fallback}, 200)
    told = workspace.api.get(path)
    assert (told["payer"], told["fallback"]) == ("byok_preferred", fallback)


def test_the_book_is_looked_through_with_the_server_and_without(new_server):
    server = new_server(settings=SETTINGS).start()
    workspace = customer(server)
    given = grant(server, workspace, "10")
    for _ in range(2):
        checked = server.run("ledger", "check")
        assert checked.returncode == 0, checked.stderr
        assert "1 transfers, 0 open holds" in checked.stdout and "ledger: ok" in checked.stdout
        server.stop()
    server.start()
    # Somebody makes a credit past the ledger.
    server.sql(f"UPDATE accounts SET credits_posted = credits_posted + 1000000 WHERE id = '{workspace.id}/{given['id']}'")
    for _ in range(2):
        checked = server.run("ledger", "check")
        assert checked.returncode == 1 and "2 problems" in checked.stderr
        assert f"account {workspace.id}/{given['id']}" in checked.stdout and "CREDIT do not sum to zero" in checked.stdout
        server.stop()

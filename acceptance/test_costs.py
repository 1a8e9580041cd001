"""What costs what: the page says what calls do, route by route, whoever pays."""

from decimal import ROUND_UP, Decimal

import httpx
import pytest

from harness import products
from harness.api import LOCAL
from harness.every_route import CALLS, model_of, send
from harness.server import Server
from harness.sim import provider_key

SETTINGS = """
[credits]
usd_per_credit = "0.01"
markup = "1.25"

[plans.included]
byok = true
managed = "included"
output_limit = 256

[plans.keyless]
byok = false
managed = "included"

[plans.paid]
byok = true
managed = "credits"

[plans.own]
byok = true
managed = "none"

[[models]]
id = "gpt-4o"
gate = "byok_only"

[[models]]
id = "claude-sonnet-4-5"
markup = "3"

[[models]]
id = "quick"
alias_of = "gpt-4o-mini"
markup = "0.5"

[[models]]
id = "tts-1"
credits = "0.0007"

[[models]]
id = "gpt-image-1"
provider = "openai"
prices = { input = "0.000005", image_input = "0.00001", output = "0.00004" }

[[models]]
id = "gpt-3.5-turbo-instruct"
provider = "openai"
prices = { input = "0.0000015", output = "0.000002" }

[routes."embeddings"]
payer = "managed"
"""
RESPONSES = ("POST", "/v1/responses")
# Plan, policy, whether there are own keys.
STATES = {
    "included": ("included", None, False),
    "own keys": ("included", None, True),
    "own keys, and managed access wanted": ("included", "managed_only", True),
    "own keys wanted, and none there": ("included", "byok_only", False),
    "a plan without own keys": ("keyless", None, False),
    "keys that the plan does not cover": ("keyless", None, True),
    "a plan without managed access": ("own", None, False),
    "own keys on a plan without managed access": ("own", None, True),
    "no credits": ("paid", None, False),
    "no credits, and own keys": ("paid", None, True),
}


@pytest.fixture(scope="module")
def priced(tmp_path_factory, sim):
    running = Server(tmp_path_factory.mktemp("priced"), sim, settings=SETTINGS).start()
    # Managed access pays for embeddings whatever keys there are.
    running.checks_consent = False
    yield running
    running.stop()


def in_state(server, plan: str, policy: str | None, keys: bool):
    workspace = products.workspace(server, "included" if keys else plan)
    for provider in ("openai", "anthropic") if keys else ():
        workspace.put_key(provider, provider_key(provider), expect=201)
    if keys:
        products.change(server, workspace, plan=plan)
    if policy:
        products.set_payer(workspace, policy)
    return workspace


def costs(server, workspace) -> dict[tuple[str, str], dict]:
    page = server.operator.get(f"{workspace.path}/costs")
    return {(row["method"], row["path"]): row for row in page["routes"]}


def terms(row: dict, model: str | None) -> dict:
    """What the page says of a call."""
    if row["terms"]:
        return row["terms"]
    return next(one for one in row["models"] if one["id"] == model)


def agree(server, sim, workspace, route: tuple[str, str], said: dict, **more):
    """Calls it, and holds what happens against what was said."""
    # On managed access a workspace reaches what it made, and nothing else.
    made = send(workspace, RESPONSES) if route[1].startswith("/v1/responses/{id}") else None
    of_own = made is not None and made.status_code == 200
    since = sim.now()
    answer = send(workspace, route, made.json()["id"] if of_own else "resp_gone", **more)
    if said["cost"] == "refused":
        assert answer.headers["x-ownkey-error"] == said["reason"]["code"], answer.text
        assert "x-ownkey-payer" not in answer.headers and sim.log(since) == []
        assert said["payer"] is None and said["credits_per_million_tokens"] == {}
        return
    assert said["reason"] is None
    if made is not None and not of_own and said["payer"] == "managed":
        assert answer.headers["x-ownkey-error"] == "response_not_found" and sim.log(since) == []
        return
    if said["cost"] == "credits" and answer.status_code == 402:
        # What it costs does not depend on what there is to pay with.
        assert answer.headers["x-ownkey-error"] == "insufficient_credits" and sim.log(since) == []
        assert Decimal(server.operator.get(f"{workspace.path}/credits")["balance"]) == 0
        return
    assert answer.headers["x-ownkey-payer"] == said["payer"], answer.text
    assert len(sim.log(since)) == 1
    receipt = server.operator.get(f"{workspace.path}/requests/{answer.headers['x-ownkey-request-id']}")
    assert receipt["payer"] == said["payer"]
    if said["cost"] != "free":
        assert receipt["included"] == (said["cost"] == "included")
    assert Decimal(receipt["credits"]) == charge(said, receipt)


# OpenAI's totals include the classes that have prices of their own.
WITHIN = {"input": ["cache_read", "cache_write", "audio_input", "image_input"], "output": ["audio_output", "image_output"]}


def charge(said: dict, receipt: dict) -> Decimal:
    """Credits for the receipt's usage at the prices that the page shows."""
    prices = said["credits_per_million_tokens"].get("standard", {})
    usage = dict(receipt["usage"])
    for total, parts in WITHIN.items() if receipt["provider"] == "openai" else ():
        if total in usage:
            usage[total] -= sum(usage.get(part, 0) for part in parts if part in prices)
    million = sum((Decimal(prices.get(name, 0)) * count for name, count in usage.items()), Decimal(0))
    units = sum((Decimal(price) * usage.get(name, 0) for name, price in said["credits_per_unit"].items()), Decimal(0))
    return (million / 1_000_000 + units).quantize(Decimal("0.000001"), ROUND_UP)


@pytest.mark.parametrize("state", STATES)
def test_page_and_gateway_agree_for_every_route(priced, sim, state):
    workspace = in_state(priced, *STATES[state])
    page = costs(priced, workspace)
    assert page.keys() == CALLS.keys(), "a route is missing here or there"
    for route, row in page.items():
        agree(priced, sim, workspace, route, terms(row, model_of(route)))
    chat = ("POST", "/v1/chat/completions")
    agree(priced, sim, workspace, chat, terms(page[chat], "gpt-4o"), model="gpt-4o")


def test_calls_are_charged_what_the_page_says(priced, sim):
    workspace = in_state(priced, "paid", None, False)
    priced.operator("POST", f"{workspace.path}/credits/grants", {"credits": "100000", "reason": "Enough"}, 201)
    page = costs(priced, workspace)
    for route, row in page.items():
        agree(priced, sim, workspace, route, terms(row, model_of(route)))


def test_prices_are_the_list_times_markup(priced):
    workspace = in_state(priced, "paid", None, False)
    page = costs(priced, workspace)
    haiku = terms(page["POST", "/v1/messages"], "claude-haiku-4-5")
    # One USD for a million tokens of input, five for output.
    assert haiku["credits_per_million_tokens"]["standard"]["input"] == "125"
    assert haiku["credits_per_million_tokens"]["standard"]["output"] == "625"
    own = in_state(priced, "paid", None, True)
    haiku = terms(costs(priced, own)["POST", "/v1/messages"], "claude-haiku-4-5")
    assert {*haiku["credits_per_million_tokens"]["standard"].values()} == {"0"}


def test_a_model_has_its_own_markup_or_fixed_price(priced):
    """On the page, set aside, charged, and on the receipt, whichever of its names is called."""
    workspace = products.workspace(priced, "paid")
    page = {one["id"]: one for row in costs(priced, workspace).values() for one in row["models"]}
    mini, quick = (page[name]["credits_per_million_tokens"]["standard"]["input"] for name in ("gpt-4o-mini", "quick"))
    assert Decimal(mini) == Decimal(quick) * Decimal("2.5"), "1.25 for all others, and 0.5"
    assert page["tts-1"]["credits_per_unit"] == {"input_characters": "0.0007"}
    products.grant(workspace, 10)
    speech = {"model": "tts-1", "voice": "alloy", "input": "Grüße 🎧"}
    for provider, model, paid in (
        ("anthropic", "claude-sonnet-4-5", "3"),
        ("anthropic", "claude-sonnet-4-5-20250929", "3"),
        ("openai", "gpt-4o-mini", "1.25"),
        ("openai", "quick", "0.5"),
    ):
        answer = workspace.ask(provider, model=model)
        assert answer.status_code == 200, answer.text
        receipt = priced.operator.get(f"{workspace.path}/requests/{answer.headers['x-ownkey-request-id']}")
        assert receipt["credit_rate"] == {"usd_per_credit": "0.01", "markup": paid}, model
        exact = Decimal(receipt["cost_usd"]) * 100 * Decimal(paid)
        assert Decimal(receipt["credits"]) == exact.quantize(Decimal("0.000001"), ROUND_UP) > 0
    spoken = httpx.post(f"{workspace.url}/v1/audio/speech", json=speech, headers={"authorization": f"Bearer {workspace.secret}"}, **LOCAL)
    assert spoken.status_code == 200, spoken.text
    receipt = priced.operator.get(f"{workspace.path}/requests/{spoken.headers['x-ownkey-request-id']}")
    assert receipt["credits"] == "0.0049" and receipt["credit_rate"] == {"credits_each": "0.0007", "list_each_usd": "0.000015"}
    # Each is rounded up, and so is what they would have cost: a token is two and a half millionths of a credit.
    for _ in range(8):
        assert send(workspace, ("POST", "/v1/embeddings"), input="a").status_code == 200
    rows = {row["key"]: row for row in workspace.usage(group_by="model")["data"]}
    assert all(row["credits_at_rate"] == row["credits"] != "0" for row in rows.values()) and len(rows) == 6
    searched = rows["text-embedding-3-small"]
    assert Decimal(searched["credits"]) > Decimal(searched["cost_usd"]) * 125
    balance = priced.operator.get(f"{workspace.path}/credits")["balance"]
    assert Decimal(balance) == 10 - sum(Decimal(row["credits"]) for row in rows.values())
    # On an own key it is told what it would have cost.
    products.change(priced, workspace, plan="included")
    workspace.put_key("openai", provider_key("openai"), expect=201)
    products.change(priced, workspace, plan="paid")
    own = workspace.ask("openai", model="quick")
    receipt = priced.operator.get(f"{workspace.path}/requests/{own.headers['x-ownkey-request-id']}")
    assert receipt["payer"] == "byok" and receipt["credits"] == "0"
    exact = Decimal(receipt["cost_usd"]) * 50
    assert Decimal(receipt["with_managed_credits"]) == exact.quantize(Decimal("0.000001"), ROUND_UP) > 0

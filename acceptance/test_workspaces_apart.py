"""Another workspace's things: every answer is 404, as if they did not exist."""

import pytest

from harness.api import Api
from harness.errors import assert_problem
from harness.process import wait_for
from harness.sim import provider_key

KEY = {"key": provider_key("openai")}
API_KEY = {"name": "mine now", "scopes": ["inference"]}
BUDGET = {"period": "day", "limit_usd": "1"}
POLICY = {"payer": "byok_preferred", "fallback": {"on": []}}

# Every route below /workspaces/{ws}, with a body that would do.
ROUTES = [
    ("GET", "", None),
    ("GET", "/provider-keys", None),
    ("PUT", "/provider-keys/openai", KEY),
    ("DELETE", "/provider-keys/openai", None),
    ("POST", "/provider-keys/openai/test", {}),
    ("GET", "/policy", None),
    ("PUT", "/policy", POLICY),
    ("GET", "/api-keys", None),
    ("POST", "/api-keys", API_KEY),
    ("GET", "/api-keys/{api_key}", None),
    ("DELETE", "/api-keys/{api_key}", None),
    ("GET", "/agents", None),
    ("GET", "/agents/lead", None),
    ("PUT", "/agents/lead", {"model": "gpt-4o"}),
    ("DELETE", "/agents/lead", None),
    ("GET", "/requests", None),
    ("GET", "/requests/{request}", None),
    ("GET", "/usage", None),
    ("GET", "/audit", None),
    ("GET", "/credits", None),
    ("POST", "/credits/grants", {"credits": "1", "reason": "mine"}),
    ("POST", "/credits/refunds", {"charge": "{request}", "credits": "1", "reason": "mine"}),
    ("GET", "/ledger", None),
    ("GET", "/statements/2026-11", None),
    ("GET", "/costs", None),
    ("GET", "/budgets", None),
    ("POST", "/budgets", BUDGET),
    ("GET", "/budgets/cap", None),
    ("PUT", "/budgets/cap", BUDGET),
    ("DELETE", "/budgets/cap", None),
]
SCOPES = [
    "inference", "providers:read", "providers:write", "policy:write", "agents:write", "keys:write", "usage:read",
    "audit:read", "billing:read", "budgets:write",
]


@pytest.fixture(scope="module")
def pair(server):
    """A workspace that has something of everything, and one that has a key to all of its own."""
    victim = server.operator.create_workspace("Victim")
    victim.put_key("openai", provider_key("openai"), expect=201)
    victim.operator("PUT", f"{victim.path}/budgets/cap", BUDGET | {"limit_usd": "1000"}, 201)
    victim.request = victim.ask("openai").headers["x-ownkey-request-id"]
    # The use of a key is noted behind the answer; what the tests compare must have come to rest.
    wait_for(lambda: victim.provider_keys()["openai"]["last_used_at"], "the use of the key to be noted")
    intruder = server.operator.create_workspace("Intruder")
    body = {"name": "all", "scopes": SCOPES}
    made = server.operator("POST", f"{intruder.path}/api-keys", body, 201).json()
    intruder.api.http.headers["authorization"] = f"Bearer {made['secret']}"
    return victim, intruder


def fill(path: str, victim) -> str:
    return path.format(api_key=victim.key_id, request=victim.request)


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
def test_by_the_others_address(pair, sim, method, path, body):
    victim, intruder = pair
    before, since = victim.provider_keys(), sim.now()
    answer = intruder.api(method, victim.path + fill(path, victim), body)
    assert_problem(answer, 404, "not_found")
    assert victim.id not in answer.text and "Victim" not in answer.text
    assert victim.provider_keys() == before and sim.log(since) == []
    assert victim.api("GET", f"{victim.path}/api-keys/{victim.key_id}").status_code == 200


@pytest.mark.parametrize(("method", "path"), [(m, p) for m, p, _ in ROUTES if "{" in p])
def test_the_others_id_below_the_own_address(pair, method, path):
    victim, intruder = pair
    for own in (intruder.path, "/workspaces/current"):
        assert_problem(intruder.api(method, own + fill(path, victim)), 404, "not_found")
    assert victim.api("GET", f"{victim.path}/api-keys/{victim.key_id}").status_code == 200


def test_what_does_not_exist_looks_the_same(pair):
    victim, intruder = pair
    nothing = "ws_" + "0" * len(victim.id.removeprefix("ws_"))
    theirs = intruder.api("GET", f"{victim.path}/provider-keys").json()
    none = intruder.api("GET", f"/workspaces/{nothing}/provider-keys").json()
    assert theirs == none


def test_lists_hold_only_the_own(pair):
    victim, intruder = pair
    assert intruder.api.get(f"{intruder.path}/requests")["data"] == []
    ids = {item["id"] for item in intruder.api.get(f"{intruder.path}/api-keys")["data"]}
    assert victim.key_id not in ids


def test_platform_keys_do_not_see_the_operators_routes(pair):
    _, intruder = pair
    for method, path in (("GET", "/workspaces"), ("POST", "/workspaces")):
        assert intruder.api(method, path, {"name": "x"} if method == "POST" else None).status_code in (403, 404)


def test_a_new_key_has_no_more_scopes_than_its_maker(pair):
    _, intruder = pair
    maker = intruder.new_api_key("maker", ["keys:write", "inference"])
    more = {"name": "more", "scopes": ["providers:write"]}
    answer = Api(intruder.url, maker["secret"])("POST", f"{intruder.path}/api-keys", more)
    assert answer.status_code == 403

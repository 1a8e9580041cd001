"""Niyra, sentence by sentence: its plans, Apex, and credits up to the 402, with the configuration that it would run."""

from decimal import Decimal

import pytest

from harness.errors import assert_problem
from harness.every_route import CALLS, send
from harness.money import checked, credits, needed, purse, rich
from harness.products import change, code, set_payer, settings, workspace
from harness.server import Server
from harness.sim import PROVIDERS, provider_key

# Every name of it, with whether the provider knows what is sent then.
APEX = {
    "apex": True,
    "anthropic/apex": True,
    "claude-fable-5": True,
    "anthropic/claude-fable-5": True,
    "claude-fable-5-1": True,
    "claude-fable-5-20260601": False,
    "claude-fable-5-2026-06-01": False,
    "Claude-Fable-5": False,
    "ft:claude-fable-5:acme::1": False,
}
# The provider has no such model for it.
UNSERVED = {("POST", "/v1/audio/translations"), ("POST", "/v1/images/variations")}
WORDS = "Apex is alpha-gated. Email hi@niyra.ai for access."


@pytest.fixture(scope="module")
def niyra(tmp_path_factory, sim):
    running = Server(tmp_path_factory.mktemp("niyra"), sim, settings=settings("niyra")).start()
    yield running
    running.stop()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_niyra_n2_own_keys_on_pro_and_alpha(niyra, sim, provider):
    for plan, may in (("free", False), ("pro", True), ("alpha", True)):
        acme = workspace(niyra, plan)
        answer = acme.put_key(provider, provider_key(provider))
        assert answer.status_code == (201 if may else 403), (plan, answer.text)
        if not may:
            assert answer.json()["code"] == "plan_required"


def apex_is(plan: str, has_feature: bool, has_key: bool, payer: str) -> str | None:
    """The code that refuses Apex, in the contract's order; none where it is served."""
    if not has_feature:
        return "model_gated"
    if payer == "managed_only":
        return "byok_required"
    if plan == "free":
        return "plan_required"
    return None if has_key else "byok_required"


@pytest.mark.parametrize("has_key", [False, True], ids=["no-key", "key"])
@pytest.mark.parametrize("feature", [False, True], ids=["gated", "feature"])
@pytest.mark.parametrize("plan", ["free", "pro", "alpha"])
def test_niyra_n3_apex_is_alpha_gated_and_own_key_only(niyra, sim, plan, feature, has_key):
    key, features = provider_key("anthropic"), ["apex"] if feature else []
    acme = workspace(niyra, "pro" if has_key else plan, features=features)
    if has_key:
        acme.put_key("anthropic", key, expect=201)
        if plan != "pro":
            change(niyra, acme, plan=plan)
    for payer in ("byok_preferred", "managed_only"):
        if payer != "byok_preferred":
            set_payer(acme, payer)
        refusal, since = apex_is(plan, feature or plan == "alpha", has_key, payer), sim.now()
        for name, is_known in APEX.items():
            answer = acme.ask("anthropic", model=name)
            if refusal is None:
                assert answer.status_code == (200 if is_known else 404), (name, answer.text)
                assert answer.headers["x-ownkey-payer"] == "byok", name
            else:
                assert code(answer) == (403, refusal), (name, answer.text)
                assert (WORDS in answer.text) == (refusal == "model_gated"), name
        # Nobody's key but the workspace's was ever used for it.
        assert {call["key"] for call in sim.calls(since)} == ({key} if refusal is None else set())
        shown = next(model for model in acme.api.get("/models")["data"] if model["id"] == "apex")
        assert shown["usable"] == (refusal is None) and (shown["reason"] or {}).get("code") == refusal
        if refusal == "model_gated":
            assert shown["reason"]["message"] == WORDS


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_niyra_n1_credits_tick_for_hosted_access_and_not_for_own_keys(niyra, sim, provider, stream):
    acme, more = rich(niyra), {"stream": True} if stream else {}
    since = sim.now()
    # "You pay in credits, we pay the providers."
    hosted = acme.ask(provider, **more)
    [entry] = sim.ended(since)
    price = credits(entry["cost_usd"])
    assert hosted.headers["x-ownkey-payer"] == "managed" and entry["key"] == niyra.managed_keys[provider]
    assert Decimal(acme.receipt(hosted)["credits"]) == price > 0
    assert purse(acme)["balance"] == 1_000 - price
    # "Niyra runs on your vendor account. Credits don't tick down for LLM calls; you pay your provider directly."
    key = provider_key(provider)
    acme.put_key(provider, key, expect=201)
    since = sim.now()
    own = acme.ask(provider, **more)
    [entry] = sim.ended(since)
    assert own.headers["x-ownkey-payer"] == "byok" and own.headers["x-ownkey-credits"] == "0" and entry["key"] == key
    assert purse(acme) == {"balance": 1_000 - price, "held": 0, "available": 1_000 - price}
    # "Your vendor bill may be lower than credit equivalents": both are told.
    usage = {row["key"]: row for row in acme.usage(group_by="payer")["data"]}
    assert Decimal(usage["byok"]["cost_usd"]) == Decimal(entry["cost_usd"])
    assert Decimal(usage["byok"]["credits_at_rate"]) == credits(entry["cost_usd"])
    [charge] = [one for one in acme.operator.all(f"{acme.path}/ledger") if one["kind"] == "charge"]
    assert (charge["request"], -Decimal(charge["change"])) == (hosted.headers["x-ownkey-request-id"], price)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_niyra_n1_own_keys_work_with_no_credits_left(niyra, sim, provider):
    acme = workspace(niyra, "pro")
    other = next(name for name in PROVIDERS if name != provider)
    acme.put_key(provider, provider_key(provider), expect=201)
    since = sim.now()
    for more in ({}, {"stream": True}):
        assert acme.ask(provider, **more).headers["x-ownkey-payer"] == "byok"
    # The provider for which there is no key is hosted access, and that there is nothing to pay with.
    assert code(acme.ask(other)) == (402, "insufficient_credits")
    assert len(sim.calls(since)) == 2 and acme.operator.all(f"{acme.path}/ledger") == []


def test_at_balance_zero_every_call_on_an_own_key_works(niyra, sim):
    acme = workspace(niyra, "pro")
    keys = {provider: provider_key(provider) for provider in PROVIDERS}
    for provider, key in keys.items():
        acme.put_key(provider, key, expect=201)
    assert purse(acme) == {"balance": 0, "held": 0, "available": 0}
    for route, (provider, body, _) in CALLS.items():
        since = sim.now()
        answer = send(acme, route)
        [call] = sim.log(since)
        assert answer.headers["x-ownkey-payer"] == "byok" and call["key"] == keys[provider], route
        assert answer.headers.get("x-ownkey-error-source") != "ownkey", (route, answer.text)
        if body and "{id}" not in route[1] and route not in UNSERVED:
            assert answer.status_code == 200, (route, answer.text)
        receipt = acme.receipt(answer)
        assert (receipt["payer"], receipt["credits"]) == ("byok", "0"), route
    assert acme.operator.all(f"{acme.path}/ledger") == []


@pytest.mark.parametrize("provider", PROVIDERS)
def test_niyra_n6_disconnect_reverts_to_the_credit_pool_down_to_its_end(niyra, sim, provider):
    acme = rich(niyra, 1)
    acme.put_key(provider, provider_key(provider), expect=201)
    assert acme.ask(provider, max_tokens=50).headers["x-ownkey-credits"] == "0"
    acme.delete_key(provider)
    # From the next message on, credits pay for each, as long as they cover one.
    since, spent = sim.now(), 0
    while (answer := acme.ask(provider, max_tokens=50)).status_code == 200:
        assert answer.headers["x-ownkey-payer"] == "managed"
        spent += Decimal(acme.receipt(answer)["credits"])
        assert purse(acme)["balance"] == 1 - spent >= 0
    entries = sim.ended(since)
    assert {entry["key"] for entry in entries} == {niyra.managed_keys[provider]}
    assert spent == sum(credits(entry["cost_usd"]) for entry in entries) > 0
    hold, _ = needed(answer)
    assert hold > purse(acme)["available"] == 1 - spent and f"balance is {(1 - spent).normalize():f}" in answer.text
    # A key again, and it does not matter what is left.
    acme.put_key(provider, provider_key(provider), expect=201)
    assert acme.ask(provider).headers["x-ownkey-payer"] == "byok"
    assert purse(acme)["balance"] == 1 - spent
    checked(niyra)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_niyra_n6_test_rotate_disconnect(niyra, sim, provider):
    acme = workspace(niyra, "pro")
    first, second = provider_key(provider), provider_key(provider)
    acme.put_key(provider, first, expect=201)
    tested = acme.api("POST", f"{acme.path}/provider-keys/{provider}/test", {}, 200).json()
    assert tested["verdict"]["verdict"] == "valid"
    acme.put_key(provider, second, expect=200)
    since = sim.now()
    answer = acme.ask(provider)
    assert answer.status_code == 200 and answer.headers["x-ownkey-credits"] == "0"
    assert [call["key"] for call in sim.calls(since)] == [second]
    # "Niyra reverts to the credit pool": which is empty so far, and nothing is served for free.
    acme.delete_key(provider)
    since = sim.now()
    answer = acme.ask(provider)
    assert code(answer) == (402, "insufficient_credits") and sim.calls(since) == []
    assert "balance is 0" in answer.text and "output limit" in answer.text
    assert acme.receipt(answer)["payer"] is None


def test_niyra_n12_no_third_party_providers_yet(niyra, sim):
    """That nothing in the sources branches on which of the two it is, is shown by a test of the same name in `app`."""
    acme, since = workspace(niyra, "pro"), sim.now()
    assert sorted(entry["provider"] for entry in acme.api.get(f"{acme.path}/provider-keys")["data"]) == sorted(PROVIDERS)
    assert sorted(entry["id"] for entry in acme.api.get("/providers")["data"]) == sorted(PROVIDERS)
    assert {model["provider"] for model in acme.api.get("/models")["data"]} == set(PROVIDERS)
    for third in ("groq", "together", "google", "OpenAI", "openai2"):
        assert_problem(acme.put_key(third, "sk-something-long-enough-000"), 404, "not_found")
        path = f"{acme.path}/provider-keys/{third}"
        assert_problem(acme.api("POST", f"{path}/test", {"key": "sk-something-long-enough-000"}), 404, "not_found")
        assert_problem(acme.api("DELETE", path), 404, "not_found")
    assert sim.log(since) == []

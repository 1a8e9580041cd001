"""Niyra, sentence by sentence: its plans, Apex, and credits up to the 402, with the configuration that it would run."""

import pytest

from harness.errors import assert_problem
from harness.consent import unconsented
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
WORDS = "Apex is alpha-gated. Email hi@niyra.ai for access."


@pytest.fixture(scope="module")
def niyra(tmp_path_factory, sim):
    running = Server(tmp_path_factory.mktemp("niyra"), sim, settings=settings("niyra")).start()
    yield running
    assert unconsented(running.operator) == []
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

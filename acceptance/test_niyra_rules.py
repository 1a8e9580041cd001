"""Niyra, sentence by sentence: its plans, Apex, and credits up to the 402, with the configuration that it would run."""

import pytest

from harness.products import change, code, set_payer, settings, workspace
from harness.server import Server
from harness.sim import PROVIDERS, provider_key

APEX = ["apex", "claude-fable-5", "claude-fable-5-20260601", "anthropic/apex", "ft:claude-fable-5:acme::1"]
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


def test_niyra_n3_apex_is_alpha_gated_and_own_key_only(niyra, sim):
    acme = workspace(niyra, "pro")
    key = provider_key("anthropic")

    def shown() -> dict:
        return next(model for model in acme.api.get("/models")["data"] if model["id"] == "apex")

    since = sim.now()
    # Without the feature, with and without a key: the gate's own words.
    for put in (False, True):
        if put:
            acme.put_key("anthropic", key, expect=201)
            since = sim.now()
        for name in APEX:
            answer = acme.ask("anthropic", model=name)
            assert code(answer) == (403, "model_gated") and WORDS in answer.text, name
        assert shown()["reason"] == {"code": "model_gated", "message": WORDS}
    assert sim.calls(since) == []
    # With the feature of the workspace, and its key.
    change(niyra, acme, features=["apex"])
    since = sim.now()
    for name in APEX[:4]:
        answer = acme.ask("anthropic", model=name)
        assert answer.status_code in (200, 404) and answer.headers["x-ownkey-payer"] == "byok", answer.text
    assert shown()["usable"] is True
    assert {call["key"] for call in sim.calls(since)} == {key}
    # With the feature and without a key: never the operator's.
    acme.delete_key("anthropic")
    since = sim.now()
    for payer in ("byok_preferred", "managed_only"):
        set_payer(acme, payer)
        for name in APEX:
            assert code(acme.ask("anthropic", model=name)) == (403, "byok_required"), name
    assert sim.calls(since) == []
    # The feature comes with Alpha too.
    alpha = workspace(niyra, "alpha")
    assert code(alpha.ask("anthropic", model="apex")) == (403, "byok_required")


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


def test_niyra_n12_no_third_party_providers_yet(niyra):
    acme = workspace(niyra, "pro")
    assert sorted(entry["provider"] for entry in acme.api.get(f"{acme.path}/provider-keys")["data"]) == sorted(PROVIDERS)
    assert len(acme.api.get("/providers")["data"]) == 2
    for third in ("groq", "together", "google"):
        assert acme.put_key(third, "sk-something-long-enough-000").status_code == 404

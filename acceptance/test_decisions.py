"""Who pays, for every combination of plan, policy, gate, key state, path and failure; the provider's log is the judge.

What is expected is written here from the contract, not taken from the gateway's own rule.
"""

import itertools

import pytest

from harness.products import change, code, set_payer, workspace
from harness.server import Server
from harness.sim import PROVIDERS, provider_key

SETTINGS = """
[credits]
usd_per_credit = "0.01"
[plans.own]
byok = true
managed = "none"
[plans.both]
byok = true
managed = "included"
[plans.hosted]
byok = false
managed = "included"
[plans.lenient]
byok = false
dormant_keys = "managed"
managed = "included"
[plans.credits]
byok = true
managed = "credits"
[[models]]
id = "gpt-4o"
gate = "byok_only"
[[models]]
id = "claude-sonnet-4-6"
gate = "byok_only"
[[models]]
id = "o3-mini"
gate = "coming_soon"
[[models]]
id = "claude-opus-4-6"
feature = "rare"
[[models]]
id = "gpt-4.1"
feature = "rare"
[[models]]
id = "claude-opus-4-5"
gate = "coming_soon"
"""
PLANS = {
    "own": (True, None),
    "both": (True, "included"),
    "hosted": (False, "included"),
    "lenient": (False, "included"),
    "credits": (True, "credits"),
}
POLICIES = ["byok_preferred", "byok_only", "managed_only"]
MODELS = {
    "available": {"openai": "gpt-4o-mini", "anthropic": "claude-haiku-4-5"},
    "byok_only": {"openai": "gpt-4o", "anthropic": "claude-sonnet-4-6"},
    "coming_soon": {"openai": "o3-mini", "anthropic": "claude-opus-4-5"},
    "gated": {"openai": "gpt-4.1", "anthropic": "claude-opus-4-6"},
    "unknown": {"openai": "gpt-nobody-knows", "anthropic": "claude-nobody-knows"},
}
KEYS = ["none", "ok", "revoked", "noquota", "limited", "down", "noscope"]


@pytest.fixture(scope="module")
def server(tmp_path_factory, sim):
    running = Server(tmp_path_factory.mktemp("decisions"), sim, settings=SETTINGS).start()
    yield running
    running.stop()


def expected(plan: str, policy: str, gate: str, has_key: bool) -> str:
    """The payer, or the code that refuses."""
    byok, managed = PLANS[plan]
    if gate == "coming_soon":
        return "model_coming_soon"
    if gate == "gated":
        return "model_gated"
    if policy == "managed_only":
        if gate == "byok_only":
            return "byok_required"
        absent = "managed_unavailable"
    else:
        if has_key and byok:
            return "byok"
        if has_key and plan != "lenient":
            return "plan_required"
        absent = "byok_required" if byok else "plan_required"
        if gate == "byok_only" or policy == "byok_only":
            return absent
    if managed is None:
        return absent
    if gate == "unknown":
        return "model_not_priced"
    return "insufficient_credits" if managed == "credits" else "managed"


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("key_state", KEYS)
def test_every_decision_and_who_paid(server, sim, provider, key_state):
    acme = workspace(server, "both")
    key = provider_key(provider)
    if key_state != "none":
        acme.put_key(provider, key, expect=201)
        sim.set_key(key, key_state)
    wrong, begun = [], sim.now()
    for plan, policy, gate in itertools.product(PLANS, POLICIES, MODELS):
        change(server, acme, plan=plan)
        set_payer(acme, policy)
        since = sim.now()
        answer = acme.ask(provider, model=MODELS[gate][provider])
        want = expected(plan, policy, gate, key_state != "none")
        used = [call["key"] for call in sim.calls(since)]
        paid = {"byok": [key], "managed": [server.managed_keys[provider]]}.get(want, [])
        refused = None if paid else want
        said = code(answer)[1] if answer.headers.get("x-ownkey-error-source") == "ownkey" else None
        payer = answer.headers.get("x-ownkey-payer")
        if used != paid or said != refused or payer != (want if paid else None):
            wrong.append((plan, policy, gate, want, answer.status_code, said, payer, used))
        if policy == "byok_only":
            assert server.managed_keys[provider] not in used
    assert wrong == []
    assert len(sim.calls(begun)) > 0

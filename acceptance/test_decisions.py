"""Who pays, for every combination of plan, policy, gate, key state, path and failure; the provider's log is the judge.

What is expected is written here from the contract, not taken from the gateway's own rule.
"""

import itertools
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

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
# A stored key and what becomes of a call on it: `sealed` can't be opened, `hang` never answers.
KEYS = ["none", "ok", "revoked", "noquota", "limited", "down", "overloaded", "noscope", "hang", "sealed"]
CASES = list(itertools.product(PROVIDERS, KEYS))
LIMITS = {"response_head_s": 1}


def expected(plan: str, policy: str, gate: str, key: str) -> str:
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
        if key != "none" and byok:
            return "key_sealed" if key == "sealed" else "byok"
        if key != "none" and plan != "lenient":
            return "plan_required"
        absent = "byok_required" if byok else "plan_required"
        if gate == "byok_only" or policy == "byok_only":
            return absent
    if managed is None:
        return absent
    if gate == "unknown":
        return "model_not_priced"
    return "insufficient_credits" if managed == "credits" else "managed"


@dataclass
class Walk:
    """A workspace that went through every plan, policy and gate with one key, and what it was told."""

    key: str
    wrong: list
    paid: Counter

    @classmethod
    def of(cls, server, sim, provider: str, state: str) -> "Walk":
        acme, walk = workspace(server, "both"), cls(provider_key(provider), [], Counter())
        if state != "none":
            acme.put_key(provider, walk.key, expect=201)
            _spoil(server, sim, acme, walk.key, state)
        for plan, policy in itertools.product(PLANS, POLICIES):
            change(server, acme, plan=plan)
            set_payer(acme, policy)
            for gate, models in MODELS.items():
                answer = acme.ask(provider, model=models[provider])
                walk.note((plan, policy, gate), expected(plan, policy, gate, state), answer, acme.receipt(answer))
        return walk

    def note(self, case: tuple, want: str, answer, receipt: dict):
        said = code(answer)[1] if answer.headers.get("x-ownkey-error-source") == "ownkey" else None
        payer = answer.headers.get("x-ownkey-payer")
        paid = want if want in ("byok", "managed") else None
        attempts = [attempt["payer"] for attempt in receipt["attempts"]]
        self.paid[paid] += 1
        if (said, payer, receipt["payer"], attempts) != (None if paid else want, paid, paid, [paid] if paid else []):
            self.wrong.append((*case, want, answer.status_code, said, payer, attempts))


def _spoil(server, sim, acme, key: str, state: str):
    if state == "sealed":
        # The secret is bound to its version: under another one it does not open.
        server.sql(f"UPDATE credentials SET secret_version = 99 WHERE workspace = {server.literal(acme.id)}")
    else:
        sim.set_key(key, state)


@pytest.fixture(scope="module")
def walks(tmp_path_factory, sim):
    """All of them at once, for on PostgreSQL a change of plan or policy takes a second."""
    server = Server(tmp_path_factory.mktemp("decisions"), sim, settings=SETTINGS, limits=LIMITS).start()
    begun = sim.now()
    with ThreadPoolExecutor(len(CASES)) as pool:
        walked = dict(zip(CASES, pool.map(lambda case: Walk.of(server, sim, *case), CASES)))
    seen = Counter(call["key"] for call in sim.calls(begun))
    yield walked, seen, server.managed_keys
    server.stop()


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_every_decision_and_who_paid(walks, case):
    walked, _, _ = walks
    assert walked[case].wrong == []
    assert walked[case].paid.total() == len(PLANS) * len(POLICIES) * len(MODELS)


def test_the_providers_saw_the_same(walks):
    """No call went out that was refused, twice, or on another's key. (The prompt of a test is one more.)"""
    walked, seen, managed = walks
    for (provider, state), walk in walked.items():
        tested = 0 if state == "none" else 1
        assert seen[walk.key] == walk.paid["byok"] + tested, (provider, state)
    for provider in PROVIDERS:
        ours = [walk.paid["managed"] for (at, _), walk in walked.items() if at == provider]
        assert seen[managed[provider]] == sum(ours) > 0

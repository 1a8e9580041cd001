"""Managed access in place of an own key that fails: only with consent, for the failures and up to the cap that it names."""

from decimal import Decimal

import pytest

from harness.products import code, grant, settings, workspace
from harness.server import Server
from harness.sim import PROVIDERS, provider_key

# What a key does, and the failure that it is.
FAILURES = {"limited": "rate_limited", "noquota": "quota_exhausted", "hang": "unavailable"}
# What is no failure of a key that another payer may make good: the provider's own trouble, and a key it refuses.
OTHERS = ["down", "overloaded", "revoked", "noscope"]


@pytest.fixture(scope="module")
def niyra(tmp_path_factory, sim):
    limits = {"response_head_s": 1}
    running = Server(tmp_path_factory.mktemp("fallback"), sim, settings=settings("niyra"), limits=limits).start()
    yield running
    running.stop()


def consent(acme, on, cap="5"):
    acme.api("PUT", f"{acme.path}/policy", {"payer": "byok_preferred", "fallback": {"on": on, "daily_cap_usd": cap}}, 200)


def acme_with(server, behaviour, credits=1_000):
    """A workspace with keys that came to that after they were stored."""
    acme = workspace(server, "pro")
    for provider in PROVIDERS:
        key = provider_key(provider)
        acme.put_key(provider, key, expect=201)
        server.sim.set_key(key, behaviour)
    if credits:
        grant(acme, credits)
    return acme


def balance(acme) -> Decimal:
    acme.receipts()
    return Decimal(acme.operator.get(f"{acme.path}/credits")["balance"])


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("behaviour", FAILURES)
def test_managed_access_steps_in_with_consent(niyra, sim, behaviour, provider, stream):
    acme = acme_with(niyra, behaviour)
    before = acme.ask(provider)
    assert before.headers["x-ownkey-payer"] == "byok" and before.status_code >= 400
    consent(acme, [FAILURES[behaviour]])
    since = sim.now()
    answer = acme.ask(provider, stream=stream)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-ownkey-payer"] == "managed" and "x-ownkey-credential" not in answer.headers
    assert answer.headers["x-ownkey-fallback"] == FAILURES[behaviour]
    assert [call["key"] == niyra.managed_keys.get(provider) for call in sim.calls(since)] == [False, True]
    receipt = acme.receipt(answer)
    first, second = receipt["attempts"]
    assert (first["payer"], first["outcome"], first["status"]) == ("byok", "failed", {"limited": 429, "noquota": before.status_code}.get(behaviour))
    # Nobody knows what a provider bills for that gave no status.
    assert first["cost_usd"] == (None if behaviour == "hang" else "0")
    assert (second["payer"], second["status"], second["outcome"]) == ("managed", 200, "complete")
    # What it met, and by whose leave the other stepped in.
    assert first["error"] == "provider_" + FAILURES[behaviour] and first["duration_ms"] >= (900 if behaviour == "hang" else 0)
    assert second["consent"] == {"after": FAILURES[behaviour], "daily_cap_usd": "5"} and second["duration_ms"] is not None
    assert (receipt["payer"], receipt["outcome"]) == ("managed", "complete")
    assert Decimal(receipt["credits"]) > 0 and balance(acme) == 1_000 - Decimal(receipt["credits"])


@pytest.mark.parametrize("behaviour", [*FAILURES, *OTHERS])
def test_without_consent_a_call_fails_as_it_does(niyra, sim, behaviour):
    acme = acme_with(niyra, behaviour)
    for on in ([], [name for word, name in FAILURES.items() if word != behaviour]):
        consent(acme, on)
        since = sim.now()
        answer = acme.ask("openai")
        assert answer.status_code >= 400 and answer.headers["x-ownkey-payer"] == "byok"
        assert "x-ownkey-fallback" not in answer.headers
        assert [call["key"] != niyra.managed_keys.get("openai") for call in sim.calls(since)] == [True]
    assert balance(acme) == 1_000


def test_a_caller_may_want_none(niyra):
    acme = acme_with(niyra, "limited")
    consent(acme, list(FAILURES.values()))
    answer = acme.ask("openai", headers={"x-ownkey-fallback": "never"})
    assert code(answer) == (429, "provider_rate_limited") and answer.headers["x-ownkey-payer"] == "byok"
    assert code(acme.ask("openai", headers={"x-ownkey-fallback": "always"})) == (400, "bad_request")
    assert acme.ask("openai").headers["x-ownkey-fallback"] == "rate_limited"


def test_the_cap_of_a_day_is_kept(niyra, sim):
    acme = acme_with(niyra, "limited")
    consent(acme, ["rate_limited"], cap="0.001")
    spent, answers = Decimal(0), []
    for _ in range(60):
        answer = acme.ask("openai", max_tokens=500)
        answers.append(answer.headers["x-ownkey-payer"])
        if answer.status_code == 200:
            spent += Decimal(acme.receipt(answer)["cost_usd"])
        else:
            # The failure of the own key is told, not that nobody steps in.
            assert code(answer) == (429, "provider_rate_limited"), answer.text
    assert set(answers) == {"byok", "managed"} and answers == sorted(answers, reverse=True)
    assert 0 < spent <= Decimal("0.001")
    why = acme.receipt(answer)["attempts"][-1]["not_followed"]
    assert "a day in place of the own key" in why and "used or held" in why


@pytest.mark.parametrize("why", ["no credits", "byok_only", "not priced", "cannot be carried"])
def test_where_nobody_can_step_in_the_failure_is_told(niyra, sim, why):
    acme = acme_with(niyra, "limited", credits=0 if why == "no credits" else 1_000)
    consent(acme, ["rate_limited"])
    more = {}
    if why == "byok_only":
        acme.api("PUT", f"{acme.path}/policy", {"payer": "byok_only", "fallback": {"on": ["rate_limited"], "daily_cap_usd": "5"}}, 200)
    if why == "not priced":
        more = {"model": "gpt-nobody-knows"}
    if why == "cannot be carried":
        more = {"tools": [{"type": "nobody_knows"}]}
    since = sim.now()
    answer = acme.ask("openai", **more)
    assert code(answer) == (429, "provider_rate_limited") and answer.headers["x-ownkey-payer"] == "byok"
    assert "x-ownkey-fallback" not in answer.headers
    assert [call["key"] == niyra.managed_keys.get("openai") for call in sim.calls(since)] == [False]
    receipt = acme.receipt(answer)
    assert (receipt["payer"], receipt["credits"], len(receipt["attempts"])) == ("byok", "0", 1)
    why_not = receipt["attempts"][0]["not_followed"]
    assert ("Add credits" in why_not) if why == "no credits" else why_not is None or len(why_not) > 20
    told = niyra.run("ledger", "check", "--config", niyra.folder / "ownkey.toml")
    assert told.returncode == 0 and "0 open holds" in told.stdout


@pytest.mark.parametrize("why", ["the cap", "no credits"])
def test_a_call_that_nobody_could_save_costs_no_credits(niyra, why):
    """Also if something was held for the own key: by a budget that counts it."""
    acme = acme_with(niyra, "hang", credits=1_000 if why == "the cap" else 0)
    consent(acme, ["unavailable"], cap="0.00001" if why == "the cap" else "5")
    body = {"scope": "workspace", "payer": "any", "period": "day", "limit_usd": "5", "action": "notify"}
    acme.operator("PUT", f"{acme.path}/budgets/told", body)
    before = balance(acme)
    answer = acme.ask("anthropic", "x" * 40_000)
    assert code(answer) == (504, "provider_unavailable") and answer.headers["x-ownkey-credits"] == "0"
    assert acme.receipt(answer)["credits"] == "0" and balance(acme) == before


def test_budgets_count_the_payer_who_paid(niyra):
    acme = acme_with(niyra, "limited")
    consent(acme, ["rate_limited"])
    for payer in ("byok", "managed", "any"):
        body = {"scope": "workspace", "payer": payer, "period": "day", "limit_usd": "1", "action": "block"}
        acme.operator("PUT", f"{acme.path}/budgets/{payer}", body)
    cost = Decimal(acme.receipt(acme.ask("openai"))["cost_usd"])
    acme.receipts()
    used = {b["id"]: Decimal(b["used_usd"]) for b in acme.operator.get(f"{acme.path}/budgets")["data"]}
    assert cost > 0 and used == {"byok": 0, "managed": cost, "any": cost}


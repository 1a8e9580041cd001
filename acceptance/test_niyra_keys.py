"""Niyra, sentence by sentence: what happens when a key is pasted, and its page's troubleshooting."""

import json

import pytest

from harness.api import PATHS
from harness.errors import assert_problem
from harness.products import code, settings, workspace
from harness.server import Server
from harness.sim import PROVIDERS, provider_key

each_provider = pytest.mark.parametrize("provider", PROVIDERS)
# "Anthropic keys start with `sk-ant-`, OpenAI keys with `sk-proj-` or `sk-`."
STARTS = {"anthropic": ["sk-ant-"], "openai": ["sk-proj-", "sk-"]}


@pytest.fixture(scope="module")
def niyra(tmp_path_factory, sim):
    running = Server(tmp_path_factory.mktemp("niyra"), sim, settings=settings("niyra")).start()
    yield running
    running.stop()


@pytest.fixture
def acme(niyra):
    return workspace(niyra, "pro")


def other_than(provider: str) -> str:
    return next(name for name in PROVIDERS if name != provider)


def explained(verdict: dict, word: str) -> dict:
    """The verdict of that word, in plain words: a title, a cause, one thing to do."""
    assert verdict["verdict"] == word, verdict
    assert verdict["title"] and verdict["cause"].endswith(".") and verdict["action"]["label"]
    assert verdict["action"]["url"] is None or verdict["action"]["url"].startswith("https://")
    return verdict


def refused(answer, word: str) -> dict:
    """What a refused paste is told."""
    return explained(assert_problem(answer, 422, word)["verdict"], word)


@each_provider
def test_niyra_n4_a_pasted_key_is_validated_at_once_and_used_from_the_next_message(acme, sim, provider):
    key, since = provider_key(provider), sim.now()
    saved = acme.put_key(provider, key, expect=201).json()
    assert (saved["state"], saved["verdict"]["verdict"]) == ("active", "valid") and saved["last_tested_at"]
    # "Sends a single test prompt": a short one, on the new key, beside a look at the list of models.
    assert [(entry["method"], entry["key"]) for entry in sim.log(since)] == [("GET", key), ("POST", key)]
    [prompt] = sim.calls(since)
    body = json.loads(prompt["body"])
    assert prompt["path"].endswith(PATHS[provider]) and prompt["status"] == 200
    assert body["messages"] == [{"role": "user", "content": "ping"}]
    assert body.get("max_completion_tokens", body.get("max_tokens")) == 16
    # "Routes through your key on the next message", and the test was no message: it has no receipt.
    since = sim.now()
    answer = acme.ask(provider)
    assert answer.status_code == 200 and answer.headers["x-ownkey-credential"] == saved["credential"]
    assert [call["key"] for call in sim.calls(since)] == [key]
    assert len(acme.receipts()) == 1


@each_provider
def test_niyra_n4_a_bad_paste_is_told_and_the_old_key_stays(acme, sim, provider):
    key = provider_key(provider)
    credential = acme.put_key(provider, key, expect=201).json()["credential"]
    for bad, word, asked in (
        (provider_key(provider, "revoked"), "invalid", True),
        (provider_key(other_than(provider)), "wrong_provider", False),
        ("sk-too-short", "malformed", False),
        ("", "malformed", False),
        (f"{key} {key}", "malformed", False),
    ):
        since = sim.now()
        refused(acme.put_key(provider, bad), word)
        assert bool(sim.log(since)) == asked, "what can't be a key is not sent"
        shown = acme.provider_keys()[provider]
        assert (shown["credential"], shown["state"]) == (credential, "active"), word
        since = sim.now()
        assert acme.ask(provider).status_code == 200
        assert [call["key"] for call in sim.calls(since)] == [key]


@each_provider
def test_niyra_n11_key_invalid_pasted_with_quotes(acme, sim, provider):
    for before, after in (('"', '"'), ("'", "'"), ("`", "`"), ("“", "”"), (' "', '"\n'), ("", "\r\n")):
        key = provider_key(provider)
        saved = acme.put_key(provider, f"{before}{key}{after}").json()
        assert saved["verdict"]["verdict"] == "valid" and saved["hint"].endswith(key[-4:])
        since = sim.now()
        assert acme.ask(provider).status_code == 200
        assert [call["key"] for call in sim.calls(since)] == [key]


@each_provider
def test_niyra_n11_key_invalid_by_its_start_or_unknown(acme, sim, provider):
    wrong = refused(acme.put_key(provider, provider_key(other_than(provider))), "wrong_provider")
    assert all(start in wrong["cause"] for start in STARTS[provider])
    # A start that nobody uses is no proof against a key; the provider's word is.
    unknown = refused(acme.put_key(provider, provider_key(provider, "revoked")), "invalid")
    assert unknown["action"]["label"].startswith("Create a new key at") and unknown["action"]["url"] == keys_url(acme, provider)
    assert acme.provider_keys()[provider]["state"] == "none"


def keys_url(acme, provider: str) -> str:
    return next(entry["keys_url"] for entry in acme.api.get("/providers")["data"] if entry["id"] == provider)


# Word of the simulator, verdict on a paste, code of a call, words of what to do.
MONEY_AND_LIMITS = [
    ("limited", "rate_limited", "provider_rate_limited", "Test again"),
    ("noquota", "quota_exhausted", "provider_quota_exhausted", "billing"),
]


@each_provider
@pytest.mark.parametrize(("trouble", "verdict", "error", "advice"), MONEY_AND_LIMITS)
def test_niyra_n11_rate_limited_and_quota_exhausted(acme, sim, provider, trouble, verdict, error, advice):
    key = provider_key(provider, trouble)
    # An authentic key is stored, and told what is the matter with its account.
    saved = acme.put_key(provider, key, expect=201).json()
    told = explained(saved["verdict"], verdict)
    assert saved["state"] == "active" and advice in told["action"]["label"]
    # What is done on the page needs no address elsewhere.
    assert bool(told["action"]["url"]) == (verdict == "quota_exhausted")
    # A call meets the same: the provider's own answer, with our word for it; nobody else pays.
    since = sim.now()
    answer = acme.ask(provider)
    assert answer.headers["x-ownkey-error"] == error and answer.headers["x-ownkey-error-source"] == "provider"
    assert answer.headers["x-ownkey-payer"] == "byok" and answer.json()["error"]["message"]
    assert {call["key"] for call in sim.calls(since)} == {key}
    # Waiting mends a limit, not an empty account.
    if trouble == "noquota":
        assert answer.headers["x-should-retry"] == "false"
    else:
        assert answer.status_code == 429 and "x-should-retry" not in answer.headers
    # "Wait or upgrade", "top up": then the same key works.
    sim.set_key(key, "ok")
    assert acme.ask(provider).status_code == 200
    tested = acme.api("POST", f"{acme.path}/provider-keys/{provider}/test", {}, 200).json()
    assert tested["verdict"]["verdict"] == "valid"


def test_niyra_n11_apex_does_not_appear(niyra, acme):
    acme.put_key("anthropic", provider_key("anthropic"), expect=201)
    shown = next(model for model in acme.api.get("/models")["data"] if model["id"] == "apex")
    words = "Apex is alpha-gated. Email hi@niyra.ai for access."
    assert shown["usable"] is False and shown["reason"] == {"code": "model_gated", "message": words}
    answer = acme.ask("anthropic", model="apex")
    assert code(answer) == (403, "model_gated") and words in answer.json()["error"]["message"]
    assert answer.headers["x-should-retry"] == "false"

"""Provider keys that are wrong, and what is stored then."""

import pytest

from harness.errors import assert_problem
from harness.sim import PROVIDERS, provider_key

each_provider = pytest.mark.parametrize("provider", PROVIDERS)
OTHER = {"openai": "anthropic", "anthropic": "openai"}
ADMIN = {"openai": "sk-admin-0123456789abcdef0123456789abcdef", "anthropic": "sk-ant-admin01-0123456789abcdef0123456789"}

MALFORMED = {
    "empty": lambda key: "",
    "white_space": lambda key: " \t\n ",
    "only_quotes": lambda key: '""',
    "short": lambda key: key[:12],
    "inner_space": lambda key: key[:20] + " " + key[20:],
    "inner_newline": lambda key: key[:20] + "\n" + key[20:],
    "inner_nul": lambda key: key[:20] + "\0" + key[20:],
    "not_ascii": lambda key: key[:20] + "ü" + key[20:],
    "invisible": lambda key: key[:20] + "\u200b" + key[20:],
}
WRAPPED = {
    "quoted": lambda key: f'"{key}"',
    "single_quoted": lambda key: f"'{key}'",
    "newline_behind": lambda key: f"{key}\n",
    "all_of_it": lambda key: f' \t"{key}"\r\n ',
}


def assert_refused(sim, workspace, provider, key, verdict):
    """Refused without a word to the provider; what was stored stays."""
    good = provider_key(provider)
    before = workspace.put_key(provider, good, expect=201).json()["credential"]
    since = sim.now()
    answer = workspace.put_key(provider, key)
    problem = assert_problem(answer, 422, verdict)
    assert problem["verdict"]["verdict"] == verdict
    assert problem["verdict"]["title"] and problem["verdict"]["cause"] and problem["verdict"]["action"]["label"]
    if len(key.strip()) > 12:
        assert key.strip() not in answer.text
    assert sim.log(since) == []
    entry = workspace.provider_keys()[provider]
    assert (entry["credential"], entry["state"]) == (before, "active")
    workspace.ask(provider)
    assert [call["key"] for call in sim.calls(since)] == [good]


@each_provider
@pytest.mark.parametrize("kind", MALFORMED)
def test_malformed(sim, workspace, provider, kind):
    assert_refused(sim, workspace, provider, MALFORMED[kind](provider_key(provider)), "malformed")


@each_provider
@pytest.mark.parametrize("kind", WRAPPED)
def test_quotes_and_white_space_are_taken_off(sim, workspace, provider, kind):
    key = provider_key(provider)
    workspace.put_key(provider, WRAPPED[kind](key), expect=201)
    since = sim.now()
    workspace.ask(provider)
    assert [call["key"] for call in sim.calls(since)] == [key]


def test_an_anthropic_key_for_openai(sim, workspace):
    assert_refused(sim, workspace, "openai", provider_key("anthropic"), "wrong_provider")


def test_an_openai_key_for_anthropic(sim, workspace):
    assert_refused(sim, workspace, "anthropic", provider_key("openai"), "wrong_provider")


@each_provider
def test_admin_key(sim, workspace, provider):
    assert_refused(sim, workspace, provider, ADMIN[provider], "wrong_kind")


@each_provider
def test_platform_key(sim, workspace, provider):
    assert_refused(sim, workspace, provider, workspace.secret, "wrong_kind")


def test_login_token(sim, workspace):
    assert_refused(sim, workspace, "anthropic", "sk-ant-oat01-0123456789abcdef0123456789abcdef", "wrong_kind")


@each_provider
def test_revoked_key_is_refused_and_the_old_one_stays(sim, workspace, provider):
    good = provider_key(provider)
    before = workspace.put_key(provider, good, expect=201).json()["credential"]
    problem = assert_problem(workspace.put_key(provider, provider_key(provider, "revoked")), 422, "invalid")
    assert problem["verdict"]["action"]["url"].startswith("https://")
    assert workspace.provider_keys()[provider]["credential"] == before
    since = sim.now()
    assert workspace.ask(provider).headers["x-ownkey-credential"] == before
    assert [call["key"] for call in sim.calls(since)] == [good]


@each_provider
def test_refusal_that_echoes_the_key(workspace, provider):
    key = provider_key(provider, "echo")
    answer = workspace.put_key(provider, key)
    assert answer.status_code == 422
    assert key[-12:] not in answer.text


STORED = [("noquota", "quota_exhausted"), ("limited", "rate_limited"), ("nomodels", ("valid", "valid_limited"))]


@each_provider
@pytest.mark.parametrize(("behaviour", "verdict"), STORED)
def test_authentic_keys_are_stored_whatever_else(workspace, provider, behaviour, verdict):
    saved = workspace.put_key(provider, provider_key(provider, behaviour), expect=201).json()
    expected = verdict if isinstance(verdict, tuple) else (verdict,)
    assert saved["verdict"]["verdict"] in expected
    assert saved["state"] != "none"


@each_provider
@pytest.mark.parametrize("behaviour", ["down", "overloaded"])
def test_while_the_provider_fails_a_key_is_stored_only_when_asked_for(workspace, provider, behaviour):
    key = provider_key(provider, behaviour)
    assert_problem(workspace.put_key(provider, key), 502, "provider_incident")
    assert workspace.provider_keys()[provider]["state"] == "none"
    saved = workspace.put_key(provider, key, expect=201, save_unverified=True).json()
    assert saved["verdict"]["verdict"] == "provider_incident"


@each_provider
def test_test_stores_nothing(sim, workspace, provider):
    answer = workspace.api("POST", f"{workspace.path}/provider-keys/{provider}/test", {"key": provider_key(provider)}, 200)
    assert answer.json()["verdict"]["verdict"] == "valid"
    assert workspace.provider_keys()[provider]["state"] == "none"


@each_provider
def test_validation_is_one_prompt_and_few_calls(sim, workspace, provider):
    since = sim.now()
    workspace.put_key(provider, provider_key(provider), expect=201)
    assert len(sim.log(since)) <= 5
    [prompt] = sim.calls(since)
    assert "ping" in prompt["body"]


def test_ten_tests_a_minute(workspace):
    path = f"{workspace.path}/provider-keys/openai/test"
    statuses = [workspace.api("POST", path, {"key": provider_key("openai")}).status_code for _ in range(11)]
    assert statuses == [200] * 10 + [429]


BODIES = {
    "empty": b"",
    "not_json": b"key=sk-proj",
    "array": b"[]",
    "no_key": b"{}",
    "key_is_a_number": b'{"key": 5}',
    "key_twice": b'{"key": "a", "key": "b"}',
    "unknown_member": b'{"key": "sk-proj-sim-ok-0123456789abcdef", "kye": 1}',
    "too_deep": b'{"key": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
}


@pytest.mark.parametrize("kind", BODIES)
def test_body(sim, workspace, kind):
    since = sim.now()
    path = f"{workspace.path}/provider-keys/openai"
    headers = {"content-type": "application/json"}
    answer = workspace.api.http.request("PUT", path, content=BODIES[kind], headers=headers)
    assert_problem(answer, 400, "bad_request")
    assert "0123456789abcdef" not in answer.text
    assert sim.log(since) == [] and workspace.provider_keys()["openai"]["state"] == "none"

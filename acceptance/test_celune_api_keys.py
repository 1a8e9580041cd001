"""Celune, sentence by sentence: "API Keys — Celune platform API keys for MCP, CI/CD, and integrations." (MCP and the CI files: `test_mcp.py`, `test_command_line.py`.)"""

from datetime import UTC, datetime, timedelta

import pytest

from harness.errors import assert_error, assert_problem
from harness.process import wait_for
from harness.products import settings, workspace
from harness.sdk_python import client
from harness.server import Server
from harness.sim import PROVIDERS, provider_key

each_provider = pytest.mark.parametrize("provider", PROVIDERS)


@pytest.fixture(scope="module")
def celune(tmp_path_factory, sim):
    running = Server(tmp_path_factory.mktemp("celune"), sim, settings=settings("celune")).start()
    yield running
    running.stop()


@pytest.fixture
def acme(celune):
    made = workspace(celune, "team")
    for provider in PROVIDERS:
        made.put_key(provider, provider_key(provider), expect=201)
    return made


def new_key(acme, name: str, scopes: list[str], expect=201, **more) -> dict:
    return acme.api("POST", f"{acme.path}/api-keys", {"name": name, "scopes": scopes, **more}, expect).json()


def shown(acme, key: dict) -> dict:
    return acme.api.get(f"{acme.path}/api-keys/{key['id']}")


def as_holder(acme, key: dict):
    """The management API as a program calls it that has nothing but this key."""
    return type(acme.api)(acme.url, key["secret"])


def time_of(text: str) -> datetime:
    return datetime.fromisoformat(text)


@each_provider
def test_celune_c11_a_pipeline_calls_models_with_a_key_of_its_own(acme, provider):
    ci = new_key(acme, "CI", ["inference"], expires_at="2040-01-01T00:00:00Z")
    # The text is shown now and never again; what is shown later tells keys apart.
    kept = shown(acme, ci)
    assert "secret" not in kept and ci["secret"] not in str(acme.api.get(f"{acme.path}/api-keys"))
    assert ci["secret"].startswith(kept["hint"].rstrip("…")) and kept["name"] == "CI" and kept["scopes"] == ["inference"]
    assert (time_of(kept["expires_at"]), kept["last_used_at"]) == (datetime(2040, 1, 1, tzinfo=UTC), None)
    # The pipeline knows an address and that key, and uses the SDK that it has.
    url, before = acme.url + ("/v1" if provider == "openai" else ""), datetime.now(UTC)
    with client(provider, url, ci["secret"], 0) as sdk:
        hello = [{"role": "user", "content": "Hello"}]
        if provider == "openai":
            assert sdk.chat.completions.create(model="gpt-4o-mini", messages=hello).choices[0].message.content
        else:
            assert sdk.messages.create(model="claude-haiku-4-5", max_tokens=64, messages=hello).content[0].text
    # The owner sees when it was last used, and what by it.
    used = wait_for(lambda: shown(acme, ci)["last_used_at"], "the key's use is told")
    assert before - timedelta(seconds=1) <= time_of(used) <= datetime.now(UTC) + timedelta(seconds=1)
    [receipt] = acme.receipts()
    assert (receipt["api_key"], receipt["payer"]) == (ci["id"], "byok")
    [row] = acme.usage(group_by="api_key")["data"]
    assert (row["key"], row["calls"]) == (ci["id"], 1)


# What each scope opens, with the answer of one who has it.
DOORS = {
    "providers:read": ("GET", "/provider-keys", None, 200),
    "providers:write": ("DELETE", "/provider-keys/openai", None, 204),
    "policy:write": ("PUT", "/policy", {"payer": "byok_only"}, 200),
    "usage:read": ("GET", "/usage", None, 200),
    "audit:read": ("GET", "/audit", None, 200),
    "agents:write": ("PUT", "/agents/lead", {"model": "gpt-4o"}, 201),
    "keys:write": ("POST", "/api-keys", {"name": "x", "scopes": ["keys:write"]}, 201),
}


# Who may change keys sees them.
IMPLIED = {"providers:write": "providers:read"}


@pytest.mark.parametrize("scope", ["inference", *DOORS])
def test_celune_c11_an_integration_may_do_what_its_scopes_say_and_no_more(celune, acme, scope):
    key = celune.operator("POST", f"{acme.path}/api-keys", {"name": scope, "scopes": [scope]}, 201).json()
    api = as_holder(acme, key)
    for name, (method, path, body, good) in DOORS.items():
        answer = api(method, acme.path + path, body)
        if name in (scope, IMPLIED.get(scope)):
            assert answer.status_code == good, answer.text
        else:
            assert_problem(answer, 403, "forbidden")
            assert name in answer.json()["detail"], "it says which scope is missing"
    answer = acme.ask("anthropic", secret=key["secret"])
    if scope == "inference":
        assert answer.status_code == 200
    else:
        assert_error(answer, "anthropic", 403, "forbidden")


def test_celune_c11_a_key_that_expires_stops(acme, sim):
    # Whole milliseconds, as moments are stored: a finer one would end up to a millisecond before it was due.
    soon = (datetime.now(UTC) + timedelta(seconds=2)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    ci = new_key(acme, "for one run", ["inference", "usage:read"], expires_at=soon)
    assert acme.ask("openai", secret=ci["secret"]).status_code == 200
    wait_for(lambda: acme.ask("openai", secret=ci["secret"]).status_code == 401, "the key has expired")
    assert datetime.now(UTC) >= time_of(soon)
    since = sim.now()
    for provider in PROVIDERS:
        assert_error(acme.ask(provider, secret=ci["secret"]), provider, 401, "unauthorized")
    assert_problem(as_holder(acme, ci)("GET", f"{acme.path}/usage"), 401, "unauthorized")
    assert sim.log(since) == []
    # It is still listed, as what it was.
    assert shown(acme, ci)["revoked_at"] is None
    gone = acme.api("POST", f"{acme.path}/api-keys", {"name": "late", "scopes": ["inference"], "expires_at": "2020-01-01T00:00:00Z"})
    assert gone.status_code == 400, "a key that is no use to anybody is not made"


def test_celune_c11_revoking_one_key_leaves_the_others(acme, sim):
    ci, cms = new_key(acme, "CI", ["inference"]), new_key(acme, "CMS", ["inference"])
    assert all(acme.ask("openai", secret=key["secret"]).status_code == 200 for key in (ci, cms))
    acme.api("DELETE", f"{acme.path}/api-keys/{ci['id']}", expect=204)
    since = sim.now()
    assert_error(acme.ask("openai", secret=ci["secret"]), "openai", 401, "unauthorized")
    assert sim.log(since) == []
    assert acme.ask("openai", secret=cms["secret"]).status_code == 200
    assert shown(acme, ci)["revoked_at"] and not shown(acme, cms)["revoked_at"]
    # Who made and who ended it stands in the audit log.
    acts = [event["action"] for event in acme.api.all(f"{acme.path}/audit") if event["object"] == ci["id"]]
    assert sorted(acts) == ["api_key.create", "api_key.revoke"]

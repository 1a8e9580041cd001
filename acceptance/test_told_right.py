"""What answers say beside their bodies: which code, whether a retry helps, where the time went, what is refused first."""

import re
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.api import ask_at_length, ask_in_halves
from harness.errors import REQUEST_ID
from harness.process import wait_for
from harness.products import code
from harness.scenarios import TOO_LARGE
from harness.server import Server
from harness.sim import PROVIDERS, provider_key

each_provider = pytest.mark.parametrize("provider", PROVIDERS)


def with_keys(workspace):
    for provider in PROVIDERS:
        workspace.put_key(provider, provider_key(provider), expect=201)
    return workspace


# By error of a provider's: the code, and whether a retry may help.
TOLD = {
    "openai.auth.invalid_api_key": ("provider_key_invalid", False),
    "openai.perm.missing_scope_admin": ("provider_key_invalid", False),
    "openai.edge.unsupported_country": ("provider_key_invalid", False),
    "openai.perm.model_not_found": ("model_not_found", False),
    "openai.quota.insufficient_quota": ("provider_quota_exhausted", False),
    "openai.quota.billing_hard_limit": ("provider_quota_exhausted", False),
    "openai.rate.requests": ("provider_rate_limited", True),
    "openai.rate.request_too_large": ("provider_rate_limited", False),
    "openai.rate.slow_down": ("provider_rate_limited", True),
    "openai.rate.slow_down_503": ("provider_unavailable", True),
    "openai.incident.server_error": ("provider_unavailable", True),
    "openai.incident.request_timeout": ("provider_unavailable", True),
    "openai.request.unsupported_value": ("bad_request", False),
    "openai.audio.too_large": ("request_too_large", False),
    "anthropic.auth.invalid_x_api_key": ("provider_key_invalid", False),
    "anthropic.edge.region_forbidden": ("provider_key_invalid", False),
    "anthropic.billing.credit_too_low": ("provider_quota_exhausted", False),
    "anthropic.rate.requests_per_minute": ("provider_rate_limited", True),
    "anthropic.rate.long_context_entitlement": ("provider_rate_limited", False),
    "anthropic.incident.overloaded": ("provider_unavailable", True),
    "anthropic.incident.retryable_conflict": ("bad_request", True),
    "anthropic.request.too_large": ("request_too_large", False),
    "anthropic.request.field_required": ("bad_request", False),
}


@pytest.mark.parametrize("error", TOLD)
def test_a_providers_error_is_told_by_its_status_and_cause(workspace, error):
    answer = with_keys(workspace).ask(error.split(".")[0], f"[[sim:error id={error}]]")
    told, may_help = TOLD[error]
    assert answer.headers["x-ownkey-error"] == told, answer.text
    assert (answer.headers.get("x-should-retry") != "false") == may_help


@each_provider
def test_sdks_show_an_id_that_leads_to_the_receipt(workspace, provider):
    """On managed access Ownkey's, since the provider's is the operator's; on the own key the provider's."""
    answer = workspace.ask(provider)
    assert answer.headers[REQUEST_ID[provider]] == answer.headers["x-ownkey-request-id"]
    answer = with_keys(workspace).ask(provider)
    assert answer.headers[REQUEST_ID[provider]] != answer.headers["x-ownkey-request-id"]


@each_provider
def test_a_provider_that_advises_a_retry_is_believed_where_one_can_help(workspace, provider):
    advised = "[[sim:should_retry value=true]]"
    with_keys(workspace)
    assert workspace.ask(provider, f"[[sim:status code=400]]{advised}").headers["x-should-retry"] == "true"
    hopeless = workspace.ask(provider, f"[[sim:error id={TOO_LARGE[provider]}]]{advised}")
    assert hopeless.headers["x-should-retry"] == "false"


def test_a_managed_call_too_large_for_any_limit_is_told_so(workspace):
    answer = workspace.ask("openai", f"[[sim:error id={TOO_LARGE['openai']}]]")
    assert code(answer) == (429, "provider_rate_limited") and answer.headers["x-should-retry"] == "false"
    message = answer.json()["error"]["message"]
    assert "smaller" in message and "Try again" not in message
    answer = workspace.ask("anthropic", f"[[sim:error id={TOO_LARGE['anthropic']}]]")
    assert code(answer) == (502, "managed_unavailable") and answer.headers["x-should-retry"] == "false"


@each_provider
def test_the_providers_own_timing_stays(workspace, provider):
    answer = with_keys(workspace).ask(provider, "Hello [[sim:server_timing]]")
    assert answer.headers.get_list("server-timing")[0] == "provider;dur=1"
    assert "ownkey;dur=" in answer.headers["server-timing"]


def test_a_callers_own_slowness_is_no_time_spent_here(workspace):
    slow_ms = 1_000
    answer = ask_in_halves(workspace, "openai", lambda: time.sleep(slow_ms / 1_000))
    assert answer.status_code == 200
    own = float(re.search(r"ownkey;dur=([0-9.]+)", answer.headers["server-timing"]).group(1))
    assert own < slow_ms / 2 and workspace.receipt(answer)["timing_ms"]["own"] < slow_ms / 2


def test_a_key_that_does_not_open_is_told_before_a_limit_and_takes_nothing_of_it(new_server, tmp_path):
    server = new_server(database=f"sqlite://{tmp_path / 'own.db'}").start()
    workspace = with_keys(server.operator.create_workspace())
    body = {"name": "slow", "scopes": ["inference"], "requests_per_minute": 1}
    secret = workspace.operator("POST", f"{workspace.path}/api-keys", body, 201).json()["secret"]
    server.stop()
    with sqlite3.connect(tmp_path / "own.db") as database:
        [(sealed,)] = database.execute("SELECT sealed FROM credentials WHERE provider = 'openai'").fetchall()
        damaged = sealed[:-1] + bytes([sealed[-1] ^ 1])
        database.execute("UPDATE credentials SET sealed = ? WHERE provider = 'openai'", (damaged,))
    server.start()
    sealed = [code(workspace.ask("openai", secret=secret)) for _ in range(3)]
    assert sealed == [(503, "key_sealed")] * 3
    assert workspace.ask("anthropic", secret=secret).status_code == 200
    assert code(workspace.ask("anthropic", secret=secret)) == (429, "rate_limited")
    assert code(workspace.ask("openai", secret=secret)) == (503, "key_sealed")


def test_being_refused_for_what_has_no_price_takes_a_call_of_the_quota(workspace):
    """Its body was looked through. What it is told first stays the same."""
    body = {"name": "slow", "scopes": ["inference"], "requests_per_minute": 3}
    secret = workspace.operator("POST", f"{workspace.path}/api-keys", body, 201).json()["secret"]
    refused = lambda: workspace.ask("openai", secret=secret, web_search_options={})  # noqa: E731
    for left in ("2", "1", "0"):
        answer = refused()
        assert code(answer) == (403, "feature_not_priced")
        assert answer.headers["x-ratelimit-remaining-requests"] == left
    assert code(workspace.ask("openai", secret=secret)) == (429, "rate_limited")
    assert code(refused()) == (403, "feature_not_priced")


def test_an_edited_body_is_in_memory_once(tmp_path, sim):
    """Every stream is asked for its usage, which is written into the body."""
    size, number = 8 << 20, 6
    server = Server(tmp_path / "memory", sim).start()
    workspace = with_keys(server.operator.create_workspace())
    wait_for(lambda: sim.stats()["open"] == 0, "nothing else is going on")
    idle = server.process.rss_kib()
    slow = "[[sim:slow_head ms=10000]]"
    with ThreadPoolExecutor(number) as pool:
        asked = [pool.submit(ask_at_length, workspace, "openai", slow, size, stream=True) for _ in range(number)]
        wait_for(lambda: sim.stats()["open"] == number, "all bodies are in memory", 30)
        held = lambda: (server.process.rss_kib() - idle) << 10  # noqa: E731
        # What they have outgrown while they came goes back to the system within a second or two.
        wait_for(lambda: held() < 1.3 * size * number, "each body is in memory once", 6)
        assert [answer.result(60).status_code for answer in asked] == [200] * number
    server.stop()

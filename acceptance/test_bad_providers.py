"""Providers that fail: unreachable, slow, endless, nonsense. The caller is told; nothing hangs, nothing is lost. What breaks
off is in `test_fault_table.py`, for every path."""

import asyncio
import json
import time

import httpx
import pytest

from harness.api import LOCAL, MODELS, PATHS, call_body, call_headers, read_what_comes
from harness.errors import assert_ends_in_error_event, assert_error
from harness.load import Plan, call
from harness.process import wait_for
from harness.server import Server
from harness.sim import PROVIDERS, header, provider_key

each_provider = pytest.mark.parametrize("provider", PROVIDERS)
LIMITS = {"response_head_s": 1, "stream_idle_s": 1, "call_s": 3, "connect_s": 1}


@pytest.fixture(scope="module")
def hasty(tmp_path_factory, sim):
    """A server with little patience, and a workspace with own keys."""
    server = Server(tmp_path_factory.mktemp("hasty"), sim, limits=LIMITS).start()
    workspace = server.operator.create_workspace()
    for provider in PROVIDERS:
        workspace.put_key(provider, provider_key(provider), expect=201)
    workspace.server = server
    yield workspace
    assert server.metrics()["ownkey_calls_open"] == 0
    server.stop()


def streamed(workspace, provider, prompt) -> tuple[httpx.Response | None, str, str | None]:
    """The head, all text that came, and how the connection broke."""
    body = json.dumps(call_body(provider, prompt, stream=True)).encode()
    seen = read_what_comes(workspace.url, provider, body, workspace.secret)
    return seen.head, seen.text, seen.broken


def last_receipt(workspace) -> dict:
    return workspace.receipts()[0]


@pytest.fixture(scope="module")
def nowhere(tmp_path_factory, sim):
    """A server whose providers' port is closed."""
    server = Server(tmp_path_factory.mktemp("nowhere"), None, limits=LIMITS).start()
    workspace = server.operator.create_workspace()
    for provider in PROVIDERS:
        workspace.put_key(provider, provider_key(provider), expect=201, save_unverified=True)
    yield workspace
    server.stop()


@each_provider
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
def test_unreachable(nowhere, provider, stream):
    answer = nowhere.ask(provider, **({"stream": True} if stream else {}))
    assert_error(answer, provider, 502, "provider_unavailable", "provider")
    receipt = nowhere.receipt(answer)
    assert receipt["outcome"] == "failed" and receipt["attempts"][0]["status"] is None


@each_provider
def test_unreachable_key_is_stored_only_when_asked_for(nowhere, provider):
    fresh = nowhere.operator.create_workspace()
    refused = fresh.put_key(provider, provider_key(provider))
    assert refused.status_code == 502 and refused.json()["code"] == "unreachable"
    assert fresh.provider_keys()[provider]["state"] == "none"
    fresh.put_key(provider, provider_key(provider), expect=201, save_unverified=True)


@each_provider
def test_slow_head(hasty, sim, provider):
    since, begun = sim.now(), time.monotonic()
    answer = hasty.ask(provider, "Hello [[sim:slow_head ms=8000]]")
    assert time.monotonic() - begun < 4
    assert_error(answer, provider, 504, "provider_unavailable", "provider")
    assert hasty.receipt(answer)["outcome"] == "failed"
    # The provider is not left to answer nobody.
    wait_for(lambda: sim.stats()["open"] == 0, "the call at the provider is cancelled", 3)
    assert sim.calls(since)[0]["outcome"] == "cancelled"


@each_provider
def test_head_that_comes_in_time(hasty, provider):
    assert hasty.ask(provider, "Hello [[sim:slow_head ms=300]]").status_code == 200


@each_provider
def test_stream_that_hangs(hasty, sim, provider):
    answer, text, _ = streamed(hasty, provider, "Hello [[sim:hang after=3]]")
    assert answer.status_code == 200
    assert_ends_in_error_event(provider, text)
    assert last_receipt(hasty)["outcome"] == "failed"
    wait_for(lambda: sim.stats()["open"] == 0, "the hanging call is cancelled", 3)


@each_provider
def test_endless_stream_ends_at_the_bound_of_a_call(hasty, sim, provider):
    begun = time.monotonic()
    answer, text, _ = streamed(hasty, provider, "Hello [[sim:endless]]")
    assert answer.status_code == 200 and 2 < time.monotonic() - begun < 8
    assert_ends_in_error_event(provider, text)
    wait_for(lambda: sim.stats()["open"] == 0, "the endless call is cancelled", 3)


@each_provider
def test_endless_stream_ends_with_its_caller(hasty, sim, provider):
    since = sim.now()
    plan = Plan(provider, "Hello [[sim:endless]]", leave_at=3000)
    result = asyncio.run(call(plan, hasty.url, hasty.secret))
    assert result.left
    wait_for(lambda: sim.stats()["open"] == 0, "the endless call is cancelled", 2)
    assert sim.calls(since)[0]["outcome"] == "cancelled"
    receipt = wait_for(
        lambda: next((r for r in hasty.receipts() if r["client_request_id"] == plan.id), None), "the receipt"
    )
    assert receipt["outcome"] == "cancelled" and receipt["measured"] != "measured"


@each_provider
def test_invalid_bytes_pass_as_they_are(hasty, provider):
    answer, text, broken = streamed(hasty, provider, "Hello [[sim:invalid_utf8]]")
    assert answer.status_code == 200 and broken is None
    assert "\ufffd" in text
    assert last_receipt(hasty)["outcome"] == "complete"


@each_provider
@pytest.mark.parametrize("payer", ["byok", "managed"])
@pytest.mark.parametrize(("code", "stream"), [(200, False), (204, False), (204, True)], ids=["200", "204", "204-streamed"])
def test_an_answer_of_nothing_is_passed_on_and_has_a_receipt(hasty, sim, provider, payer, stream, code):
    caller, since = hasty if payer == "byok" else hasty.operator.create_workspace(), sim.now()
    answer = caller.ask(provider, f"[[sim:status code={code}]]", **({"stream": True} if stream else {}))
    assert (answer.status_code, answer.content) == (code, b"")
    assert answer.headers["x-ownkey-payer"] == payer
    receipt, [call] = caller.receipt(answer), sim.calls(since)
    assert (receipt["status"], receipt["outcome"], receipt["payer"]) == (code, "complete", payer)
    # Nobody said what it cost.
    assert receipt["measured"] != "measured"
    [attempt] = receipt["attempts"]
    assert (attempt["status"], attempt["outcome"], attempt["provider_request_id"]) == (code, "complete", call["id"])


@each_provider
def test_missing_usage_is_unknown_and_not_zero(hasty, provider):
    answer = hasty.ask(provider, "Hello [[sim:no_usage]]")
    assert answer.status_code == 200
    receipt = hasty.receipt(answer)
    assert receipt["measured"] != "measured"
    if receipt["measured"] == "unknown":
        assert receipt["cost_usd"] is None and "output" not in receipt["usage"]


@each_provider
def test_redirect_is_not_followed(hasty, sim, provider):
    since = sim.now()
    target = f"{sim.base_url('openai' if provider == 'anthropic' else 'anthropic')}/v1/stolen"
    answer = hasty.ask(provider, f"Hello [[sim:redirect to={target}]]")
    assert answer.status_code in (302, 502)
    assert len(sim.log(since)) == 1
    assert last_receipt(hasty)["outcome"] == "failed"


@each_provider
def test_html_page_of_an_edge(hasty, provider):
    answer = hasty.ask(provider, "Hello [[sim:html]]")
    assert answer.status_code == 502
    assert answer.headers["content-type"].startswith("text/html") and "Bad Gateway" in answer.text
    assert answer.headers["x-ownkey-error"] == "provider_unavailable"
    assert answer.headers["x-ownkey-error-source"] == "provider"
    assert "server" not in answer.headers


@each_provider
def test_unasked_gzip(hasty, sim, provider):
    since = sim.now()
    answer = hasty.ask(provider, "Hello [[sim:gzip]]")
    assert answer.status_code == 200 and answer.json()["usage"]
    assert header(sim.calls(since)[0], "accept-encoding") in (None, "identity")


STATUSES = [(401, "provider_key_invalid"), (429, "provider_rate_limited"), (500, "provider_unavailable"), (503, "provider_unavailable")]


@each_provider
@pytest.mark.parametrize(("status", "code"), STATUSES)
def test_a_providers_error_keeps_status_and_body(hasty, sim, provider, status, code):
    prompt = f"[[sim:status code={status}]]"
    answer = hasty.ask(provider, prompt)
    direct = httpx.post(
        sim.base_url(provider).removesuffix("/v1") + PATHS[provider],
        headers=call_headers(provider, provider_key(provider)),
        json=call_body(provider, prompt),
        **LOCAL,
    )
    theirs, ours = direct.json(), answer.json()
    assert answer.status_code == status and ours["error"] == theirs["error"]
    assert answer.headers["x-ownkey-error"] == code
    assert answer.headers["x-ownkey-error-source"] == "provider"
    assert answer.headers["x-ownkey-payer"] == "byok"
    receipt = hasty.receipt(answer)
    assert (receipt["status"], receipt["outcome"]) == (status, "failed")


QUOTA = {"openai": "openai.quota.insufficient_quota", "anthropic": "anthropic.billing.credit_too_low"}


@each_provider
def test_an_empty_account_is_told_and_not_retried(hasty, provider):
    answer = hasty.ask(provider, f"[[sim:error id={QUOTA[provider]}]]")
    assert answer.headers["x-ownkey-error"] == "provider_quota_exhausted"
    assert answer.headers["x-should-retry"] == "false"


@each_provider
def test_a_failing_own_key_never_moves_a_call_to_managed(hasty, sim, provider):
    managed = hasty.server.managed_keys[provider]
    since = sim.now()
    for prompt in ("[[sim:status code=401]]", "[[sim:status code=429]]", "[[sim:status code=500]]", "[[sim:cut]]"):
        try:
            hasty.ask(provider, prompt)
        except httpx.TransportError:
            pass
    used = {entry["key"] for entry in sim.calls(since)}
    assert len(used) == 1 and managed not in used


@each_provider
def test_on_managed_access_the_operators_account_is_not_shown(hasty, provider):
    """The operator's own key fails: one error of ours, and nothing of the provider's text."""
    managed = hasty.operator.create_workspace()
    answer = managed.ask(provider, "[[sim:status code=401]]")
    assert_error(answer, provider, 502, "managed_unavailable", answer.headers["x-ownkey-error-source"])
    answer = managed.ask(provider, "[[sim:status code=429]]")
    assert_error(answer, provider, 429, "provider_rate_limited", "provider")
    answer = managed.ask(provider, "[[sim:status code=500]]")
    assert_error(answer, provider, 500, "provider_unavailable", "provider")
    good = managed.ask(provider)
    assert not [name for name in good.headers if "organization" in name or "ratelimit" in name]


@each_provider
def test_an_unknown_model_passes_on_the_own_key(hasty, sim, provider):
    since = sim.now()
    answer = hasty.ask(provider, model=MODELS[provider] + "-of-tomorrow")
    assert answer.status_code == 404 and answer.headers["x-ownkey-error-source"] == "provider"
    assert len(sim.calls(since)) == 1

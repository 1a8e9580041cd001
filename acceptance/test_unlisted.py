"""Paths that no table lists, where the operator lets them go to the providers on the workspaces' own keys."""

import io

import httpx
import pytest

from harness.api import LOCAL, call_headers
from harness.errors import assert_error
from harness.money import set_budget
from harness.products import set_payer
from harness.products import workspace as on_plan
from harness.sdk_python import client
from harness.server import Server
from harness.sim import provider_key

PLANS = """
[gateway]
unlisted = "own_key"

[plans.open]
byok = true
managed = "included"

[plans.closed]
byok = false
managed = "included"
"""


@pytest.fixture(scope="module")
def lenient(tmp_path_factory, sim):
    server = Server(tmp_path_factory.mktemp("lenient"), sim, settings=PLANS).start()
    yield server
    server.stop()


@pytest.fixture
def owner(lenient):
    workspace = on_plan(lenient, "open")
    for provider in ("openai", "anthropic"):
        workspace.put_key(provider, provider_key(provider), expect=201)
    return workspace


def files_of(workspace, protocol="openai", method="GET", path="/v1/files", **more):
    headers = call_headers(protocol, workspace.secret)
    return httpx.request(method, workspace.url + path, headers=headers, timeout=60, **LOCAL, **more)


def test_files_are_kept_at_the_provider_on_the_own_key(owner, sim):
    content = bytes(range(256)) * 40
    since = sim.now()
    with client("openai", f"{owner.url}/v1", owner.secret, 0) as sdk:
        made = sdk.files.create(file=("Grüße 🙂.jsonl", io.BytesIO(content)), purpose="batch")
        assert (made.bytes, made.filename) == (len(content), "Grüße 🙂.jsonl")
        assert sdk.files.retrieve(made.id) == made and [file.id for file in sdk.files.list()] == [made.id]
        assert sdk.files.content(made.id).read() == content
        assert sdk.files.delete(made.id).deleted
    one = f"/v1/files/{made.id}"
    assert [call["path"] for call in sim.log(since)] == ["/v1/files", one, "/v1/files", f"{one}/content", one]
    receipts = owner.receipts()
    assert len(receipts) == 5
    for receipt in receipts:
        told = [receipt[name] for name in ("route", "provider", "payer", "outcome", "model", "cost_usd", "credits")]
        assert told == ["/v1/{path}", "openai", "byok", "complete", None, None, "0"], receipt
        assert receipt["credential"] and receipt["usage"] == {} and receipt["measured"] == "unknown"


def test_the_path_or_the_caller_tells_the_provider(owner, sim):
    since = sim.now()
    for path in ("/v1/messages/batches", "/anthropic/v1/messages/batches"):
        # The simulator has no batches, as a provider that the path is new to; its answer comes as it is.
        answer = files_of(owner, "anthropic", path=path)
        assert answer.status_code == 404 and answer.json()["error"]["type"] == "not_found_error"
        assert answer.headers["x-ownkey-payer"] == "byok"
    assert {(call["provider"], call["path"]) for call in sim.log(since)} == {("anthropic", "/v1/messages/batches")}


def test_nobody_but_the_workspace_pays(lenient, owner, sim):
    keyless, closed = (on_plan(lenient, plan) for plan in ("open", "closed"))
    since = sim.now()
    assert_error(files_of(keyless), "openai", 403, "byok_required")
    assert_error(files_of(closed), "openai", 403, "plan_required")
    set_payer(owner, "managed_only")
    assert_error(files_of(owner), "openai", 403, "byok_required")
    set_payer(owner, "byok_preferred")
    # What nobody can price does not pass a budget that must hold.
    set_budget(owner, limit_usd="5")
    assert_error(files_of(owner), "openai", 403, "model_not_priced")
    assert sim.log(since) == []


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/v1/v1/files", 404), ("GET", "/v1/files/", 404), ("GET", "/v1/files//x", 404),
    ("GET", "/v1/files/%2e%2e/models", 404), ("GET", "/v1/a%2Fb", 404), ("PUT", "/v1/files", 404),
    ("GET", "/v1/realtime", 501), ("GET", "/files", 404), ("GET", "/v1/embeddings", 405),
])
def test_what_is_a_mistake_stays_one(owner, sim, method, path, status):
    since = sim.now()
    answer = files_of(owner, method=method, path=path)
    assert answer.status_code == status and sim.log(since) == []

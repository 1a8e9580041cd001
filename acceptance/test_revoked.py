"""A platform key that is gone: no call starts with it any more, and those under way end within seconds."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from harness.api import ask_in_halves
from harness.errors import assert_ends_in_error_event, assert_error
from harness.load import TERMINAL, Plan, read_to_the_end
from harness.process import wait_for
from harness.server import Server
from harness.sim import PROVIDERS, provider_key

PAYERS = ("byok", "managed")
each_provider = pytest.mark.parametrize("provider", PROVIDERS)
each_payer = pytest.mark.parametrize("payer", PAYERS)
# Far longer than any test waits.
LONG = "Hello [[sim:chunks n=3000 delay_ms=20]]"
ENDS_WITHIN = 5.0


@pytest.fixture(scope="module")
def server(tmp_path_factory, sim):
    """One whose open calls are this test's alone."""
    running = Server(tmp_path_factory.mktemp("revoked"), sim).start()
    yield running
    assert running.metrics()["ownkey_calls_open"] == 0
    running.stop()


def caller(server, payer):
    workspace = server.operator.create_workspace()
    if payer == "byok":
        for provider in PROVIDERS:
            workspace.put_key(provider, provider_key(provider), expect=201)
    return workspace


def new_key(workspace, **more) -> dict:
    body = {"name": "brief", "scopes": ["inference"], **more}
    return workspace.operator("POST", f"{workspace.path}/api-keys", body, 201).json()


def revoke(workspace, key):
    workspace.operator("DELETE", f"{workspace.path}/api-keys/{key['id']}", expect=204)


def calls_are_open(server, number):
    wait_for(lambda: server.metrics()["ownkey_calls_open"] == number, f"{number} calls are open")


def assert_refused(workspace, sim, since, answer, provider):
    assert_error(answer, provider, 401, "unauthorized")
    assert "x-ownkey-payer" not in answer.headers and sim.calls(since) == []
    receipt = workspace.receipt(answer)
    assert (receipt["outcome"], receipt["error"], receipt["attempts"]) == ("refused", "unauthorized", [])


@each_provider
@each_payer
def test_no_call_starts_with_a_key_that_was_revoked_while_its_body_came(server, sim, provider, payer):
    workspace = caller(server, payer)
    key, since = new_key(workspace), sim.now()

    def between():
        calls_are_open(server, 1)
        revoke(workspace, key)

    answer = ask_in_halves(workspace, provider, between, key["secret"])
    assert_refused(workspace, sim, since, answer, provider)


def test_nor_with_one_that_expired_meanwhile(server, sim):
    workspace = caller(server, "managed")
    expires = datetime.now(UTC) + timedelta(seconds=2)
    key, since = new_key(workspace, expires_at=expires.isoformat().replace("+00:00", "Z")), sim.now()

    def between():
        calls_are_open(server, 1)
        wait_for(lambda: datetime.now(UTC) > expires, "the key has expired")

    answer = ask_in_halves(workspace, "openai", between, key["secret"])
    assert_refused(workspace, sim, since, answer, "openai")


def service_key(server) -> tuple:
    home = server.operator.create_workspace("Operator")
    return home, new_key(home, scopes=["inference:any"])


def test_nor_with_a_service_key(server, sim):
    home, key = service_key(server)
    workspace, since = caller(server, "managed"), sim.now()

    def between():
        calls_are_open(server, 1)
        revoke(home, key)

    headers = {"x-ownkey-workspace": workspace.id}
    answer = ask_in_halves(workspace, "openai", between, key["secret"], headers)
    assert_error(answer, "openai", 401, "unauthorized")
    assert sim.calls(since) == []


class UnderWay:
    """Calls that go on for long, each on a socket of its own, until something ends them."""

    def __init__(self, server, calls):
        self.server, self.pool = server, ThreadPoolExecutor(len(calls))
        self.answers = [self.pool.submit(read_to_the_end, server.url, *call) for call in calls]
        wait_for(lambda: server.sim.stats()["open"] == len(calls), "all calls are at their providers")

    def end(self, by) -> list[tuple[bytes, bytes]]:
        by()
        since = time.monotonic()
        found = [answer.result(30) for answer in self.answers]
        assert time.monotonic() - since < ENDS_WITHIN
        return found


def assert_told(provider, head, body):
    assert head.startswith(b"HTTP/1.1 200"), head
    error = assert_ends_in_error_event(provider, body.decode())["error"]
    assert error["code"] == "unauthorized"
    assert error["type"] == ("authentication_error" if provider == "anthropic" else "invalid_request_error")


def assert_failed(receipts, number):
    assert [(r["outcome"], r["error"], len(r["attempts"])) for r in receipts] == [("failed", "unauthorized", 1)] * number


@each_payer
def test_running_streams_of_a_revoked_key_end(server, payer):
    workspace = caller(server, payer)
    key = new_key(workspace)
    prompts = [LONG, "Hello [[sim:endless]]", "Hello [[sim:hang after=3]]"]
    plans = [Plan(provider, prompt) for provider in PROVIDERS for prompt in prompts]
    under_way = UnderWay(server, [(key["secret"], plan) for plan in plans])
    for plan, (head, body) in zip(plans, under_way.end(lambda: revoke(workspace, key))):
        assert_told(plan.provider, head, body)
    assert_failed(workspace.receipts(), len(plans))


def test_a_plain_answer_on_a_revoked_key_breaks_off(server):
    workspace = caller(server, "byok")
    key = new_key(workspace)
    plans = [Plan(provider, "Hello [[sim:endless]]", stream=False) for provider in PROVIDERS]
    found = UnderWay(server, [(key["secret"], plan) for plan in plans]).end(lambda: revoke(workspace, key))
    assert [head.startswith(b"HTTP/1.1 200") for head, _ in found] == [True, True]
    assert_failed(workspace.receipts(), 2)


each_wait = pytest.mark.parametrize(
    ("prompt", "status"),
    [("[[sim:slow_head ms=60000]]", None), ("[[sim:hang]]", 200), ("[[sim:status code=500]][[sim:hang]]", 500)],
    ids=["before the head", "short answer", "error answer"],
)


@each_wait
def test_what_has_no_head_yet_is_answered(server, prompt, status):
    workspace = caller(server, "byok")
    key = new_key(workspace)
    plans = [Plan(provider, f"Hello {prompt}", stream=False) for provider in PROVIDERS]
    found = UnderWay(server, [(key["secret"], plan) for plan in plans]).end(lambda: revoke(workspace, key))
    assert [head.split(b"\r\n")[0] for head, _ in found] == [b"HTTP/1.1 401 Unauthorized"] * 2
    receipts = workspace.receipts()
    assert_failed(receipts, 2)
    assert [receipt["attempts"][0]["status"] for receipt in receipts] == [status] * 2


@each_wait
def test_so_is_a_service_keys_call_for_a_workspace_that_is_deleted(server, prompt, status):
    home, service = service_key(server)
    workspace = caller(server, "byok")
    named = {"x-ownkey-workspace": workspace.id}
    plans = [Plan(provider, f"Hello {prompt}", stream=False) for provider in PROVIDERS]
    under_way = UnderWay(server, [(service["secret"], plan, named) for plan in plans])
    found = under_way.end(lambda: server.operator("DELETE", workspace.path, expect=204))
    assert [head.split(b"\r\n")[0] for head, _ in found] == [b"HTTP/1.1 401 Unauthorized"] * 2


def test_nor_does_one_start_whose_workspace_was_deleted_while_its_body_came(server, sim):
    home, service = service_key(server)
    workspace, since = caller(server, "byok"), sim.now()

    def between():
        calls_are_open(server, 1)
        server.operator("DELETE", workspace.path, expect=204)

    answer = ask_in_halves(workspace, "openai", between, service["secret"], {"x-ownkey-workspace": workspace.id})
    assert_error(answer, "openai", 400, "bad_request")
    assert sim.calls(since) == []


def test_streams_end_with_their_workspace(server):
    home, service = service_key(server)
    workspace, neighbour = caller(server, "byok"), caller(server, "byok")
    named = {"x-ownkey-workspace": workspace.id}
    calls = [(workspace.secret, Plan("openai", LONG)), (service["secret"], Plan("anthropic", LONG), named)]
    others = [
        (neighbour.secret, Plan("openai", "Hello [[sim:chunks n=150 delay_ms=20]]")),
        (service["secret"], Plan("anthropic", "Hello [[sim:chunks n=150 delay_ms=20]]"), {"x-ownkey-workspace": neighbour.id}),
    ]
    under_way = UnderWay(server, calls + others)
    *ended, one, other = under_way.end(lambda: server.operator("DELETE", workspace.path, expect=204))
    for (_, plan, *_), (head, body) in zip(calls, ended):
        assert_told(plan.provider, head, body)
    # Nobody else's.
    assert one[1].endswith(TERMINAL["openai"]) and other[1].endswith(TERMINAL["anthropic"])
    assert {receipt["outcome"] for receipt in neighbour.receipts()} == {"complete"}


def test_streams_go_on_through_all_other_changes(server):
    """What is forgotten is looked up again, and it is still there."""
    home, service = service_key(server)
    workspace = caller(server, "byok")
    prompt = "Hello [[sim:chunks n=100 delay_ms=20]]"
    named = {"x-ownkey-workspace": workspace.id}
    calls = [(workspace.secret, Plan("openai", prompt)), (service["secret"], Plan("anthropic", prompt), named)]
    under_way = UnderWay(server, calls)
    server.operator("PATCH", workspace.path, {"name": "Renamed"}, 200)
    workspace.delete_key("openai")
    revoke(workspace, new_key(workspace))
    server.reload()
    for (_, plan, *_), answer in zip(calls, under_way.answers):
        assert answer.result(30)[1].endswith(TERMINAL[plan.provider])

"""Calls end when they must, whatever their callers take of the answer and however far ahead the provider is."""

import signal
import time

import pytest

from harness.errors import assert_ends_in_error_event
from harness.load import Plan
from harness.process import wait_for
from harness.readers import H2Caller, Reader, is_full, is_let_go
from harness.server import Server
from harness.sim import PROVIDERS

# The provider is always ahead of whoever reads, by events of a few KiB.
AHEAD = "Hello [[sim:huge bytes=1000000]] [[sim:endless]] [[sim:chunks n=200 delay_ms=0]]"
LONG_BODY = "Hello [[sim:huge bytes=12000000]] [[sim:endless]]"
ENDS_WITHIN = 5.0
# Who then takes nothing is given this long, and a little.
LET_GO_WITHIN = 10.0
# Who reads on within five seconds of the end is told of it; half of that leaves room for the reading.
IN_TIME = 2.5
SLOW = 100_000.0
each_provider = pytest.mark.parametrize("provider", PROVIDERS)


@pytest.fixture(scope="module")
def server(tmp_path_factory, sim):
    running = Server(tmp_path_factory.mktemp("unread"), sim).start()
    yield running
    still_open = running.metrics()["ownkey_calls_open"]
    running.stop()
    assert still_open == 0


@pytest.fixture(scope="module")
def hasty(tmp_path_factory, sim):
    """One whose calls may not take long."""
    running = Server(tmp_path_factory.mktemp("hasty"), sim, limits={"call_s": 3, "stream_idle_s": 60}).start()
    yield running
    running.stop()


@pytest.fixture
def at_provider(sim):
    wait_for(lambda: sim.stats()["open"] == 0, "nothing else is going on")
    return lambda number: wait_for(lambda: sim.stats()["open"] == number, f"{number} calls are at their provider")


@pytest.fixture
def new_reader():
    made = []

    def make(server, key, plan, headers=None) -> Reader:
        made.append(Reader(server.url, key["secret"], plan, headers))
        return made[-1]

    yield make
    for reader in made:
        reader.close()


def caller(server):
    workspace = server.operator.create_workspace()
    body = {"name": "brief", "scopes": ["inference"]}
    key = workspace.operator("POST", f"{workspace.path}/api-keys", body, 201).json()
    return workspace, key


def revoke(workspace, key):
    workspace.operator("DELETE", f"{workspace.path}/api-keys/{key['id']}", expect=204)


def ends_at_the_provider(sim, since):
    wait_for(lambda: sim.stats()["open"] == 0, "the provider is let go", ENDS_WITHIN)
    assert time.monotonic() - since < ENDS_WITHIN


def assert_failed(workspace, code):
    [receipt] = workspace.receipts()
    assert (receipt["outcome"], receipt["error"]) == ("failed", code)


READERS = {"greedy": None, "slow": SLOW}


@each_provider
@pytest.mark.parametrize("speed", READERS)
def test_a_revoked_key_ends_the_stream_of_whoever_reads_on(server, sim, at_provider, new_reader, provider, speed):
    workspace, key = caller(server)
    reader = new_reader(server, key, Plan(provider, AHEAD))
    at_provider(1)
    reader.begin(READERS[speed])
    since = time.monotonic()
    revoke(workspace, key)
    ends_at_the_provider(sim, since)
    assert_failed(workspace, "unauthorized")
    if speed == "greedy":
        assert_ends_in_error_event(provider, reader.finish())


@each_provider
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "long body"])
def test_a_revoked_key_ends_what_nobody_reads(server, sim, at_provider, new_reader, provider, stream):
    workspace, key = caller(server)
    reader = new_reader(server, key, Plan(provider, AHEAD if stream else LONG_BODY, stream))
    at_provider(1)
    is_full(reader.connection)
    since = time.monotonic()
    revoke(workspace, key)
    ends_at_the_provider(sim, since)
    assert_failed(workspace, "unauthorized")
    is_let_go(reader.connection, LET_GO_WITHIN)


@each_provider
def test_whoever_reads_again_in_time_is_told(server, sim, at_provider, new_reader, provider):
    workspace, key = caller(server)
    reader = new_reader(server, key, Plan(provider, AHEAD))
    at_provider(1)
    is_full(reader.connection)
    since = time.monotonic()
    revoke(workspace, key)
    ends_at_the_provider(sim, since)
    if time.monotonic() - since > IN_TIME:
        pytest.skip("this machine is too busy for anyone to read in time")
    reader.begin()
    assert assert_ends_in_error_event(provider, reader.finish())["error"]["code"] == "unauthorized"


def test_a_deleted_workspace_ends_what_nobody_reads(server, sim, at_provider, new_reader):
    home = server.operator.create_workspace("Operator")
    body = {"name": "service", "scopes": ["inference:any"]}
    service = server.operator("POST", f"{home.path}/api-keys", body, 201).json()
    workspace = server.operator.create_workspace()
    named = {"x-ownkey-workspace": workspace.id}
    reader = new_reader(server, service, Plan("openai", AHEAD), named)
    at_provider(1)
    is_full(reader.connection)
    since = time.monotonic()
    server.operator("DELETE", workspace.path, expect=204)
    ends_at_the_provider(sim, since)


@each_provider
@pytest.mark.parametrize("speed", [*READERS, "nothing"])
def test_no_call_takes_longer_than_it_may(hasty, sim, at_provider, new_reader, provider, speed):
    workspace, key = caller(hasty)
    reader = new_reader(hasty, key, Plan(provider, AHEAD))
    at_provider(1)
    if speed != "nothing":
        reader.begin(READERS[speed])
    ends_at_the_provider(sim, time.monotonic())
    assert_failed(workspace, "provider_unavailable")
    if speed == "greedy":
        assert_ends_in_error_event(provider, reader.finish())


@pytest.mark.parametrize("reads", [True, False], ids=["read", "unread"])
def test_the_end_of_the_drain_is_told_and_written_down(new_server, sim, at_provider, new_reader, reads):
    server = new_server(limits={"drain_s": 1}).start()
    workspace, key = caller(server)
    reader = new_reader(server, key, Plan("openai", AHEAD))
    at_provider(1)
    reader.begin() if reads else is_full(reader.connection)
    server.process.child.send_signal(signal.SIGTERM)
    server.process.wait()
    if reads:
        assert assert_ends_in_error_event("openai", reader.finish())["error"]["code"] == "overloaded"
    server.start()
    assert_failed(workspace, "overloaded")


@pytest.fixture
def h2(server):
    caller = H2Caller(server.url)
    yield caller
    caller.close()


def test_a_revoked_key_ends_a_stream_without_a_window(server, sim, at_provider, h2):
    workspace, key = caller(server)
    other, lasting = caller(server)
    stream = h2.call(key["secret"], Plan("openai", AHEAD))
    at_provider(1)
    since = time.monotonic()
    revoke(workspace, key)
    ends_at_the_provider(sim, since)
    assert_failed(workspace, "unauthorized")
    h2.until(lambda: stream in h2.resets, LET_GO_WITHIN)
    # Its neighbours on the connection are others' calls.
    neighbour = h2.call(lasting["secret"], Plan("openai", "Hello"))
    h2.open_window(neighbour, 1 << 20)
    h2.until(lambda: neighbour in h2.ended)
    assert h2.bodies[neighbour].endswith(b"data: [DONE]\n\n")


def test_a_connection_of_which_nothing_at_all_is_taken_is_given_up(server, sim, at_provider):
    workspace, key = caller(server)
    h2 = H2Caller(server.url, window=1 << 30)
    h2.call(key["secret"], Plan("openai", AHEAD))
    is_full(h2.connection)
    at_provider(1)
    since = time.monotonic()
    revoke(workspace, key)
    ends_at_the_provider(sim, since)
    assert_failed(workspace, "unauthorized")
    is_let_go(h2.connection, 2 * LET_GO_WITHIN)
    h2.close()


def test_a_window_that_opens_in_time_lets_the_last_words_through(server, sim, at_provider, h2):
    workspace, key = caller(server)
    stream = h2.call(key["secret"], Plan("openai", AHEAD))
    at_provider(1)
    since = time.monotonic()
    revoke(workspace, key)
    ends_at_the_provider(sim, since)
    h2.open_window(stream, 1 << 20)
    h2.until(lambda: stream in h2.resets)
    body = h2.bodies[stream].decode()
    assert assert_ends_in_error_event("openai", body)["error"]["code"] == "unauthorized"


def test_no_call_takes_longer_than_it_may_for_want_of_a_window(hasty, sim, at_provider):
    workspace, key = caller(hasty)
    h2 = H2Caller(hasty.url)
    stream = h2.call(key["secret"], Plan("openai", AHEAD))
    ends_at_the_provider(sim, time.monotonic())
    assert_failed(workspace, "provider_unavailable")
    h2.until(lambda: stream in h2.resets, LET_GO_WITHIN)
    h2.close()


@pytest.mark.parametrize("prompt", [AHEAD, "Hello"], ids=["long", "short"])
def test_an_answer_is_not_kept_for_a_window_that_stays_shut(new_server, sim, at_provider, prompt):
    server = new_server(limits={"stream_idle_s": 1}).start()
    workspace, key = caller(server)
    h2 = H2Caller(server.url)
    stream = h2.call(key["secret"], Plan("openai", prompt, stream=prompt == AHEAD))
    h2.until(lambda: stream in h2.resets, ENDS_WITHIN)
    at_provider(0)
    [receipt] = workspace.receipts()
    assert receipt["outcome"] == ("cancelled" if prompt == AHEAD else "complete")
    h2.close()

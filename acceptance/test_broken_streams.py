"""A stream that breaks says so: the error event reaches a caller who reads plain bytes, whoever pays and whoever broke it."""

import json
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.errors import assert_ends_in_error_event
from harness.load import TERMINAL, Plan, read_to_the_end
from harness.process import wait_for
from harness.server import Server
from harness.sim import PROVIDERS, provider_key

PAYERS = ("byok", "managed")
each_provider = pytest.mark.parametrize("provider", PROVIDERS)
each_payer = pytest.mark.parametrize("payer", PAYERS)
LIMITS = {"stream_idle_s": 1, "call_s": 3, "drain_s": 1}
# Far longer than any test waits.
LONG = "Hello [[sim:chunks n=3000 delay_ms=20]]"


def assert_told(provider: str, payer: str, head: bytes, body: bytes):
    assert head.startswith(b"HTTP/1.1 200"), head
    assert f"x-ownkey-payer: {payer}".encode() in head
    text = body.decode()
    assert ("delta" in text) and assert_ends_in_error_event(provider, text)
    # A client reads every event: none may be a half.
    for line in text.splitlines():
        if line.startswith("data: "):
            json.loads(line.removeprefix("data: "))


def callers_of(server) -> dict:
    own = server.operator.create_workspace()
    for provider in PROVIDERS:
        own.put_key(provider, provider_key(provider), expect=201)
    return {"byok": own, "managed": server.operator.create_workspace()}


@pytest.fixture(scope="module")
def callers(tmp_path_factory, sim):
    server = Server(tmp_path_factory.mktemp("broken"), sim, limits=LIMITS).start()
    yield callers_of(server)
    assert server.metrics()["ownkey_calls_open"] == 0
    server.stop()


BREAKS = {
    "the provider hangs up": "Hello [[sim:cut after=3]]",
    "the provider hangs up at once": "Hello [[sim:cut after=1]]",
    "the provider hangs up within an event": "Hello [[sim:cut_within after=3]]",
    "the provider ends before the end": "Hello [[sim:no_done]]",
    "the provider falls silent": "Hello [[sim:hang after=3]]",
    "the provider says an error": "Hello [[sim:error_split n=7]]",
    "the call takes too long": LONG,
    "the answer never ends": "Hello [[sim:endless]]",
}


@each_provider
@each_payer
@pytest.mark.parametrize("broken", BREAKS)
def test_the_error_event_reaches_the_caller(callers, provider, payer, broken):
    caller = callers[payer]
    head, body = read_to_the_end(caller.url, caller.secret, Plan(provider, BREAKS[broken]))
    if broken == "the provider says an error":
        body = body.removesuffix(b"data: [DONE]\n\n")
    assert_told(provider, payer, head, body)
    assert caller.receipts()[0]["outcome"] == "failed"


@each_provider
@each_payer
def test_half_an_event_is_never_made_to_look_like_a_whole_one(callers, provider, payer):
    """One too long to be held back until it is whole. A blank line behind its half would make clients take it."""
    caller, prompt = callers[payer], "Hello [[sim:huge bytes=200000]] [[sim:chunks n=4]] [[sim:cut_within after=2]]"
    head, body = read_to_the_end(caller.url, caller.secret, Plan(provider, prompt))
    assert head.startswith(b"HTTP/1.1 200")
    *whole, rest = body.decode(errors="replace").split("\n\n")
    for event in whole:
        json.loads(event.rpartition("data: ")[2])
    assert 16_384 < len(rest) < 50_000 and "error" not in rest
    receipt = caller.receipts()[0]
    assert (receipt["outcome"], receipt["error"]) == ("failed", "provider_unavailable")


@each_provider
@each_payer
def test_what_comes_behind_the_last_event_breaks_nothing(callers, provider, payer):
    """A provider that keeps the connection open, until nobody waits any longer."""
    caller = callers[payer]
    head, body = read_to_the_end(caller.url, caller.secret, Plan(provider, "Hello [[sim:linger]]"))
    assert head.startswith(b"HTTP/1.1 200") and body.endswith(TERMINAL[provider])
    assert caller.receipts()[0]["outcome"] == "complete"


@pytest.fixture(scope="module", params=["", "reloaded"])
def drained(tmp_path_factory, sim, request):
    """What callers got whose streams were open when the server was told to stop, and for longer than it waits."""
    server = Server(tmp_path_factory.mktemp("drained"), sim, limits={"drain_s": 1}).start()
    callers, cases = callers_of(server), [(provider, payer) for provider in PROVIDERS for payer in PAYERS]
    wait_for(lambda: sim.stats()["open"] == 0, "nothing else is going on")
    with ThreadPoolExecutor(len(cases)) as pool:
        read = lambda case: read_to_the_end(server.url, callers[case[1]].secret, Plan(case[0], LONG))  # noqa: E731
        answers = [pool.submit(read, case) for case in cases]
        wait_for(lambda: sim.stats()["open"] == len(cases), "all streams are open")
        if request.param == "reloaded":
            # The streams belong to the configuration before.
            server.reload()
        server.process.child.send_signal(signal.SIGTERM)
        found = {case: answer.result(30) for case, answer in zip(cases, answers)}
    server.process.wait()
    yield found


@each_provider
@each_payer
def test_the_error_event_reaches_the_caller_of_a_server_that_stops(drained, provider, payer):
    assert_told(provider, payer, *drained[provider, payer])

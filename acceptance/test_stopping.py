"""The end of the time that calls have to end in: who still waits is told, and the books say what happened."""

import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.api import ask_in_halves
from harness.errors import assert_error
from harness.process import wait_for
from harness.server import Server
from harness.sim import PROVIDERS, provider_key

# What callers wait for, and the status that the provider's head has by then.
WAITS = {
    "the head": ("Hello [[sim:slow_head ms=60000]]", None),
    "a short body": ("Hello [[sim:hang]]", 200),
    "an error's body": ("Hello [[sim:status code=500]][[sim:hang]]", 500),
}
CASES = [(provider, waits) for provider in PROVIDERS for waits in WAITS]


@pytest.fixture(scope="module")
def stopped(tmp_path_factory, sim):
    """What callers got who were still waiting at the end, by provider and what for; and their receipts."""
    server = Server(tmp_path_factory.mktemp("stopped"), sim, limits={"drain_s": 1}).start()
    workspace = server.operator.create_workspace()
    for provider in PROVIDERS:
        workspace.put_key(provider, provider_key(provider), expect=201)
    wait_for(lambda: sim.stats()["open"] == 0, "nothing else is going on")
    with ThreadPoolExecutor(len(CASES) + 1) as pool:
        waiting = {case: pool.submit(workspace.ask, case[0], WAITS[case[1]][0]) for case in CASES}
        wait_for(lambda: sim.stats()["open"] == len(CASES), "all calls are at their providers")

        def between():
            wait_for(lambda: server.metrics()["ownkey_calls_open"] == len(CASES) + 1, "the last is being read")
            server.process.child.send_signal(signal.SIGTERM)
            wait_for(lambda: all(answer.done() for answer in waiting.values()), "the others are told")

        slow = pool.submit(ask_in_halves, workspace, "openai", between)
        answers = {case: answer.result(30) for case, answer in waiting.items()} | {"slow": slow.result(30)}
    server.process.wait()
    server.start()
    yield answers, workspace
    server.stop()


@pytest.mark.parametrize(("provider", "waits"), CASES)
def test_whoever_waits_is_told(stopped, provider, waits):
    answers, workspace = stopped
    answer = answers[provider, waits]
    assert_error(answer, provider, 503, "overloaded")
    assert answer.headers["retry-after"] == "1" and answer.headers["x-ownkey-payer"] == "byok"
    receipt = workspace.receipt(answer)
    assert (receipt["status"], receipt["outcome"], receipt["error"]) == (503, "failed", "overloaded")
    [attempt] = receipt["attempts"]
    assert (attempt["status"], attempt["outcome"]) == (WAITS[waits][1], "failed")


def test_a_call_that_never_went_out_is_refused(stopped):
    answers, workspace = stopped
    assert_error(answers["slow"], "openai", 503, "overloaded")
    receipt = workspace.receipt(answers["slow"])
    assert (receipt["outcome"], receipt["error"], receipt["attempts"]) == ("refused", "overloaded", [])

"""Who leaves before the provider has said what a call took has used its tokens all the same."""

import socket
from urllib.parse import urlsplit

import pytest

from harness.load import Plan, read_to_the_end, request
from harness.process import wait_for
from harness.server import Server
from harness.sim import PROVIDERS, provider_key

LONG = "Hello [[sim:chunks n=300 delay_ms=10]]"


@pytest.fixture(scope="module")
def server(tmp_path_factory, sim):
    running = Server(tmp_path_factory.mktemp("leaving"), sim).start()
    yield running
    running.stop()


def leave(server, secret, plan, when):
    """Calls, and hangs up when it is time."""
    target = urlsplit(server.url)
    with socket.create_connection((target.hostname, target.port), timeout=30) as connection:
        connection.sendall(request(plan, secret, target.netloc))
        when(connection)
    wait_for(lambda: server.metrics()["ownkey_calls_open"] == 0, "the call is over")


def events_came(number):
    def when(connection):
        data = b""
        while data.count(b"data: ") < number:
            data += connection.recv(4096)

    return when


def limited(server, payer, tokens):
    workspace = server.operator.create_workspace()
    if payer == "byok":
        for provider in PROVIDERS:
            workspace.put_key(provider, provider_key(provider), expect=201)
    body = {"name": "frugal", "scopes": ["inference"], "tokens_per_minute": tokens}
    return workspace, workspace.operator("POST", f"{workspace.path}/api-keys", body, 201).json()["secret"]


def may_call(workspace, secret, provider) -> bool:
    # Refused on its way: whether the limit lets it through is all that is asked.
    answer = workspace.ask(provider, "[[sim:status code=400]]", secret=secret)
    assert answer.status_code in (400, 429)
    return answer.status_code == 400


@pytest.mark.parametrize("payer", ["byok", "managed"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_stream_that_was_left_counts_what_came_of_it(server, provider, payer):
    workspace, secret = limited(server, payer, 150)
    leave(server, secret, Plan(provider, LONG), events_came(151))
    assert not may_call(workspace, secret, provider)
    receipt = workspace.receipts()[1]
    assert receipt["outcome"] == "cancelled"
    if payer == "byok":
        # The receipt says what is known and guesses nothing.
        assert receipt["measured"] != "measured" and "output" not in receipt["usage"]
        assert receipt["cost_usd"] is None
    else:
        # The operator pays for what came, so that is estimated, and said to be.
        assert receipt["measured"] == "estimated" and receipt["usage"]["output"] >= 150
        assert receipt["credits"] == "0" and receipt["included"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_call_that_was_left_before_its_answer_counts_its_input(server, sim, provider):
    workspace, secret = limited(server, "byok", 2_000)
    wait_for(lambda: sim.stats()["open"] == 0, "nothing else is going on")
    prompt = "[[sim:slow_head ms=60000]]" + "word " * 2_000
    at_the_provider = lambda _: wait_for(lambda: sim.stats()["open"] == 1, "the provider has it")  # noqa: E731
    leave(server, secret, Plan(provider, prompt, stream=False), at_the_provider)
    assert not may_call(workspace, secret, provider)


def unfinished(server, outcome) -> float:
    return server.metrics()[f'ownkey_managed_unfinished_total{{outcome="{outcome}"}}']


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_the_operator_pays_for_unfinished_answers_is_counted(server, sim, provider):
    workspace, secret = limited(server, "managed", 100_000)
    left, failed = unfinished(server, "cancelled"), unfinished(server, "failed")
    leave(server, secret, Plan(provider, LONG), events_came(20))
    assert unfinished(server, "cancelled") == left + 1
    # Also who leaves before anything came.
    at_the_provider = lambda _: wait_for(lambda: sim.stats()["open"] == 1, "the provider has it")  # noqa: E731
    wait_for(lambda: sim.stats()["open"] == 0, "nothing else is going on")
    leave(server, secret, Plan(provider, "[[sim:slow_head ms=60000]]", stream=False), at_the_provider)
    assert unfinished(server, "cancelled") == left + 2
    read_to_the_end(server.url, secret, Plan(provider, "Hello [[sim:cut]]"))
    assert unfinished(server, "failed") == failed + 1
    told = [(receipt["measured"], receipt["included"]) for receipt in workspace.receipts()]
    assert told == [("estimated", True)] * 3


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_costs_the_operator_nothing_is_not(server, provider):
    before = [unfinished(server, outcome) for outcome in ("cancelled", "failed")]
    managed, secret = limited(server, "managed", 100_000)
    assert managed.ask(provider, "[[sim:status code=500]]", secret=secret).status_code == 500
    assert managed.ask(provider, "Hello", stream=True).status_code == 200
    own, secret = limited(server, "byok", 100_000)
    leave(server, secret, Plan(provider, LONG), events_came(20))
    assert [unfinished(server, outcome) for outcome in ("cancelled", "failed")] == before


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_no_provider_worked_on_counts_nothing(server, provider):
    workspace, secret = limited(server, "byok", 2_000)
    refused = workspace.ask(provider, "[[sim:status code=500]]" + "word " * 2_000, secret=secret)
    assert refused.status_code == 500
    assert may_call(workspace, secret, provider)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_the_provider_says_counts_as_it_is(server, provider):
    workspace, secret = limited(server, "byok", 2_000)
    # By its bytes this would be twice the limit.
    whole = workspace.ask(provider, "Hello [[sim:usage input=5 output=5]]" + "word " * 2_000, secret=secret)
    assert whole.status_code == 200
    assert may_call(workspace, secret, provider)

"""A provider whose numbers are absurd spoils its own receipts and nothing else: the books stay readable."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from harness.process import wait_for
from harness.server import Server
from harness.sim import PROVIDERS, provider_key

ANSWERS, AT_ONCE = 1200, 8
# What a signed number of 64 bits can just hold, and an unsigned one.
SIGNED, UNSIGNED = 2**63 - 1, 2**64 - 1
# Two of them are more than either can hold.
FEW = 6


def lie(tokens: int) -> str:
    return f"Hello [[sim:usage input={tokens} output={tokens}]]"


@pytest.fixture(scope="module")
def server(tmp_path_factory, sim):
    server = Server(tmp_path_factory.mktemp("lying"), sim).start()
    yield server
    server.stop()


def asked(server, payer: str, prompts: list[str]):
    """A workspace whose providers lied so often."""
    workspace = server.operator.create_workspace()
    for provider in PROVIDERS if payer == "byok" else ():
        workspace.put_key(provider, provider_key(provider), expect=201)

    def ask(case):
        number, prompt = case
        more = {"stream": True} if number % 4 >= 2 else {}
        return workspace.ask(PROVIDERS[number % 2], prompt, **more).status_code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = Counter(pool.map(ask, enumerate(prompts)))
    assert statuses == {200: len(prompts)}
    wait_for(lambda: sum(row["calls"] for row in usage(workspace, "payer")) >= len(prompts), "all are in the books", 30)
    return workspace


def usage(workspace, by: str) -> list[dict]:
    return workspace.usage(group_by=by)["data"]


def assert_readable(workspace, calls: int):
    receipts = workspace.receipts()
    assert len(receipts) >= calls
    assert {receipt["outcome"] for receipt in receipts} == {"complete"}
    most: Counter = Counter()
    for receipt in receipts:
        assert all(0 <= count <= UNSIGNED for count in receipt["usage"].values()), receipt
        assert receipt["cost_usd"] is None or Decimal(receipt["cost_usd"]) >= 0
        most |= Counter(receipt["usage"])
    for by in ("payer", "model", "api_key", "provider"):
        rows = usage(workspace, by)
        assert sum(row["calls"] for row in rows) == len(receipts)
        assert all(Decimal(row["cost_usd"]) >= 0 for row in rows)
        # What is too much to add up is counted as not measured. Else a total that is less than one of its parts has run over.
        left_out = sum(row["unmeasured"] for row in rows)
        totals = {name: sum(row["usage"].get(name, 0) for row in rows) for name in most}
        assert left_out == len(receipts) or all(totals[name] >= most[name] for name in most), (by, rows)


@pytest.mark.parametrize("payer", ["byok", "managed"])
@pytest.mark.parametrize(("tokens", "answers"), [(SIGNED, ANSWERS), (UNSIGNED, FEW)])
def test_absurd_numbers_leave_the_books_readable(server, payer, tokens, answers):
    workspace = asked(server, payer, [lie(tokens)] * answers)
    assert_readable(workspace, answers)
    assert server.process.ended() is None and "panicked" not in server.output()
    # And the next honest answer is on a receipt as ever.
    for provider in PROVIDERS:
        receipt = workspace.receipt(workspace.ask(provider))
        assert (receipt["outcome"], receipt["measured"]) == ("complete", "measured")
        assert 0 < receipt["usage"]["output"] < 1000 and Decimal(receipt["cost_usd"]) > 0
    honest = usage(workspace, "payer")
    assert sum(row["calls"] for row in honest) == answers + 2 and all(row["usage"]["output"] > 0 for row in honest)
    assert server.metrics()["ownkey_receipts_unrecorded_total"] == 0


def test_the_books_are_as_readable_after_a_restart(server):
    workspace = asked(server, "byok", [lie(SIGNED)] * FEW)
    before = workspace.receipts(), usage(workspace, "model")
    assert server.stop() == 0
    server.start()
    assert (workspace.receipts(), usage(workspace, "model")) == before
    assert workspace.ask("openai").status_code == 200

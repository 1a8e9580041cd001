"""A provider whose numbers are absurd spoils its own receipts and nothing else: the books stay readable."""

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import httpx
import pytest

from harness.api import LOCAL, wav
from harness.money import MICRO, PRICES, checked, credits, needed, posted, purse
from harness.process import wait_for
from harness.products import grant, workspace
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


CREDITS = """
[credits]
usd_per_credit = "0.01"
markup = "1.2"

[plans.pro]
byok = true
managed = "credits"

[plans.free]
byok = true
managed = "included"

[managed]
allow_tools = ["web_search_20250305"]
"""
# More than twice what such a call can use, each by itself, and what is still believed elsewhere.
LIES = ["input=20 output=2001", "input=100000 output=20", "input=999999999999 output=999999999999"]
# A fee of nothing changes nothing.
LIES_OF = {"openai": LIES, "anthropic": [*LIES, "input=20 output=2001 searches=0"]}


def of(lie: str, provider: str) -> Decimal:
    """The credits of what it tells."""
    counts = dict(re.findall(r"(input|output)=(\d+)", lie))
    to_read, to_write = PRICES[provider]
    return credits((int(counts["input"]) * to_read + int(counts["output"]) * to_write) / 1_000_000)


@pytest.fixture(scope="module")
def shop(tmp_path_factory, sim):
    server = Server(tmp_path_factory.mktemp("bounded"), sim, settings=CREDITS).start()
    yield server
    server.stop()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_the_operators_call_cannot_have_used_is_not_charged(shop, provider, stream):
    """Its limit stands in the request, and its input has a bound: who tells more than twice that is not believed."""
    free = workspace(shop, "free")
    for lie in LIES_OF[provider]:
        acme = workspace(shop, "pro")
        ask = lambda caller, lie=lie: caller.ask(provider, f"[[sim:usage {lie}]]", max_tokens=1_000, stream=stream)  # noqa: E731
        hold, _ = needed(ask(acme))
        grant(acme, 100)
        before, overrun = purse(acme)["balance"], shop.metrics()['ownkey_overrun_credits_total{reason="disbelieved"}']
        receipt = acme.receipt(ask(acme))
        told, beyond = Decimal(receipt["credits"]), Decimal(receipt["overrun_credits"])
        charged = told - beyond
        assert receipt["measured"] == "estimated" and 0 < charged <= hold, (lie, receipt)
        assert before - charged == purse(acme)["balance"] and charged == credits(receipt["cost_usd"])
        # All that was told is in the book: what the workspace has not paid the operator has.
        assert told == of(lie, provider) and posted(acme, receipt["id"]) == charged
        assert abs(Decimal(str(shop.metrics()['ownkey_overrun_credits_total{reason="disbelieved"}'])) - Decimal(str(overrun)) - beyond) <= MICRO
        statement = acme.operator.get(f"{acme.path}/statements/{receipt['at'][:7]}")
        assert [(Decimal(row["credits"]), Decimal(row["overrun_credits"])) for row in statement["usage"]] == [(told, beyond)]
        assert receipt["usage"]["output"] <= 1_000 and receipt["usage"]["input"] < 1_000
        included = free.receipt(ask(free))
        assert included["cost_usd"] == receipt["cost_usd"] and included["measured"] == "estimated"
        assert receipt["id"] in shop.output(), "the operator is told"
    honest = lambda tokens: acme.ask(provider, f"[[sim:usage input=20 output={tokens}]]", max_tokens=1_000)  # noqa: E731
    assert acme.receipt(honest(2_000))["measured"] == "measured", "text can be as dense as that"
    checked(shop)


def test_what_has_no_bound_is_believed(shop):
    """What tools do that the operator allows besides nobody can bound, nor what the files of a form hold in truth, nor how
    much speech a text becomes."""
    acme = workspace(shop, "pro")
    grant(acme, 100)
    tool = {"type": "web_search_20250305", "name": "web_search"}
    searched = acme.ask("anthropic", "[[sim:usage input=100000 output=20]]", max_tokens=1_000, tools=[tool])
    fields = {"model": "gpt-4o-transcribe", "prompt": "[[sim:usage input=9000]]"}
    headers = {"authorization": f"Bearer {acme.secret}"}
    sent = {"data": fields, "files": [("file", ("a.wav", wav(40_000)))], "headers": headers, "timeout": 60, **LOCAL}
    heard = httpx.post(f"{acme.url}/v1/audio/transcriptions", **sent)
    words = {"model": "gpt-4o-mini-tts", "input": "[[sim:usage output=9000]]", "voice": "alloy", "stream_format": "sse"}
    spoken = httpx.post(f"{acme.url}/v1/audio/speech", json=words, headers=headers, **LOCAL)
    for answer, kind, told in ((searched, "input", 100_000), (heard, "input", 9_000), (spoken, "audio_output", 9_000)):
        receipt = acme.receipt(answer)
        assert (receipt["payer"], receipt["measured"], receipt["usage"].get(kind)) == ("managed", "measured", told), receipt
        assert Decimal(receipt["credits"]) == credits(receipt["cost_usd"]) and receipt["overrun_credits"] == "0"
    checked(shop)


def test_an_own_key_is_between_the_workspace_and_its_provider(shop):
    acme = workspace(shop, "pro")
    acme.put_key("openai", provider_key("openai"), expect=201)
    receipt = acme.receipt(acme.ask("openai", "[[sim:usage input=100000 output=20]]", max_tokens=1_000))
    assert (receipt["measured"], receipt["usage"]["input"]) == ("measured", 100_000)

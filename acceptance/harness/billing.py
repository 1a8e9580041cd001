"""Every kind of call beside every way in which it can end, on credits: what it is charged beside the provider's bill.

The other book is the simulator's: it bills by a price table and a count of its own, and nothing here prices anything.
"""

import itertools
import json
import random
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from urllib.parse import urlsplit

from .api import call_headers, wav
from .money import credits, entries
from .process import wait_for
from .products import grant, workspace

# What a cell is made of, by kind of call. Each first value is the plain one.
ENDS = ["whole", "left before the head", "left at byte 1", "left at byte 700", "left at byte 2000", "cut"]
# How else a call may go, whatever ends it.
COURSE = {"usage": ["", "missing"], "retried": [False, True]}
TOOLS = ["", "own", "hosted"]
AXES = {
    "messages": {
        "model": ["claude-haiku-4-5", "claude-haiku-5-5", "claude-opus-4-6"],
        "stream": [False, True],
        "cache write": ["", "5m", "1h", "5m and 1h"],
        "cache read": [False, True],
        "reasoning": [False, True],
        "long": [False, True],
        "tier": ["", "standard_only", "us"],
        "tools": TOOLS,
        "end": ENDS,
        **COURSE,
    },
    "chat": {
        "model": ["gpt-4o", "gpt-5", "gpt-5.4", "gpt-5.6", "gpt-audio"],
        "stream": [False, True],
        "cache write": ["", "by itself"],
        "cache read": [False, True],
        "reasoning": [False, True],
        "long": [False, True],
        "audio": ["", "heard", "spoken", "heard and spoken"],
        "n": [1, 3],
        "prediction": [False, True],
        "tier": ["", "auto", "default", "flex", "priority"],
        "tools": TOOLS,
        "end": ENDS,
        **COURSE,
    },
    "responses": {
        "model": ["gpt-4o", "gpt-5", "gpt-5.4", "gpt-5.6"],
        "stream": [False, True],
        "cache write": ["", "by itself"],
        "cache read": [False, True],
        "reasoning": [False, True],
        "long": [False, True],
        "chain": [0, 1, 3],
        "tier": ["", "auto", "default", "flex", "priority"],
        "tools": TOOLS,
        "end": ENDS,
        **COURSE,
    },
    "speech": {
        "model": ["tts-1", "gpt-4o-mini-tts"],
        "stream": [False, True],
        "end": [end for end in ENDS if end != "cut"],
        **COURSE,
    },
    "transcription": {
        "model": ["whisper-1", "gpt-4o-transcribe"],
        "stream": [False, True],
        # What is heard is a few words.
        "end": [end for end in ENDS if end != "left at byte 2000"],
        **COURSE,
    },
}
# What a call is made of many texts, or of one.
AXES |= {
    "embeddings": {
        "model": ["text-embedding-3-small", "text-embedding-3-large"],
        "input": ["", "list", "tokens"],
        "end": ENDS[:3],
        **COURSE,
    },
    "completions": {
        "model": ["gpt-3.5-turbo-instruct"],
        "prompt": ["", "list"],
        "stream": [False, True],
        "end": ENDS[:2],
        "retried": COURSE["retried"],
    },
}
# One that completes text. The simulator sells it at no price, so what it told is priced as the operator does it.
TO_READ, TO_WRITE = Decimal("0.0000015"), Decimal("0.000002")
INSTRUCT = f"""
[[models]]
id = "gpt-3.5-turbo-instruct"
provider = "openai"
prices = {{ input = "{TO_READ}", output = "{TO_WRITE}" }}
context_tokens = 4096
output_tokens = 4096
"""
PATHS = {
    "embeddings": "/v1/embeddings",
    "completions": "/v1/completions",
    "messages": "/v1/messages",
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "speech": "/v1/audio/speech",
    "transcription": "/v1/audio/transcriptions",
}
LONG = {"claude-haiku-5-5": 100_000, "gpt-5.4": 272_000, "gpt-5.6": 272_000}
WRITES = {"gpt-5.6"}
REASONS = {"gpt-5", "gpt-5.4", "gpt-5.6"}
# Tiers in which a model is sold besides the usual one.
SOLD = {"gpt-4o": {"priority"}, "gpt-audio": set()} | {model: {"flex", "priority"} for model in REASONS}
# Long enough to be cached.
CACHED = 4 * 1_100
THOUGHT = 300
# What a receipt's usage shows if the cell is what it says.
SHOWN = {
    ("cache write", "5m"): ["cache_write_5m"],
    ("cache write", "1h"): ["cache_write_1h"],
    ("cache write", "5m and 1h"): ["cache_write_5m", "cache_write_1h"],
    ("cache write", "by itself"): ["cache_write"],
    ("cache read", True): ["cache_read"],
    ("reasoning", True): ["reasoning"],
    ("audio", "heard"): ["audio_input"],
    ("audio", "spoken"): ["audio_output"],
    ("audio", "heard and spoken"): ["audio_input", "audio_output"],
}


@dataclass(frozen=True)
class Cell:
    """One call and its end."""

    kind: str
    values: tuple

    @cached_property
    def said(self) -> dict:
        return dict(zip(AXES[self.kind], self.values, strict=True))

    def __getitem__(self, axis: str):
        return self.said.get(axis)

    def __str__(self) -> str:
        plain = {axis: values[0] for axis, values in AXES[self.kind].items() if axis != "model"}
        told = (f"{axis} {value}" for axis, value in self.said.items() if plain.get(axis) != value)
        return ", ".join([self.kind, *told])

    def exists(self) -> bool:
        """Whether there is such a call at the provider's."""
        model, audio, writes = self["model"], self["audio"], self["cache write"] == "by itself"
        impossible = (
            self["long"] and model not in LONG,
            self["reasoning"] and self.kind != "messages" and model not in REASONS,
            audio and (model != "gpt-audio" or self["tools"]),
            # Where a cache is written to by itself, every long prompt is, and what is read is not written again.
            writes and (model not in WRITES or self["cache read"]),
            model in WRITES and self["long"] and not writes and not self["cache read"],
            self.leaves_at() > 1 and not self["stream"],
            # A prediction is for one answer of text, and for models that do not reason.
            self["prediction"] and (model != "gpt-4o" or self["n"] > 1 or self["tools"] or audio),
            # Tokens as they are can ask nothing of the simulator.
            self["input"] == "tokens" and (self["usage"] or self["retried"] or self["end"] != "whole"),
            # Its arguments are a few words.
            self.leaves_at() > 700 and self["tools"] == "own",
            self.kind in ("speech", "transcription") and self["stream"] and model in ("tts-1", "whisper-1"),
            # What goes before it would be refused as it is.
            (self["chain"] or self["cache read"]) and self.expected() == "refused",
        )
        return not any(impossible)

    def expected(self) -> str:
        """`refused` before anything goes out, `exact`, or `estimated` where the provider told no numbers."""
        if self["tools"] == "hosted" or self["tier"] == "us":
            return "refused"
        if self["tier"] in ("flex", "priority") and self["tier"] not in SOLD[self["model"]]:
            return "refused"
        # Sound as it is tells nothing, unless characters are what is sold.
        if self["model"] == "gpt-4o-mini-tts" and not self["stream"]:
            return "refused"
        return "estimated" if (self["end"] == "cut" or self["usage"]) and self["model"] != "tts-1" else "exact"

    def leaves_at(self) -> int:
        """How many bytes of the answer its caller takes before leaving; 0 if that is not what ends it."""
        return int(self["end"].removeprefix("left at byte ")) if "byte" in self["end"] else 0


@dataclass
class Row:
    """What came of a cell."""

    cell: Cell
    verdict: str = "nothing"
    bill: Decimal = Decimal(0)
    cost: Decimal | None = None
    credits: Decimal = Decimal(0)
    posted: Decimal = Decimal(0)
    faults: list[str] = field(default_factory=list)


def cells(strength: int = 2, kind: str | None = None) -> list[Cell]:
    """Cells in which so many values of different axes stand together at least once, wherever they can."""
    return [cell for one in AXES if kind in (None, one) for cell in covering(one, strength)]


def covering(kind: str, strength: int) -> Iterator[Cell]:
    every = [cell for values in itertools.product(*AXES[kind].values()) if (cell := Cell(kind, values)).exists()]
    # A call that is refused shows nothing of what else it has.
    yield from chosen([cell for cell in every if cell.expected() != "refused"], strength)
    yield from chosen([cell for cell in every if cell.expected() == "refused"], 1)


def chosen(among: list[Cell], strength: int) -> Iterator[Cell]:
    """Enough of them that whatever stands together in one of them does in one that is chosen."""
    places = list(itertools.combinations(range(len(among[0].values) if among else 0), strength))
    meet = lambda cell, place: (place, tuple(cell.values[at] for at in place))  # noqa: E731
    left = {meet(cell, place) for place in places for cell in among}
    pick = random.Random(5)
    while left:
        missing = min(left, key=repr)
        those = [cell for cell in among if meet(cell, missing[0]) == missing]
        some = pick.sample(those, min(40, len(those)))
        best = max(some, key=lambda cell: sum(meet(cell, place) in left for place in places))
        left -= {meet(best, place) for place in places}
        yield best


def text(number: str, chars: int) -> str:
    """A text of that many characters that no other call has."""
    line = f"This is number {number}, and says no more than that. "
    return (line * (chars // len(line) + 1))[:chars]


def directives(cell: Cell, number: str) -> str:
    by_end = {"left before the head": "[[sim:slow_head ms=500]]", "cut": "[[sim:cut after=1]]"}
    told = [
        "[[sim:chunks n=30 delay_ms=3]]" if cell.leaves_at() else by_end.get(cell["end"], ""),
        "[[sim:no_usage]]" if cell["usage"] else "",
        f"[[sim:fail_first n=1 status=500 tag={number}]]" if cell["retried"] else "",
        f"[[sim:think tokens={THOUGHT}]]" if cell["reasoning"] else "",
    ]
    return "".join(told)


class Caller:
    """Makes the calls of one cell."""

    def __init__(self, server, cell: Cell, number: int):
        self.cell, self.number = cell, f"{number}-{random.getrandbits(32)}"
        self.server, self.workspace = server, workspace(server, "pro")
        grant(self.workspace, 10_000)
        self.prompt = directives(cell, self.number) + " Hello, what is the answer?"
        if cell["tools"] == "hosted":
            self.prompt += " Do search for it."
        if cell["tools"] == "own":
            self.prompt += ' [[sim:tool name=look input={"a":1}]]'

    def body(self, prompt: str | None = None, previous: str | None = None) -> dict:
        return getattr(self, f"_{self.cell.kind}")(self.prompt if prompt is None else prompt, previous)

    def _messages(self, prompt: str, _) -> dict:
        cell, parts = self.cell, []
        part = lambda name, chars, ttl: {  # noqa: E731
            "type": "text", "text": text(f"{self.number} {name}", chars), "cache_control": {"type": "ephemeral", "ttl": ttl}
        }
        if cell["cache read"]:
            parts.append(part("read", CACHED, "1h"))
        if prompt == self.prompt:
            parts += [part(ttl, CACHED, ttl) for ttl in ("1h", "5m") if ttl in cell["cache write"]]
        if cell["long"]:
            parts.append({"type": "text", "text": text(f"{self.number} long", 4 * LONG[cell["model"]] + 400)})
        parts.append({"type": "text", "text": prompt})
        body = {"model": cell["model"], "max_tokens": 2_000, "messages": [{"role": "user", "content": parts}]}
        if cell["tier"]:
            body |= {"inference_geo": "us"} if cell["tier"] == "us" else {"service_tier": cell["tier"]}
        if cell["reasoning"]:
            body["thinking"] = {"type": "enabled", "budget_tokens": 1_024}
        own = {"name": "look", "input_schema": {"type": "object", "properties": {"a": {"type": "integer"}}}}
        tools = {"": [], "own": [own], "hosted": [{"type": "web_search_20250305", "name": "web_search"}]}[cell["tools"]]
        return body | self._rest(prompt, tools)

    def _chat(self, prompt: str, _) -> dict:
        cell = self.cell
        parts = [{"type": "text", "text": self._before(None) + prompt}]
        if "heard" in cell["audio"] and prompt == self.prompt:
            parts.append({"type": "input_audio", "input_audio": {"data": "QUJD" * 4_000, "format": "wav"}})
        limit = {"max_completion_tokens": 2_000} if cell["model"] not in ("gpt-4o", "gpt-audio") else {"max_tokens": 2_000}
        body = {"model": cell["model"], "messages": [{"role": "user", "content": parts}], "n": cell["n"]} | limit
        if "spoken" in cell["audio"]:
            body |= {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "pcm16"}}
        if cell["model"] in REASONS and not cell["reasoning"]:
            body["reasoning_effort"] = "none"
        function = {"name": "look", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}
        tools = [{"type": "function", "function": function}] if cell["tools"] == "own" else []
        hosted = {"web_search_options": {}} if cell["tools"] == "hosted" else {}
        predicted = {"prediction": {"type": "content", "content": text(self.number, 600)}} if cell["prediction"] else {}
        return body | hosted | predicted | self._tier() | self._rest(prompt, tools)

    def _responses(self, prompt: str, previous: str | None) -> dict:
        cell = self.cell
        body = {"model": cell["model"], "input": self._before(previous) + prompt, "max_output_tokens": 2_000}
        if previous:
            body["previous_response_id"] = previous
        if cell["model"] in REASONS and not cell["reasoning"]:
            body["reasoning"] = {"effort": "none"}
        own = {"type": "function", "name": "look", "strict": False, "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}
        tools = {"": [], "own": [own], "hosted": [{"type": "web_search"}]}[cell["tools"]]
        return body | self._tier() | self._rest(prompt, tools)

    def _embeddings(self, prompt: str, _) -> dict:
        inputs = {"": prompt, "list": [text(self.number, 400), prompt], "tokens": [[1, 2, 3] * 40, [4] * 20]}
        return {"model": self.cell["model"], "input": inputs[self.cell["input"]]}

    def _completions(self, prompt: str, _) -> dict:
        prompts = [text(self.number, 400), prompt] if self.cell["prompt"] else prompt
        return {"model": self.cell["model"], "prompt": prompts, "max_tokens": 20} | self._rest(prompt, [])

    def _speech(self, prompt: str, _) -> dict:
        body = {"model": self.cell["model"], "input": prompt, "voice": "alloy"}
        return body | ({"stream_format": "sse"} if self.cell["stream"] else {})

    def _before(self, previous: str | None) -> str:
        """What stands before the prompt, so that it is long, or read from the cache; a chain is long from its start."""
        is_cached = self.cell["cache read"] or self.cell["cache write"]
        is_long = self.cell["long"] and not previous
        return text(self.number, 4 * LONG[self.cell["model"]] + 800 if is_long else CACHED if is_cached else 0)

    def _tier(self) -> dict:
        return {"service_tier": self.cell["tier"]} if self.cell["tier"] else {}

    def _rest(self, prompt: str, tools: list) -> dict:
        # Only the call itself streams; what goes before it does not matter.
        is_it = prompt == self.prompt
        return ({"tools": tools} if tools else {}) | ({"stream": True} if self.cell["stream"] and is_it else {})

    def request(self, body: dict, secret: str | None = None) -> bytes:
        """The bytes of a whole HTTP request."""
        provider = "anthropic" if self.cell.kind == "messages" else "openai"
        headers = call_headers(provider, secret or self.workspace.secret)
        if self.cell.kind == "transcription":
            sent, headers["content-type"] = self._form(), "multipart/form-data; boundary=limit"
        else:
            sent = json.dumps(body).encode()
        headers |= {"host": urlsplit(self.server.url).netloc, "content-length": str(len(sent)), "connection": "close"}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"POST {PATHS[self.cell.kind]} HTTP/1.1\r\n{head}\r\n".encode() + sent

    def _transcription(self, prompt: str, _) -> dict:
        return {"model": self.cell["model"], "prompt": prompt} | ({"stream": "true"} if self.cell["stream"] else {})

    def _form(self) -> bytes:
        fields = self.body().items()
        parts = [f'--limit\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields]
        file = '--limit\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\ncontent-type: audio/wav\r\n\r\n'
        return "".join([*parts, file]).encode() + wav(40_000) + b"\r\n--limit--\r\n"

    def send(self, body: dict, until=None, secret: str | None = None) -> bytes:
        """Sends it and reads what comes, or until that says to leave."""
        target, came = urlsplit(self.server.url), b""
        with socket.create_connection((target.hostname, target.port), timeout=60) as connection:
            connection.sendall(self.request(body, secret))
            try:
                while not (until and until(came)) and (piece := connection.recv(1 << 16)):
                    came += piece
            except ConnectionResetError:
                pass
        return came

    def before(self) -> str | None:
        """What goes before the call: a prompt to be read from the cache, a chain to go on from."""
        if self.cell["cache read"]:
            # Of the operator's account, whoever asked first.
            status(self.send(self.body("Hello"), secret=self._other().secret), 200)
        previous = None
        for turn in range(self.cell["chain"] or 0):
            came = self.send(self.body(f"Turn {turn}", previous))
            status(came, 200)
            previous = json.loads(came.partition(b"\r\n\r\n")[2])["id"]
        return previous

    def _other(self):
        other = workspace(self.server, "pro")
        grant(other, 10_000)
        return other

    def make(self, sim, previous: str | None) -> bytes:
        body = self.body(previous=previous)
        if self.cell.expected() == "refused":
            return self.send(body)
        if self.cell["retried"]:
            status(self.send(body), 500)
        if self.cell["end"] == "left before the head":
            arrived = lambda _: wait_for(lambda: sim.stats()["open"] == 1, "the provider has it")  # noqa: E731
            return self.send(body, arrived)
        if leaves_at := self.cell.leaves_at():
            content = lambda came: came.partition(b"\r\n\r\n")[2]  # noqa: E731
            came = self.send(body, lambda came: len(content(came)) >= leaves_at)
            assert len(content(came)) >= leaves_at, "the answer is too short to be left there"
            return came
        return self.send(body)

    def hold(self, previous: str | None) -> Decimal:
        """What is held for it at first, as a budget that does not suffice tells it."""
        budget = {"scope": "workspace", "payer": "any", "period": "day", "action": "block", "unpriced": "refuse", "limit_usd": "0.000000001"}
        self.workspace.operator("POST", f"{self.workspace.path}/budgets", budget, 201)
        refused = self.send(self.body(previous=previous))
        status(refused, 402)
        return credits(re.search(rb"needs up to ([0-9.]+) USD", refused)[1].decode())


def status(came: bytes, wanted: int):
    assert came.split()[1:2] == [str(wanted).encode()], came[:2_000]


def run(server, sim, cell: Cell, number: int) -> Row:
    """Makes the call of a cell, and lays the books beside each other."""
    row = Row(cell)
    try:
        make(row, Caller(server, cell, number), sim)
    except (AssertionError, TimeoutError) as error:
        row.verdict = "wrong"
        row.faults.append(repr(error)[:500])
    return row


def make(row: Row, caller: Caller, sim):
    is_refused = row.cell.expected() == "refused"
    previous = caller.before()
    earlier = {receipt["id"] for receipt in caller.workspace.receipts()}
    wait_for(lambda: sim.stats()["open"] == 0, "nothing else is going on")
    since = sim.now()
    came = caller.make(sim, previous)
    calls = sim.ended(since)
    row.bill = sum(map(bill, calls), Decimal(0))
    wanted = 2 if row.cell["retried"] and not is_refused else 1
    receipts = wait_for(lambda: after(caller.workspace, earlier, wanted), "the call has its receipts", 30)
    compare(row, receipts, caller.workspace)
    if not is_refused:
        judge(row, max(receipts, key=lambda receipt: Decimal(receipt["credits"])), caller, previous)
        return
    status(came, 403)
    row.verdict = "refused" if not calls and row.credits == 0 else "wrong"


def bill(call: dict) -> Decimal:
    """What the provider bills for a call."""
    if call["model"] != "gpt-3.5-turbo-instruct" or not call["usage"]:
        return Decimal(call["cost_usd"] or 0)
    return call["usage"]["prompt_tokens"] * TO_READ + call["usage"]["completion_tokens"] * TO_WRITE


def after(workspace, earlier: set, wanted: int) -> list[dict] | None:
    receipts = [receipt for receipt in workspace.receipts() if receipt["id"] not in earlier]
    return receipts if len(receipts) == wanted else None


def compare(row: Row, receipts: list[dict], workspace):
    """The receipts beside the ledger."""
    ids = {receipt["id"] for receipt in receipts}
    row.credits = sum((Decimal(receipt["credits"]) for receipt in receipts), Decimal(0))
    costs = [Decimal(receipt["cost_usd"]) for receipt in receipts if receipt["cost_usd"]]
    row.cost = sum(costs) if costs else None
    row.posted = -sum((Decimal(entry["change"]) for entry in entries(workspace) if entry["request"] in ids), Decimal(0))
    if row.posted != row.credits:
        row.faults.append("the ledger has another charge than the receipt")
    if row.cost is not None and row.credits != credits(row.cost):
        row.faults.append("credits are not what the cost comes to")


def judge(row: Row, receipt: dict, caller: Caller, previous: str | None):
    cell = row.cell
    if row.bill <= 0:
        row.faults.append("the provider bills nothing")
    if cell.expected() == "exact":
        row.verdict = "exact" if row.cost == row.bill and row.credits == credits(row.bill) > 0 else "wrong"
        shown = [name for value in cell.said.items() for name in SHOWN.get(value, ())]
        row.faults += [f"no {name} in its usage" for name in shown if not receipt["usage"].get(name)]
        return
    if cell["end"] != "cut" and row.credits < credits(row.bill):
        row.faults.append("less than the provider bills, who made all of it")
    hold = caller.hold(previous)
    row.verdict = "estimated" if receipt["measured"] != "measured" and 0 < row.credits <= hold else "wrong"


def table(rows: list[Row]) -> str:
    """The table as Markdown."""
    lines = ["| call | verdict | provider's bill (USD) | receipt (USD) | credits | ledger |", "| --- | --- | --- | --- | --- | --- |"]
    for row in rows:
        cost = "unknown" if row.cost is None else f"{row.cost:f}"
        faults = f" ({'; '.join(row.faults)})" if row.faults else ""
        lines.append(f"| {row.cell} | {row.verdict}{faults} | {row.bill:f} | {cost} | {row.credits:f} | {row.posted:f} |")
    return "\n".join(lines)


def is_right(row: Row) -> bool:
    """Priced as it must be, or refused as it must be."""
    return row.verdict == row.cell.expected() and not row.faults


def run_all(server, sim, kind: str | None = None, strength: int = 2) -> list[Row]:
    """The rows of all calls, or of one kind."""
    return [run(server, sim, cell, number) for number, cell in enumerate(cells(strength, kind))]


def summary(rows: list[Row]) -> str:
    count = lambda verdict: sum(row.verdict == verdict for row in rows)  # noqa: E731
    wrong = sum(not is_right(row) for row in rows)
    right = f"{count('exact')} exact, {count('estimated')} estimated and marked so, {count('refused')} refused"
    return f"{len(rows)} calls: {right}, {wrong} wrong"

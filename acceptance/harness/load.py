"""Callers on raw sockets: many at once, some of whom leave in the middle of an answer."""

import asyncio
import json
import random
import secrets
import socket
import struct
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .api import PATHS, call_body, call_headers

TERMINAL = {"openai": b"data: [DONE]\n\n", "anthropic": b'"type":"message_stop"}\n\n'}


@dataclass
class Plan:
    """One call to make."""

    provider: str
    prompt: str
    stream: bool = True
    # Leave when so many bytes have come; 0 is before the head; None is never.
    leave_at: int | None = None
    # Leave by a reset instead of a close.
    reset: bool = False
    id: str = field(default_factory=lambda: "load-" + secrets.token_hex(8))
    # What its body has besides.
    more: dict = field(default_factory=dict)


@dataclass
class Result:
    """What became of a call as its caller saw it."""

    plan: Plan
    status: int | None = None
    received: int = 0
    # The whole answer was read, its terminal event included.
    whole: bool = False
    left: bool = False
    broken: str | None = None
    request_id: str | None = None


def request(plan: Plan, secret: str, host: str, more_headers=None) -> bytes:
    more = {"stream": True} if plan.stream else {}
    body = json.dumps(call_body(plan.provider, plan.prompt, **more, **plan.more)).encode()
    headers = call_headers(plan.provider, secret) | {
        "host": host,
        "content-length": str(len(body)),
        "x-client-request-id": plan.id,
        "connection": "close",
    } | (more_headers or {})
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {PATHS[plan.provider]} HTTP/1.1\r\n{head}\r\n".encode() + body


def read_to_the_end(url: str, secret: str, plan: Plan, headers=None) -> tuple[bytes, bytes]:
    """Head and body of an answer as far as they came, by nothing but a socket."""
    target, data = urlsplit(url), b""
    with socket.create_connection((target.hostname, target.port), timeout=30) as connection:
        connection.sendall(request(plan, secret, target.netloc, headers))
        try:
            while piece := connection.recv(4096):
                data += piece
        except ConnectionResetError:
            pass
    head, _, body = data.partition(b"\r\n\r\n")
    return head, dechunked(body) if b"transfer-encoding: chunked" in head.lower() else body


async def call(plan: Plan, url: str, secret: str, patience: float = 60) -> Result:
    """Makes the call and reads until the end, or until it is time to leave."""
    result = Result(plan)
    target = urlsplit(url)
    try:
        reader, writer = await asyncio.open_connection(target.hostname, target.port)
    except OSError as error:
        result.broken = f"connect: {error}"
        return result
    try:
        async with asyncio.timeout(patience):
            writer.write(request(plan, secret, target.netloc))
            await writer.drain()
            await _read(reader, result)
    except (OSError, TimeoutError) as error:
        result.broken = repr(error)
    finally:
        _leave(writer, reset=plan.reset and result.left)
    return result


async def _read(reader: asyncio.StreamReader, result: Result):
    plan, data = result.plan, bytearray()
    if plan.leave_at == 0:
        await asyncio.sleep(random.random() * 0.03)
        result.left = True
        return
    while piece := await reader.read(65536):
        data += piece
        result.received = len(data)
        _note_head(data, result)
        if plan.leave_at is not None and len(data) >= plan.leave_at:
            result.left = True
            break
    result.whole = _is_whole(bytes(data), plan, result.status)
    if result.whole:
        result.left = False
    elif not result.left:
        result.broken = "the connection closed in mid-answer"


def _note_head(data: bytearray, result: Result):
    if result.status is None and b"\r\n\r\n" in data:
        head = bytes(data[: data.index(b"\r\n\r\n")]).decode("latin-1")
        result.status = int(head.split(" ", 2)[1])
        for line in head.split("\r\n")[1:]:
            name, _, value = line.partition(":")
            if name.lower() == "x-ownkey-request-id":
                result.request_id = value.strip()


def _is_whole(data: bytes, plan: Plan, status: int | None) -> bool:
    head, found, body = data.partition(b"\r\n\r\n")
    if not found:
        return False
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    if lengths:
        return len(body) >= int(lengths[0].split(b":")[1])
    if plan.stream and status == 200:
        return TERMINAL[plan.provider] in dechunked(body)
    return body.endswith(b"0\r\n\r\n")


def dechunked(body: bytes) -> bytes:
    """The content of a chunked body, as far as it came."""
    out, at = bytearray(), 0
    while (end := body.find(b"\r\n", at)) >= 0:
        size = int(body[at:end].split(b";")[0] or b"0", 16)
        if size == 0:
            break
        out += body[end + 2 : end + 2 + size]
        at = end + 2 + size + 2
    return bytes(out)


def _leave(writer: asyncio.StreamWriter, *, reset: bool):
    if writer.transport.is_closing():
        return
    if reset:
        # No farewell: what a crashed program or a dropped network looks like.
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()
    else:
        writer.close()


class Load:
    """So many callers, each making one call after another until told to stop."""

    def __init__(self, url: str, secret: str, callers: int, make_plan):
        self.url, self.secret, self.callers, self.make_plan = url, secret, callers, make_plan
        self.results: list[Result] = []
        self.stopping = False

    async def _caller(self):
        while not self.stopping:
            result = await call(self.make_plan(), self.url, self.secret)
            self.results.append(result)
            if result.broken and result.broken.startswith("connect"):
                return

    async def run(self, until, at_end=None) -> list[Result]:
        """Goes on until something has happened, or for so many seconds; calls `at_end`; waits for the calls under way."""
        callers = [asyncio.create_task(self._caller()) for _ in range(self.callers)]
        await (asyncio.sleep(until) if isinstance(until, (int, float)) else until)
        self.stopping = True
        if at_end:
            at_end()
        await asyncio.gather(*callers)
        return self.results


async def flood(url: str, secret: str, still_wanted, callers: int = 4, at_once: int = 200):
    """Refused calls, many in one write: each has a receipt and costs next to nothing, so journals fill fast."""
    target = urlsplit(url)
    one = (
        f"POST {PATHS['openai']} HTTP/1.1\r\nhost: {target.netloc}\r\nauthorization: Bearer {secret}\r\n"
        "content-type: application/json\r\ncontent-length: 2\r\n\r\n[]"
    ).encode()

    async def caller():
        reader, writer = await asyncio.open_connection(target.hostname, target.port)
        while still_wanted():
            writer.write(one * at_once)
            await writer.drain()
            answered, tail = 0, b""
            while answered < at_once:
                piece = await reader.read(1 << 16)
                if not piece:
                    return
                # An answer's first line may be in two pieces.
                answered += (tail + piece).count(b"HTTP/1.1 400")
                tail = piece[-11:]
        writer.close()

    await asyncio.gather(*(caller() for _ in range(callers)), return_exceptions=True)

"""A provider whose HTTP is broken: the official SDKs meet via Ownkey what they meet without it, as often, and no answer
that came apart looks whole."""

import json
import socket
import threading
from urllib.parse import urlsplit

import httpx
import pytest

from harness.api import LOCAL
from harness.faults import PATHS, Fault, scenario
from harness.raw_provider import RawProvider
from harness.sdk_python import run
from harness.server import Server
from harness.sim import PROVIDERS, provider_key

JSON = json.dumps({"id": "x", "object": "chat.completion", "choices": [], "created": 1, "model": "gpt-4o-mini"}).encode()
EVENT = b'data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[]}\n\n'
KINDS = {"plain": (b"application/json", JSON), "stream": (b"text/event-stream", EVENT), "binary": (b"audio/mpeg", b"\xff" * 64)}
CHUNKED = b"transfer-encoding: chunked\r\n\r\n"
# What follows the head's first lines, made from a piece of the answer.
FRAMINGS = {
    "a_size_that_is_no_number": lambda piece: CHUNKED + chunk(piece) + b"zz\r\n" + piece,
    "a_chunk_longer_than_it_says": lambda piece: CHUNKED + b"%x\r\n%b" % (len(piece) - 2, piece) + b"\r\n0\r\n\r\n",
    "a_chunk_shorter_than_it_says": lambda piece: CHUNKED + b"%x\r\n%b" % (len(piece) + 9, piece),
    "no_last_chunk": lambda piece: CHUNKED + chunk(piece),
    "two_lengths": lambda piece: b"content-length: 5\r\ncontent-length: %d\r\n\r\n" % len(piece) + piece,
    "a_length_that_is_no_number": lambda piece: b"content-length: many\r\n\r\n" + piece,
    "a_head_without_an_end": lambda piece: b"x-note: " + piece.split(b"\n")[0],
}
# Those that come apart before an answer can begin, which is a failed connection and told as one.
IN_THE_HEAD = {"two_lengths", "a_length_that_is_no_number", "a_head_without_an_end"}
PATH_OF = {
    ("openai", "plain"): "chat",
    ("openai", "stream"): "chat_streamed",
    ("openai", "binary"): "speech",
    ("anthropic", "plain"): "messages",
    ("anthropic", "stream"): "messages_streamed",
}


def chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


@pytest.fixture(scope="module")
def raw():
    provider = RawProvider()
    yield provider
    provider.stop()


@pytest.fixture(scope="module")
def workspace(tmp_path_factory, raw):
    server = Server(tmp_path_factory.mktemp("raw"), raw).start()
    made = server.operator.create_workspace()
    for provider in PROVIDERS:
        made.put_key(provider, provider_key(provider), expect=201, save_unverified=True)
    yield made
    assert server.metrics()["ownkey_calls_open"] == 0
    server.stop()


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize(("provider", "kind"), PATH_OF, ids=lambda part: part)
def test_broken_framing_is_the_same_via_ownkey(workspace, raw, provider, kind, framing):
    content_type, piece = KINDS[kind]
    raw.answer = b"HTTP/1.1 200 OK\r\ncontent-type: " + content_type + b"\r\n" + FRAMINGS[framing](piece)
    name = PATH_OF[provider, kind]
    todo = [scenario((name, PATHS[provider][name]), (framing, Fault("")))]
    url = workspace.url + ("/v1" if provider == "openai" else "")
    seen, attempts = [], []
    for base_url, key in ((raw.base_url(provider), "sk-any"), (url, workspace.secret)):
        raw.calls = 0
        [side] = run(provider, base_url, key, todo).values()
        seen.append(side["error"])
        attempts.append(raw.calls)
    direct, via = seen
    assert attempts[0] == attempts[1] > 0
    assert direct and via, "what came apart is an error"
    if framing in IN_THE_HEAD:
        assert (direct["type"], via["type"], via["its_status_code"]) == ("APIConnectionError", "InternalServerError", 502)
    elif kind == "stream":
        assert via["type"] in ("APIError", "APIStatusError") and "broke off" in via["message"]
    else:
        assert via["type"] == direct["type"]
    assert {receipt["outcome"] for receipt in workspace.receipts()} == {"failed"}


HEARD = "/v1/audio/speech"
SPOKEN = {"model": "tts-1", "voice": "alloy", "input": "Hello"}


def test_sound_is_heard_as_it_comes(workspace, raw):
    """Its length is not known: all but one byte of what came goes on before more comes."""
    is_heard, pieces = threading.Event(), [b"\xff" * 64, b"\xee" * 64, b"\xdd"]

    def answer():
        yield b"HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\n" + CHUNKED
        for piece in pieces:
            yield chunk(piece)
            assert is_heard.wait(30)
            is_heard.clear()
        yield b"0\r\n\r\n"

    raw.answer, heard = answer(), b""
    headers = {"authorization": f"Bearer {workspace.secret}"}
    with httpx.stream("POST", workspace.url + HEARD, json=SPOKEN, headers=headers, **LOCAL) as response:
        for piece in response.iter_raw():
            heard += piece
            if len(heard) + 1 in (64, 128, 129):
                is_heard.set()
    assert heard == b"".join(pieces)
    assert workspace.receipts()[0]["outcome"] == "complete"


def test_a_caller_of_http_1_0_sees_that_an_answer_broke_off(workspace, raw):
    """There an answer of unknown length ends with its connection, so a broken one resets it."""
    raw.answer = b"HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\n" + CHUNKED + chunk(b"\xff" * 64)
    target, body = urlsplit(workspace.url), json.dumps(SPOKEN)
    head = f"POST {HEARD} HTTP/1.0\r\nhost: {target.netloc}\r\nauthorization: Bearer {workspace.secret}\r\n"
    with socket.create_connection((target.hostname, target.port), timeout=30) as caller:
        caller.sendall(f"{head}content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode())
        with pytest.raises(ConnectionResetError):
            while caller.recv(65536):
                pass
    assert workspace.receipts()[0]["outcome"] == "failed"

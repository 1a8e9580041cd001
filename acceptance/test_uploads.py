"""Large uploads: on own keys they flow to the provider while they come, and are read whole only where somebody must see
them first."""

import hashlib
import json
import re
import socket
from urllib.parse import urlsplit

import httpx
import openai
import pytest

from harness.api import LOCAL, Workspace, wav
from harness.money import set_budget
from harness.process import wait_for
from harness.server import Server
from harness.sim import provider_key

HEARD = "/v1/audio/transcriptions"
SIZE = 20 << 20
SOUND = wav(SIZE)[:44] + bytes(range(256)) * (SIZE // 256)


@pytest.fixture
def own(server):
    workspace = server.operator.create_workspace()
    workspace.put_key("openai", provider_key("openai"), expect=201)
    return workspace


def field(name: str, value: str) -> bytes:
    return f'--X\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()


def file(name: str = "file", content: bytes = SOUND) -> bytes:
    head = f'--X\r\nContent-Disposition: form-data; name="{name}"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n'
    return head.encode() + content + b"\r\n"


END = b"--X--\r\n"


class Caller:
    """One who sends a form a piece at a time."""

    def __init__(self, workspace, path: str, length: int | None, **more):
        target = urlsplit(workspace.url)
        self.socket = socket.create_connection((target.hostname, target.port), timeout=60)
        told = {"content-length": str(length)} if length is not None else {"transfer-encoding": "chunked"}
        headers = {
            "host": target.netloc, "authorization": f"Bearer {workspace.secret}",
            "content-type": "multipart/form-data; boundary=X",
        } | told | more
        head = f"POST {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.chunked = length is None
        self.socket.sendall(head.encode() + b"\r\n")

    def send(self, data: bytes):
        self.socket.sendall(b"%x\r\n%b\r\n" % (len(data), data) if self.chunked else data)

    def answer(self) -> tuple[int, str]:
        if self.chunked:
            self.socket.sendall(b"0\r\n\r\n")
        seen = b""
        while b"\r\n\r\n" not in seen or (piece := self.socket.recv(65536)):
            seen += piece if b"\r\n\r\n" in seen else self.socket.recv(65536)
            head, _, body = seen.partition(b"\r\n\r\n")
            lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            if lengths and len(body) >= int(lengths[0].split(b":")[1]):
                break
        return int(seen.split(b" ", 2)[1]), body.decode()


def arrived(sim, since: int, path: str = HEARD) -> int:
    """How many bytes of an upload the provider has by now."""
    calls = [entry for entry in sim.log(since) if entry["path"] == path]
    return calls[0]["body_len"] if calls else 0


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("path", [HEARD, "/v1/audio/translations", "/v1/images/edits"])
def test_the_provider_has_the_beginning_before_the_caller_has_sent_the_end(own, sim, path, announced):
    model, name = ("gpt-image-1", "image") if "images" in path else ("whisper-1", "file")
    body = field("model", model) + field("prompt", "Hello") + file(name) + END
    since = sim.now()
    caller = Caller(own, path, len(body) if announced else None)
    half = len(body) // 2
    caller.send(body[:half])
    wait_for(lambda: arrived(sim, since, path) > half * 3 // 4, "the provider has most of what was sent")
    caller.send(body[half:])
    status, text = caller.answer()
    assert status == 200, text
    [call] = sim.calls(since, path)
    assert (call["body_len"], call["body_sha256"]) == (len(body), hashlib.sha256(body).hexdigest())
    [receipt] = own.receipts()
    assert (receipt["outcome"], receipt["model"], receipt["payer"]) == ("complete", model, "byok")


def test_a_model_of_another_name_goes_out_with_a_stream_too(own, sim):
    """And what stands behind the file is heard."""
    own.operator("PUT", f"{own.path}/agents/ear", {"model": "whisper-1"}, 201)
    form = lambda model: field("model", model) + file() + field("response_format", "verbose_json") + END  # noqa: E731
    body, since = form("agent/ear"), sim.now()
    caller = Caller(own, HEARD, len(body))
    caller.send(body)
    status, text = caller.answer()
    assert status == 200 and json.loads(text)["duration"] > 0
    assert sim.calls(since)[0]["body_sha256"] == hashlib.sha256(form("whisper-1")).hexdigest()
    [receipt] = own.receipts()
    assert (receipt["model"], receipt["agent"]) == ("whisper-1", "ear") and receipt["usage"]["input_seconds"] > 0


def test_names_stand_in_quotes_or_not(own):
    """Most callers write them in quotes, .NET does not."""
    body = field("model", "whisper-1") + file(content=b"RIFF") + field("response_format", "verbose_json") + END
    for quoted in ("name", "filename"):
        body = re.sub(rb' %b="([^"]*)"' % quoted.encode(), rb" %b=\1" % quoted.encode(), body)
    assert b'"' not in body
    caller = Caller(own, HEARD, len(body))
    caller.send(body)
    status, text = caller.answer()
    assert status == 200 and json.loads(text)["duration"] > 0, text
    assert own.receipts()[0]["model"] == "whisper-1"


def test_images_are_counted_however_late_their_number_is_told(own, sim):
    body = field("model", "gpt-image-1") + field("prompt", "Hi") + file("image") + field("n", "2") + field("stream", "true") + END
    caller = Caller(own, "/v1/images/edits", len(body))
    caller.send(body[: len(body) // 2])
    caller.send(body[len(body) // 2 :])
    target = caller.socket.makefile("rb")
    text = b"".join(iter(target.readline, b"0\r\n")).decode()
    assert text.count("event: image_edit.completed") == 2
    [receipt] = own.receipts()
    assert (receipt["outcome"], receipt["stream"], receipt["usage"]["output"]) == ("complete", True, 200)


@pytest.mark.parametrize("why", ["managed", "budget", "fallback", "the model comes last"])
def test_who_must_see_it_reads_all_of_it_first(server, own, sim, why):
    """A hold needs its size, another payer needs it again."""
    if why == "managed":
        own.delete_key("openai")
    if why == "budget":
        set_budget(own, limit_usd="5")
    if why == "fallback":
        policy = {"payer": "byok_preferred", "fallback": {"on": ["rate_limited"], "daily_cap_usd": "5"}}
        own.operator("PUT", f"{own.path}/policy", policy, 200)
    parts = [field("model", "whisper-1"), file()]
    body = b"".join(parts[::-1] if why == "the model comes last" else parts) + END
    caller = Caller(own, HEARD, len(body))
    caller.send(body[:-1])
    nearly = sim.now()
    caller.send(body[-1:])
    status, text = caller.answer()
    assert status == 200, text
    [call] = sim.calls(nearly, HEARD)
    assert call["body_sha256"] == hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize(("rest", "named"), [
    (file() + field("model", "gpt-4o-transcribe") + END, "`model`"),
    (file() + b"--X\r\nContent-Disposition: form-data; name=model\r\n\r\nother\r\n" + END, "`model`"),
    (file() + b"--X\r\nContent-Disposition: form-data; name=mo\"del\"\r\n\r\nother\r\n" + END, "not a form"),
    (file() + b"--X", "not a form"),
])
def test_what_nobody_has_decided_about_stops_an_upload_on_its_way(own, sim, rest, named):
    body = field("model", "whisper-1") + rest
    since = sim.now()
    caller = Caller(own, HEARD, len(body))
    caller.send(body[:200_000])
    wait_for(lambda: arrived(sim, since) > 0, "it is on its way")
    caller.send(body[200_000:])
    status, text = caller.answer()
    assert status == 400 and named in text, text
    # It never was whole there.
    assert all(entry["status"] is None for entry in sim.log(since) if entry["path"] == HEARD)
    assert own.receipts()[0]["outcome"] == "failed"


def test_an_upload_that_breaks_off_is_let_go_of(own, sim):
    body = field("model", "whisper-1") + file() + END
    since = sim.now()
    caller = Caller(own, HEARD, len(body))
    caller.send(body[: SIZE // 2])
    wait_for(lambda: arrived(sim, since) > 0, "it is on its way")
    caller.socket.close()
    wait_for(lambda: own.receipts(), "the call has its receipt")
    assert own.receipts()[0]["outcome"] in ("cancelled", "failed")
    assert own.receipts()[0]["cost_usd"] is None
    assert all(entry["status"] is None for entry in sim.log(since) if entry["path"] == HEARD)


def test_an_upload_ends_when_its_platform_key_is_revoked(own, sim):
    made = own.new_api_key("brief", ["inference"])
    body = field("model", "whisper-1") + file() + END
    since = sim.now()
    caller = Caller(Workspace(own.operator, own.id, made["id"], made["secret"]), HEARD, len(body))
    caller.send(body[: SIZE // 2])
    wait_for(lambda: arrived(sim, since) > 0, "it is on its way")
    own.api("DELETE", f"{own.path}/api-keys/{made['id']}", expect=204)
    status, text = caller.answer()
    assert status == 401 and "unauthorized" in text
    assert all(entry["status"] is None for entry in sim.log(since) if entry["path"] == HEARD)


def test_an_upload_takes_no_memory(new_server, sim):
    """Twenty of them at once are more than there is room for."""
    server: Server = new_server(settings="[limits]\nbodies_mib = 64\n").start()
    workspace = server.operator.create_workspace()
    workspace.put_key("openai", provider_key("openai"), expect=201)
    body = field("model", "whisper-1") + file() + END
    callers = [Caller(workspace, HEARD, len(body)) for _ in range(6)]
    for caller in callers:
        caller.send(body[:-1])
    for caller in callers:
        caller.send(body[-1:])
    assert [caller.answer()[0] for caller in callers] == [200] * 6


def test_the_official_sdk_uploads_large_files(own, sim):
    client = openai.OpenAI(base_url=f"{own.url}/v1", api_key=own.secret, max_retries=0, http_client=httpx.Client(**LOCAL))
    since = sim.now()
    heard = client.audio.transcriptions.create(model="whisper-1", file=("a.wav", SOUND))
    assert heard.text and sim.calls(since)[0]["body_len"] > SIZE
    assert own.receipts()[0]["usage"]["input_seconds"] > 0


@pytest.mark.parametrize("status", [404, 429])
def test_a_provider_who_refuses_is_heard(own, sim, status):
    body = field("model", "whisper-1") + file() + END
    caller = Caller(own, HEARD, len(body), **{"x-sim": f"[[sim:status code={status}]]"})
    caller.send(body)
    told, text = caller.answer()
    assert told == status and '"error"' in text
    assert own.receipts()[0]["outcome"] == "failed"


@pytest.mark.parametrize("announced", [True, False])
def test_a_provider_who_refuses_before_the_end_is_heard(own, sim, announced):
    """It answers, and closes while the rest is on its way: what can't be written is no reason not to read. And the caller
    hears of it though he too is still sending."""
    body = field("model", "whisper-1") + file() + END
    for _ in range(8):
        caller = Caller(own, HEARD, len(body) if announced else None, **{"x-sim": "[[sim:early]]"})
        caller.send(body)
        status, text = caller.answer()
        assert status == 413 and "Request body is too large" in text, text
    assert {receipt["outcome"] for receipt in own.receipts()} == {"failed"}

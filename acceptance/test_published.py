"""What holds answers to the published schemas finds every wrong one, whichever way it comes."""

import gzip
import json

import httpx
import pytest

from harness.api import LOCAL, call_body, call_headers
from harness.process import wait_for
from harness.published import differences
from harness.raw_provider import RawProvider
from harness.sim import provider_key
from harness.tap import Tap

CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
CHUNK = {
    "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "service_tier": "default",
    "choices": [{"index": 0, "delta": {"content": "Hi"}, "logprobs": None, "finish_reason": None}],
}  # fmt: skip


def answer(body: bytes, kind: str = "application/json", status: int = 200, more: str = "") -> bytes:
    head = f"HTTP/1.1 {status} Said\r\ncontent-type: {kind}\r\n{more}content-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def stream(*events: dict) -> bytes:
    return answer("".join(f"data: {json.dumps(event)}\n\n" for event in events).encode(), "text/event-stream")


# Where it is said, the answer, and a part of what is found.
WRONG = {
    "a member is missing": (CHAT, answer(b'{"id": "chatcmpl-1", "object": "chat.completion"}'), "'choices' is a required property"),
    "an event has another type": (CHAT, stream(CHUNK, CHUNK | {"created": "now"}), "$.created: 'now' is not of type 'integer'"),
    "no such event": (MESSAGES, stream({"type": "message_begin"}), "no event is 'message_begin'"),
    "an error of another shape": (MESSAGES, answer(b'{"error": {"message": "No"}}', status=400), "'type' is a required property"),
    "an error event of another shape": (CHAT, stream(CHUNK, {"error": {"message": "No"}}), "'code' is a required property"),
    "it is compressed": (CHAT, answer(gzip.compress(b"{}"), more="content-encoding: gzip\r\n"), "'choices' is a required property"),
    "nobody knows the path": ("/v1/secrets", answer(b"{}"), "no schema is known"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_answer_is_found(what):
    path, said, found = WRONG[what]
    provider = RawProvider()
    provider.answer = said
    try:
        with Tap(provider.anthropic) as tap:
            seen = httpx.post(tap.url + path, json={}, **LOCAL)
            assert found in "\n".join(differences(tap.exchanges()))
            assert seen.status_code == tap.exchanges()[0].status
    finally:
        provider.stop()


def test_a_right_answer_is_not_nor_what_of_one_did_not_come():
    provider = RawProvider()
    try:
        with Tap(provider.openai) as tap:
            url = tap.url + CHAT.removeprefix("/v1")
            provider.answer = stream(CHUNK)
            assert httpx.post(url, json={}, **LOCAL).status_code == 200
            provider.answer = stream(CHUNK, CHUNK)[:-30]
            with pytest.raises(httpx.RemoteProtocolError):
                httpx.post(url, json={}, **LOCAL)
            assert [one.whole for one in tap.exchanges()] == [True, False] and differences(tap.exchanges()) == []
    finally:
        provider.stop()


def test_several_calls_of_a_connection_are_told_apart(sim):
    headers = call_headers("openai", provider_key("openai"))
    with Tap(sim.openai) as tap, httpx.Client(headers=headers, **LOCAL) as client:
        for prompt in ("one", "two", "[[sim:status code=404]]"):
            client.post(tap.url + CHAT.removeprefix("/v1"), json=call_body("openai", prompt))
        seen = wait_for(lambda: len(tap.exchanges()) == 3 and tap.exchanges(), "all were heard")
        assert [(one.status, json.loads(one.sent)["messages"][0]["content"]) for one in seen] == [
            (200, "one"), (200, "two"), (404, "[[sim:status code=404]]"),
        ]  # fmt: skip
        assert differences(seen) == []

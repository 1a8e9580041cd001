"""Runs the scenarios with the official Python SDKs."""

import json
import os
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from operator import attrgetter
from unittest.mock import patch

import anthropic
import openai

from .api import call_body
from .scenarios import TOOLS


# How long the clients would have slept before a retry, by the thread that each runs in.
_slept = threading.local()


def client(provider: str, base_url: str, key: str, retries: int):
    for name in ("OPENAI", "ANTHROPIC"):
        for variable in ("API_KEY", "AUTH_TOKEN", "BASE_URL", "ORG_ID", "PROJECT_ID"):
            os.environ.pop(f"{name}_{variable}", None)
    return (openai.OpenAI if provider == "openai" else anthropic.Anthropic)(
        base_url=base_url, api_key=key, max_retries=retries
    )


def run(provider: str, base_url: str, key: str, scenarios: list[dict], at_once: int = 1) -> dict[str, dict]:
    """What each scenario shows to the program that uses the SDK; so many of them side by side."""
    run_id = secrets.token_hex(6)

    def one(scenario: dict) -> tuple[str, dict]:
        request_id, _slept.waits = f"{run_id}-{scenario['name']}", []
        patience = {"timeout": scenario["timeout"]} if "timeout" in scenario else {}
        impatient = sdk.with_options(max_retries=scenario["retries"], **patience)
        seen = _Run(provider, impatient, scenario, request_id, run_id).seen()
        # Without the provider's word for it the client waits for a random part of a second or so.
        return request_id, seen | {"waits": [round(wait) if wait > 2 else "backoff" for wait in _slept.waits]}

    with (
        client(provider, base_url, key, 0) as sdk,
        patch("time.sleep", lambda seconds: _slept.waits.append(seconds)),
        ThreadPoolExecutor(at_once) as pool,
    ):
        return dict(pool.map(one, scenarios))


class _Run:
    def __init__(self, provider, sdk, scenario, request_id, tag):
        self.provider, self.sdk, self.scenario = provider, sdk, scenario
        self.headers = {"x-client-request-id": request_id} | scenario.get("headers", {})
        usual = call_body(provider, scenario["prompt"].replace("TAG", tag)) | scenario["more"]
        body = {name: _with_files(value) for name, value in scenario.get("body", usual).items()}
        default = "chat.completions.create" if provider == "openai" else "messages.create"
        self.resource, self.method = scenario.get("api", default).rsplit(".", 1)
        if scenario["kind"].startswith("tool"):
            body["tools"] = TOOLS[provider]
        self.body = body
        self.parsed, self.answer_headers = [], {}

    def seen(self) -> dict:
        error = None
        try:
            self._go()
        except Exception as raised:  # every kind of it is part of the transcript
            error = self._error(raised)
        return {"parsed": self.parsed, "error": error, "headers": self.answer_headers}

    def _go(self):
        kind = self.scenario["kind"]
        if kind == "binary":
            return self._binary()
        streamed = kind in ("stream", "tool_stream")
        message = self._streamed() if streamed else self._plain()
        if kind.startswith("tool"):
            self.body["messages"] += self._tool_messages(message)
            self._streamed() if streamed else self._plain()

    def _method(self, raw: bool):
        resource = attrgetter(self.resource)(self.sdk)
        bound = getattr(resource.with_raw_response if raw else resource, self.method)
        return partial(bound, *self.scenario.get("args", []), **self.body, extra_headers=self.headers)

    def _plain(self) -> dict:
        raw = self._method(raw=True)()
        self.answer_headers = dict(raw.headers)
        message = raw.parse()
        # A body that is no JSON reaches the program as text.
        self.parsed.append(message.model_dump(mode="json") if hasattr(message, "model_dump") else str(message))
        return self.parsed[-1]

    def _binary(self):
        answer = self._method(raw=True)()
        self.answer_headers = dict(answer.headers)
        self.parsed.append(answer.content.hex())

    def _streamed(self) -> dict:
        stream = self._method(raw=False)(stream=True)
        self.answer_headers = dict(stream.response.headers)
        events = []
        self.parsed.append(events)
        for event in stream:
            events.append(event.model_dump(mode="json"))
        return {} if "api" in self.scenario else _joined(self.provider, events)

    def _tool_messages(self, message: dict) -> list[dict]:
        """The model's call of the tool, and its result."""
        result = "Sunny"
        if self.provider == "openai":
            said = message["choices"][0]["message"]
            call = said["tool_calls"][0]
            assert json.loads(call["function"]["arguments"])["city"]
            reply = {"role": "assistant", "tool_calls": [{k: call[k] for k in ("id", "type", "function")}]}
            return [reply, {"role": "tool", "tool_call_id": call["id"], "content": result}]
        use = next(block for block in message["content"] if block["type"] == "tool_use")
        assert use["input"]["city"]
        use = {k: use[k] for k in ("type", "id", "name", "input")}
        outcome = {"type": "tool_result", "tool_use_id": use["id"], "content": result}
        return [{"role": "assistant", "content": [use]}, {"role": "user", "content": [outcome]}]

    def _error(self, raised: Exception) -> dict:
        response = getattr(raised, "response", None)
        if response is not None:
            self.answer_headers = dict(response.headers)
        told = {"type": type(raised).__qualname__, "message": str(raised), "cause": type(raised.__cause__).__qualname__}
        for name in ("status_code", "code", "param", "type", "body", "request_id"):
            told[f"its_{name}"] = getattr(raised, name, None)
        return json.loads(json.dumps(told, default=str))


def _with_files(value):
    """A value of a scenario with the files that it stands for."""
    if isinstance(value, list):
        return [_with_files(item) for item in value]
    if isinstance(value, dict) and "$file" in value:
        return value["$file"], b"x" * value["size"]
    return value


def _joined(provider: str, events: list[dict]) -> dict:
    """The tool call a stream was the pieces of."""
    if provider == "openai":
        calls = [call for e in events for c in e["choices"] for call in c["delta"].get("tool_calls") or []]
        if not calls:
            return {}
        function = {"name": calls[0]["function"]["name"]}
        function["arguments"] = "".join(call["function"]["arguments"] or "" for call in calls)
        call = {"id": calls[0]["id"], "type": "function", "function": function}
        return {"choices": [{"message": {"tool_calls": [call]}}]}
    use = next((dict(e["content_block"]) for e in events if e["type"] == "content_block_start"), None)
    if not use or use["type"] != "tool_use":
        return {}
    pieces = [e["delta"].get("partial_json", "") for e in events if e["type"] == "content_block_delta"]
    return {"content": [use | {"input": json.loads("".join(pieces))}]}

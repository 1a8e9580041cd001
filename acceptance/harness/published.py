"""Answers beside what their provider publishes: which schema is whose, and where the providers differ from their own."""

import json
import re
from urllib.parse import urlsplit

from .schemas import event_problems, problems
from .tap import Exchange

ID = r"[\w-]+"
CHAT, RESPONSE, MESSAGE = "CreateChatCompletionResponse", "Response", "Message"
# Method and path, the schemas one of which an answer holds to, and that of each event of its stream.
PUBLISHED = [
    ("POST", "/v1/messages", [MESSAGE], "MessageStreamEvent"),
    ("POST", "/v1/messages/count_tokens", ["CountMessageTokensResponse"], None),
    ("POST", "/v1/chat/completions", [CHAT], "CreateChatCompletionStreamResponse"),
    ("GET", "/v1/chat/completions", ["ChatCompletionList"], None),
    ("GET", f"/v1/chat/completions/{ID}", [CHAT], None),
    ("POST", f"/v1/chat/completions/{ID}", [CHAT], None),
    ("DELETE", f"/v1/chat/completions/{ID}", ["ChatCompletionDeleted"], None),
    ("GET", f"/v1/chat/completions/{ID}/messages", ["ChatCompletionMessageList"], None),
    ("POST", "/v1/completions", ["CreateCompletionResponse"], "CreateCompletionResponse"),
    ("POST", "/v1/responses", [RESPONSE], "ResponseStreamEvent"),
    ("POST", "/v1/responses/input_tokens", ["TokenCountsResource"], None),
    ("POST", "/v1/responses/compact", ["CompactResource"], None),
    ("GET", f"/v1/responses/{ID}", [RESPONSE], "ResponseStreamEvent"),
    ("DELETE", f"/v1/responses/{ID}", [], None),
    ("POST", f"/v1/responses/{ID}/cancel", [RESPONSE], None),
    ("GET", f"/v1/responses/{ID}/input_items", ["ResponseItemList"], None),
    ("POST", "/v1/embeddings", ["CreateEmbeddingResponse"], None),
    ("POST", "/v1/moderations", ["CreateModerationResponse"], None),
    ("POST", "/v1/audio/speech", [], "CreateSpeechResponseStreamEvent"),
    (
        "POST", "/v1/audio/transcriptions",
        ["CreateTranscriptionResponseJson", "CreateTranscriptionResponseVerboseJson"], "CreateTranscriptionResponseStreamEvent",
    ),
    ("POST", "/v1/audio/translations", ["CreateTranslationResponseJson", "CreateTranslationResponseVerboseJson"], None),
    ("POST", "/v1/images/generations", ["ImagesResponse"], "ImageGenStreamEvent"),
    ("POST", "/v1/images/edits", ["ImagesResponse"], "ImageEditStreamEvent"),
    ("POST", "/v1/images/variations", ["ImagesResponse"], None),
]  # fmt: skip
# Nulls and words that OpenAI sends and its schemas do not have.
UNPUBLISHED = {
    "ChatCompletionMessageList": r"\$\.data\[\d+\]\.role: 'user' is not one of",
    "CreateCompletionResponse": r"\$\.usage: None is not|\$\.choices\[\d+\]\.finish_reason: None is not",
    "Response": r"\$\.usage: None is not",
    # Numbers in base64, as the SDKs ask for.
    "CreateEmbeddingResponse": r"\$\.data\[\d+\]\.embedding: '[A-Za-z0-9+/=]+' is not of type 'array'",
    # Of a response that has only begun.
    "ResponseStreamEvent": r"\$\.response\.usage: None is not",
}
# What the simulator was asked to leave out, where a schema requires it.
LEFT_OUT = {b"[[sim:no_usage]]": r".*'usage' is a required property"}
# Replays what providers have been seen to end a stream with, which is not always what they publish.
REPLAYED, ENDS = b"[[sim:error", ("error", "response.failed")


def differences(exchanges: list[Exchange]) -> list[str]:
    """Everything in which the answers at a provider's paths are not what it publishes."""
    return [f"{one.method} {one.path} {one.status}: {problem}" for one in exchanges for problem in unpublished(one)]


def unpublished(exchange: Exchange) -> list[str]:
    """In what an answer is not what the provider's schemas say, as far as it came."""
    path = re.sub("^/(openai|anthropic)(?=/v1/)", "", urlsplit(exchange.path).path)
    if not path.startswith("/v1/") or path.startswith("/v1/models") or exchange.method == "HEAD":
        return []
    rows = [row for row in PUBLISHED if row[0] == exchange.method and re.fullmatch(row[1], path)]
    if not rows:
        return [] if exchange.status >= 400 else ["no schema is known for this path"]
    provider = "anthropic" if path.startswith("/v1/messages") else "openai"
    kind = exchange.headers.get("content-type", "").split(";")[0]
    _, _, plain, event = rows[0]
    if kind == "text/event-stream":
        seen = [one for one in events(exchange.content) if REPLAYED not in exchange.sent or one.get("type") not in ENDS]
        found = [problem for one in seen for problem in _of_event(provider, event, one)]
    elif kind == "application/json" and exchange.whole:
        found = _of_whole(provider, plain if exchange.status < 400 else ["ErrorResponse"], json.loads(exchange.content))
    else:
        found = []
    left_out = [pattern for directive, pattern in LEFT_OUT.items() if directive in exchange.sent]
    return [problem for problem in found if not any(re.match(pattern, problem) for pattern in left_out)]


def events(content: bytes) -> list[dict]:
    """The data of each event that came whole."""
    whole = content.replace(b"\r\n", b"\n").split(b"\n\n")[:-1]
    lines = [line.removeprefix(b"data: ") for event in whole for line in event.split(b"\n") if line.startswith(b"data: ")]
    return [json.loads(line) for line in lines if line != b"[DONE]"]


def _of_event(provider: str, schema: str | None, event: dict) -> list[str]:
    # Anthropic's pings are described in words only.
    if event == {"type": "ping"}:
        return []
    if isinstance(event.get("error"), dict):
        return problems(provider, "ErrorResponse", event)
    if schema is None:
        return ["a stream where none is published"]
    return _beside(schema, event_problems(provider, schema, event))


def _of_whole(provider: str, schemas: list[str], body) -> list[str]:
    found = [_beside(schema, problems(provider, schema, body)) for schema in schemas]
    return min(found, key=len, default=[])


def _beside(schema: str, found: list[str]) -> list[str]:
    return [problem for problem in found if not re.match(UNPUBLISHED.get(schema, "$^"), problem)]

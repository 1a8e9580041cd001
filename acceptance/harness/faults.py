"""Every path of both protocols, and everything that can go wrong at a provider: a table, made into scenarios.

The fault is asked for in a header, so that paths without a text have it too. `told` marks the faults about which
Ownkey says more than the provider does: there the provider's own caller meets a broken connection, Ownkey's a 502 where
nothing had come, or the error event of a stream. Those exceptions differ; the number of attempts never does.
"""

from dataclasses import dataclass

from .path_scenarios import FORECAST, file_of

# As the SDKs have it where a program says nothing.
RETRIES = 2
# How long a caller waits who meets a provider that has stopped, where the others wait as long as it takes.
PATIENCE = 1.5
# How an answer comes: whole and JSON, as a stream of events, as sound.
KINDS = ("plain", "stream", "binary")


@dataclass(frozen=True)
class Path:
    """One way to call a provider."""

    api: str
    body: dict
    kind: str = "plain"
    # What comes before the body; `RESPONSE` and `COMPLETION` stand for the id of one that the provider keeps.
    args: tuple[str, ...] = ()
    # A stream that the SDK hands on as sound.
    events: bool = False


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong."""

    asked: str
    kinds: tuple[str, ...] = KINDS
    # Whether Ownkey says more than the provider does, by kind of answer.
    told: tuple[str, ...] = ()
    # Whether the caller's patience ends first.
    waits: bool = False
    # How the call ends on Ownkey's receipt, or may end.
    outcomes: tuple[str, ...] = ("failed",)


RESPONSE, COMPLETION = "RESPONSE", "COMPLETION"
HELLO = [{"role": "user", "content": "Hello"}]
CHAT = {"model": "gpt-4o-mini", "messages": HELLO}
LEGACY = {"model": "gpt-3.5-turbo-instruct", "prompt": "Say it"}
ANSWER = {"model": "gpt-4o", "input": "Hello"}
EMBEDDED = {"model": "text-embedding-3-small", "input": "Hello", "dimensions": 8, "encoding_format": "float"}
SPEECH = {"model": "gpt-4o-mini-tts", "input": "Hello", "voice": "alloy"}
SOUND = {"model": "gpt-4o-transcribe", "file": file_of(20_000)}
DRAWN = {"model": "gpt-image-1", "prompt": "A cat"}
EDITED = DRAWN | {"image": file_of(999, "a.png")}
PARTS = {"partial_images": 2}
MESSAGE = {"model": "claude-haiku-4-5", "max_tokens": 64, "messages": HELLO}

PATHS = {
    "openai": {
        "chat": Path("chat.completions.create", CHAT),
        "chat_streamed": Path("chat.completions.create", CHAT | {"stream_options": {"include_usage": True}}, "stream"),
        "chat_list": Path("chat.completions.list", {}),
        "chat_retrieved": Path("chat.completions.retrieve", {}, args=(COMPLETION,)),
        "chat_updated": Path("chat.completions.update", {"metadata": {"a": "b"}}, args=(COMPLETION,)),
        "chat_deleted": Path("chat.completions.delete", {}, args=(COMPLETION,)),
        "chat_messages": Path("chat.completions.messages.list", {}, args=(COMPLETION,)),
        "completion": Path("completions.create", LEGACY),
        "completion_streamed": Path("completions.create", LEGACY | {"stream_options": {"include_usage": True}}, "stream"),
        "response": Path("responses.create", ANSWER | {"tools": [FORECAST]}),
        "response_streamed": Path("responses.create", ANSWER, "stream"),
        "response_retrieved": Path("responses.retrieve", {}, args=(RESPONSE,)),
        "response_retrieved_streamed": Path("responses.retrieve", {}, "stream", (RESPONSE,)),
        "response_cancelled": Path("responses.cancel", {}, args=(RESPONSE,)),
        "response_deleted": Path("responses.delete", {}, args=(RESPONSE,)),
        "response_input_items": Path("responses.input_items.list", {}, args=(RESPONSE,)),
        "response_input_tokens": Path("responses.input_tokens.count", ANSWER),
        "response_compacted": Path("responses.compact", ANSWER),
        "embeddings": Path("embeddings.create", EMBEDDED),
        "moderations": Path("moderations.create", {"input": "Hello"}),
        "speech": Path("audio.speech.create", SPEECH, "binary"),
        "speech_as_events": Path("audio.speech.create", SPEECH | {"stream_format": "sse"}, "binary", events=True),
        "transcription": Path("audio.transcriptions.create", SOUND),
        "transcription_streamed": Path("audio.transcriptions.create", SOUND, "stream"),
        "translation": Path("audio.translations.create", {"model": "whisper-1", "file": file_of(999)}),
        "images": Path("images.generate", DRAWN),
        "images_streamed": Path("images.generate", DRAWN | PARTS, "stream"),
        "image_edit": Path("images.edit", EDITED),
        "image_edit_streamed": Path("images.edit", EDITED | PARTS, "stream"),
        "image_variation": Path("images.create_variation", {"image": file_of(99, "a.png")}),
    },
    "anthropic": {
        "messages": Path("messages.create", MESSAGE),
        "messages_streamed": Path("messages.create", MESSAGE, "stream"),
        "count_tokens": Path("messages.count_tokens", {"model": "claude-haiku-4-5", "messages": HELLO}),
    },
}

# What an SDK reads as sound is cut off via Ownkey where the provider ends it too early, so that the SDK tries again;
# without Ownkey it takes the half for the whole.
EXCEPT = {("speech_as_events", "end_before_the_last_event")}
# Who meets nonsense stops reading, before the end or behind it.
READ = ("complete", "cancelled")
STATUSES = (400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529)
FAULTS = {f"status_{code}": Fault(f"[[sim:status code={code}]]") for code in STATUSES} | {
    "rate_limit_with_retry_after": Fault("[[sim:status code=429]][[sim:retry_after s=7]]"),
    "overloaded_with_retry_after": Fault("[[sim:status code=529]][[sim:retry_after s=7]]"),
    "error_within": Fault("[[sim:error_event after=1]]", ("stream",)),
    "disconnect": Fault("[[sim:hang_up]]", told=KINDS),
    "truncation": Fault("[[sim:cut after=1]]", told=("stream",)),
    "truncation_within_an_event": Fault("[[sim:cut_within after=1]]", ("stream",), told=("stream",)),
    "end_before_the_last_event": Fault("[[sim:no_done]]", ("stream",), told=("stream",)),
    "a_length_that_is_a_lie": Fault("[[sim:length_lie by=500]]", ("plain",)),
    "malformed_chunk": Fault("[[sim:bad_json]]", ("plain", "stream"), outcomes=READ),
    "invalid_bytes": Fault("[[sim:invalid_utf8]]", ("stream",), outcomes=READ),
    "page_of_an_edge": Fault("[[sim:html]]"),
    "stall": Fault("[[sim:hang after=1]]", waits=True, outcomes=("cancelled",)),
    "no_first_byte": Fault("[[sim:slow_head ms=60000]]", waits=True, outcomes=("cancelled",)),
    "slow_first_byte": Fault("[[sim:slow_head ms=200]]", outcomes=("complete",)),
}


def scenarios(provider: str) -> list[dict]:
    """The table, in the form of `scenarios.py`; `path` and `fault` say which entry each is."""
    return [
        scenario((name, path), (of, fault))
        for name, path in PATHS[provider].items()
        for of, fault in FAULTS.items()
        if _fits(path, fault.kinds) and (name, of) not in EXCEPT
    ]


def _fits(path: Path, kinds: tuple[str, ...]) -> bool:
    return path.kind in kinds or (path.events and "stream" in kinds)


def scenario(named_path: tuple[str, Path], named_fault: tuple[str, Fault]) -> dict:
    """One entry of the table."""
    (name, path), (of, fault) = named_path, named_fault
    # Sound that breaks off is an abort, whatever it is made of.
    told = ["told"] if path.kind in fault.told else []
    return {
        "name": f"{name}-{of}",
        "path": name,
        "fault": of,
        "api": path.api,
        "body": path.body,
        "kind": path.kind,
        "args": list(path.args),
        "headers": {"x-sim": fault.asked} if fault.asked else {},
        "differs": told,
        # A program waits as often as it retries: once is enough to see that.
        "retries": 1 if fault.waits else RETRIES,
        **({"timeout": PATIENCE} if fault.waits else {}),
        "query": path.api.endswith((".list", "responses.retrieve")),
        "prompt": "",
        "more": {},
    }

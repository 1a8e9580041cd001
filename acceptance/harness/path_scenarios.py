"""What the official SDKs are made to live through on the paths beside chat and messages.

`api` is the resource and method of the SDK by their Python names, `body` all that is sent, `args` what comes before it.
`query` marks a method that takes parameters of a query before its options, which matters to JavaScript.
"""


def _at(name: str, api: str, body: dict | None = None, kind: str = "plain", **more) -> dict:
    told = {"query": api.endswith((".list", "responses.retrieve")), "retries": 0, "prompt": "", "more": {}, "differs": [], "args": []} | more
    return told | {"name": name, "api": api, "body": body or {}, "kind": kind}


def _embeddings() -> list[dict]:
    model = {"model": "text-embedding-3-small"}
    return [
        _at("embeddings", "embeddings.create", model | {"input": "Grüße 🙂"}),
        _at("embeddings_of_many_as_floats", "embeddings.create", model | {"input": ["a", "b"], "encoding_format": "float", "dimensions": 8}),
        _at("embeddings_of_tokens", "embeddings.create", model | {"input": [[1, 2], [3]], "dimensions": 4}),
        _at("embeddings_refused", "embeddings.create", model | {"input": "a", "dimensions": "x"}),
        _at("embeddings_rate_limited", "embeddings.create", model | {"input": "[[sim:error id=openai.rate.requests]]"}, retries=1),
    ]


def _completions() -> list[dict]:
    model = {"model": "gpt-3.5-turbo-instruct", "max_tokens": 40}
    usage = {"stream_options": {"include_usage": True}}
    return [
        _at("completion", "completions.create", model | {"prompt": "Say Grüße", "n": 2, "best_of": 3}),
        _at("completion_streamed", "completions.create", model | {"prompt": "Say it [[sim:split]]"}, kind="stream"),
        _at("completion_streamed_with_usage", "completions.create", model | {"prompt": "Say it"} | usage, kind="stream"),
        _at("completion_by_a_chat_model", "completions.create", model | {"prompt": "Say it", "model": "gpt-4o"}),
    ]


PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
FORECAST = {"type": "function", "name": "forecast", "description": "…", "strict": True, "parameters": PARAMETERS}


def _responses() -> list[dict]:
    def body(text: str, **more) -> dict:
        return {"model": "gpt-4o", "input": text} | more

    create = "responses.create"
    turns = [
        {"role": "user", "content": [{"type": "input_text", "text": "What is the weather?"}]},
        {"type": "function_call", "call_id": "call_1", "name": "forecast", "arguments": '{"city":"Zürich"}'},
        {"type": "function_call_output", "call_id": "call_1", "output": "Sunny"},
    ]
    return [
        _at("response", create, body("Grüße 🙂 \u2028", instructions="Be brief.", store=False)),
        _at("response_streamed", create, body("Hello [[sim:split]]"), kind="stream"),
        _at("response_streamed_byte_by_byte", create, body("Hello [[sim:bytes]]"), kind="stream"),
        _at("response_with_a_tool", create, body("What is the weather?", tools=[FORECAST])),
        _at("response_with_a_tool_streamed", create, body("What is the weather?", tools=[FORECAST]), kind="stream"),
        _at("response_to_a_tools_result", create, body("", tools=[FORECAST]) | {"input": turns}, kind="stream"),
        _at("response_with_a_web_search", create, body("search it", tools=[{"type": "web_search"}]), kind="stream"),
        _at("response_cut_short", create, body("Hello", max_output_tokens=16), kind="stream"),
        _at("response_of_great_length", create, body("[[sim:huge bytes=300000]]"), kind="stream"),
        _at("response_in_the_background", create, body("Hello", background=True)),
        _at("response_refused", create, body("Hello", temperature=9)),
        _at("response_after_one_that_is_not_there", create, body("Hello", previous_response_id="resp_gone")),
        _at("response_rate_limited", create, body("[[sim:error id=openai.rate.requests]]"), retries=1),
        _at("response_error_nested", create, body("Hello [[sim:error_event id=openai.stream.responses_error_nested]]"), kind="stream"),
        _at("response_failed", create, body("Hello [[sim:error_event id=openai.stream.response_failed.server_error]]"), kind="stream"),
        _at("response_tokens", "responses.input_tokens.count", body("Hello")),
        _at("response_compacted", "responses.compact", body("Hello")),
        *(_at(f"response_{name}", f"responses.{api}", args=["resp_gone"]) for name, api in BY_ID.items()),
        *(_at(f"completion_{name}", f"chat.completions.{api}", args=["chatcmpl-gone"]) for name, api in STORED.items()),
        _at("completion_update", "chat.completions.update", {"metadata": {"a": "b"}}, args=["chatcmpl-gone"]),
        _at("completion_list", "chat.completions.list"),
    ]


BY_ID = {"retrieved": "retrieve", "deleted": "delete", "cancelled": "cancel", "input_items": "input_items.list"}
STORED = {"retrieved": "retrieve", "deleted": "delete", "messages": "messages.list"}


def _moderations() -> list[dict]:
    parts = [{"type": "text", "text": "I want to kill them."}, {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]
    return [
        _at("moderation", "moderations.create", {"input": ["fine", "kill"]}),
        _at("moderation_of_parts", "moderations.create", {"model": "omni-moderation-latest", "input": parts}),
        _at("moderation_refused", "moderations.create", {"model": "gpt-4o", "input": "x"}),
    ]


def _counting() -> list[dict]:
    body = {"model": "claude-haiku-4-5", "messages": [{"role": "user", "content": "Hello"}]}
    tools = [{"name": "forecast", "input_schema": {"type": "object"}}]
    return [
        _at("count_tokens", "messages.count_tokens", body | {"system": "Be brief.", "tools": tools}),
        _at("count_tokens_refused", "messages.count_tokens", body | {"model": "claude-nothing-like-it"}),
        _at("count_tokens_beta", "beta.messages.count_tokens", body | {"betas": ["token-counting-2024-11-01"]}),
    ]


def file_of(size: int, name: str = "sound.wav") -> dict:
    """Stands for a file of so many bytes, which each language has its own type for."""
    return {"$file": name, "size": size}


def _media() -> list[dict]:
    speech = {"model": "gpt-4o-mini-tts", "input": "Grüße 🙂", "voice": "alloy"}
    heard = {"model": "gpt-4o-transcribe", "file": file_of(50_000), "prompt": "Hello"}
    whisper = {"model": "whisper-1", "file": file_of(9), "prompt": "Hello"}
    picture = {"model": "gpt-image-1", "prompt": "A cat"}
    edit = picture | {"image": [file_of(999, "a.png"), file_of(99, "b.png")]}
    hear, draw = "audio.transcriptions.create", "images.generate"
    return [
        _at("speech", "audio.speech.create", speech, kind="binary"),
        _at("speech_as_events", "audio.speech.create", speech | {"stream_format": "sse"}, kind="binary"),
        _at("speech_refused", "audio.speech.create", speech | {"speed": 9}, kind="binary"),
        _at("transcription", hear, heard),
        _at("transcription_streamed", hear, heard, kind="stream"),
        _at("transcription_by_the_second", hear, whisper | {"response_format": "verbose_json", "temperature": 0.5}),
        _at("transcription_as_text", hear, whisper | {"response_format": "srt", "timestamp_granularities": ["word", "segment"]}),
        _at("transcription_refused", hear, heard | {"response_format": "vtt"}),
        _at("transcription_rate_limited", hear, heard | {"prompt": "[[sim:error id=openai.rate.requests]]"}, retries=1),
        _at("translation", "audio.translations.create", whisper),
        _at("images", draw, picture | {"n": 2}),
        _at("images_of_the_usual_model", draw, {"prompt": "A cat"}),
        _at("images_streamed", draw, picture | {"partial_images": 2}, kind="stream"),
        _at("images_of_great_size_streamed", draw, picture | {"prompt": "[[sim:huge bytes=200000]]"}, kind="stream"),
        _at("images_refused", draw, picture | {"n": 99}),
        _at("image_edit", "images.edit", edit),
        _at("image_edit_streamed", "images.edit", edit, kind="stream"),
        _at("image_variation", "images.create_variation", {"image": file_of(99, "a.png"), "n": 2}),
    ]


def scenarios(provider: str) -> list[dict]:
    of_provider = {
        "anthropic": [_counting],
        "openai": [_embeddings, _completions, _responses, _moderations, _media],
    }
    return [scenario for part in of_provider[provider] for scenario in part()]

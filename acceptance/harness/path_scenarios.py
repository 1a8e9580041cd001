"""What the official SDKs are made to live through on the paths beside chat and messages.

`api` is the resource and method of the SDK by their Python names, `body` all that is sent, `args` what comes before it.
"""


def _at(name: str, api: str, body: dict | None = None, kind: str = "plain", **more) -> dict:
    told = {"retries": 0, "prompt": "", "more": {}, "differs": [], "args": []} | more
    return told | {"name": name, "api": api, "body": body or {}, "kind": kind}


def _embeddings() -> list[dict]:
    model = {"model": "text-embedding-3-small"}
    return [
        _at("embeddings", "embeddings.create", model | {"input": "Grüße 🙂"}),
        _at("embeddings_of_many_as_floats", "embeddings.create", model | {"input": ["a", "b"], "encoding_format": "float", "dimensions": 8}),
        _at("embeddings_of_tokens", "embeddings.create", model | {"input": [[1, 2], [3]], "dimensions": 4}),
        _at("embeddings_refused", "embeddings.create", model | {"input": "a", "dimensions": "x"}),
        _at("embeddings_rate_limited", "embeddings.create", model | {"input": "[[sim:error id=openai.rate.requests]]"}, retries=1),
        _at("embeddings_cut", "embeddings.create", model | {"input": "a [[sim:cut]]"}, retries=1, differs=["error", "attempts"]),
    ]


def _completions() -> list[dict]:
    model = {"model": "gpt-3.5-turbo-instruct", "max_tokens": 40}
    usage = {"stream_options": {"include_usage": True}}
    return [
        _at("completion", "completions.create", model | {"prompt": "Say Grüße", "n": 2, "best_of": 3}),
        _at("completion_streamed", "completions.create", model | {"prompt": "Say it [[sim:split]]"}, kind="stream"),
        _at("completion_streamed_with_usage", "completions.create", model | {"prompt": "Say it"} | usage, kind="stream"),
        _at("completion_by_a_chat_model", "completions.create", model | {"prompt": "Say it", "model": "gpt-4o"}),
        _at("completion_error_event", "completions.create", model | {"prompt": "Say it [[sim:error_event after=2]]"}, kind="stream"),
    ]


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


def scenarios(provider: str) -> list[dict]:
    if provider == "anthropic":
        return _counting()
    return _embeddings() + _completions() + _moderations()

"""What the official SDKs are made to live through, told once for Python and for Node. Those of the other paths are in
`path_scenarios.py`.

What goes wrong at a provider is in `faults.py`, for every path.

Each scenario is a request (`kind`, `prompt`, `more`), and `retries`, the number the client may make. `differs` names
what the contract lets Ownkey say otherwise than the provider. `told` is about answers that break off, where Ownkey can
tell its caller what happened and the provider could only hang up: another exception. `hopeless` is about an account that has run dry and a request that no limit lets
through: Ownkey must say that a retry changes nothing, so there is one attempt, whatever the client would have made of
the provider's own answer.
"""

from . import path_scenarios

RATE = {"openai": "openai.rate.requests", "anthropic": "anthropic.rate.requests_per_minute"}
QUOTA = {"openai": "openai.quota.insufficient_quota", "anthropic": "anthropic.billing.credit_too_low"}
# Looks like a rate limit, and no later try of the same request can succeed.
TOO_LARGE = {"openai": "openai.rate.request_too_large", "anthropic": "anthropic.rate.long_context_entitlement"}
BAD_REQUEST = {"openai": {"temperature": 9}, "anthropic": {"system": 5}}
NO_MODEL = {"openai": {"model": "gpt-nothing-like-it"}, "anthropic": {"model": "claude-nothing-like-it"}}
# Without it each chunk of a stream has a `"usage":null` more via Ownkey, which asks for the usage by itself.
WITH_USAGE = {"openai": {"stream_options": {"include_usage": True}}, "anthropic": {}}

PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1}},
    "required": ["city", "days"],
}
TOOLS = {
    "openai": [{"type": "function", "function": {"name": "forecast", "description": "…", "parameters": PARAMETERS}}],
    "anthropic": [{"name": "forecast", "description": "…", "input_schema": PARAMETERS}],
}


def _one(name: str, prompt: str = "Hello", kind: str = "plain", retries: int = 0, **more) -> dict:
    differs = more.pop("differs", [])
    return {"name": name, "kind": kind, "prompt": prompt, "retries": retries, "more": more, "differs": differs}


def scenarios(provider: str) -> list[dict]:
    """All of them; the word TAG in a prompt stands for a word of the run's own."""
    both = [
        _one("plain"),
        _one("plain_unicode", "Grüße 🙂 你好 \u2028 \"quoted\" \\ back"),
        _one("stream", kind="stream"),
        _one("stream_split_anywhere", "Hello [[sim:split]]", kind="stream"),
        _one("stream_byte_by_byte", "Hello [[sim:bytes]]", kind="stream"),
        _one("tool_round_trip", "What is the weather?", kind="tool"),
        _one("tool_round_trip_streamed", "What is the weather?", kind="tool_stream"),
        _one("bad_request", **BAD_REQUEST[provider]),
        _one("no_such_model", **NO_MODEL[provider]),
        _one("no_such_model_streamed", kind="stream", **NO_MODEL[provider]),
        _one("rate_limit_with_retry_after", f"[[sim:error id={RATE[provider]}]]", retries=2),
        _one("quota_exhausted", f"[[sim:error id={QUOTA[provider]}]]", retries=2, differs=["hopeless"]),
        _one("quota_exhausted_streamed", f"[[sim:error id={QUOTA[provider]}]]", kind="stream", retries=2, differs=["hopeless"]),
        _one("too_large_for_any_limit", f"[[sim:error id={TOO_LARGE[provider]}]]", retries=2, differs=["hopeless"]),
        _one("provider_says_no_retry", "[[sim:status code=429]][[sim:should_retry value=false]]", retries=2),
        _one("provider_says_retry", "[[sim:status code=400]][[sim:should_retry value=true]]", retries=1),
        _one("recovers_after_two_failures", "Hello [[sim:fail_first n=2 status=500 tag=TAG]]", retries=3),
        _one("unasked_gzip", "Hello [[sim:gzip]]"),
        _one("no_usage", "Hello [[sim:no_usage]]"),
        _one("no_usage_streamed", "Hello [[sim:no_usage]]", kind="stream"),
        _one("huge", "[[sim:huge bytes=300000]]"),
    ]
    if provider == "openai":
        both.append(_one("stream_with_usage", kind="stream", **WITH_USAGE[provider]))
        both.append(_one("two_choices", kind="stream", n=2))
    return both + path_scenarios.scenarios(provider)

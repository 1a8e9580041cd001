"""A call at every route that is served, as simple as it gets."""

import json

import httpx

from .api import LOCAL, call_headers

SOUND = {"file": ("sound.wav", b"x" * 4_000)}
PICTURE = {"image": ("a.png", b"x" * 99)}
HELLO = [{"role": "user", "content": "Hello"}]
RESPONSE = {"model": "gpt-4o-mini", "input": "Hello"}
DRAWN = {"model": "gpt-image-1", "prompt": "A cat"}
SPOKEN = {"model": "gpt-4o-mini-tts", "input": "Hello", "voice": "alloy", "stream_format": "sse"}
# Method and path as the API names them: protocol, body, files of a form.
CALLS = {
    ("POST", "/v1/messages"): ("anthropic", {"model": "claude-haiku-4-5", "max_tokens": 64, "messages": HELLO}, None),
    ("POST", "/v1/messages/count_tokens"): ("anthropic", {"model": "claude-haiku-4-5", "messages": HELLO}, None),
    ("POST", "/v1/chat/completions"): ("openai", {"model": "gpt-4o-mini", "max_tokens": 64, "messages": HELLO}, None),
    ("GET", "/v1/chat/completions"): ("openai", None, None),
    ("GET", "/v1/chat/completions/{id}"): ("openai", None, None),
    ("POST", "/v1/chat/completions/{id}"): ("openai", {"metadata": {"a": "b"}}, None),
    ("DELETE", "/v1/chat/completions/{id}"): ("openai", None, None),
    ("GET", "/v1/chat/completions/{id}/messages"): ("openai", None, None),
    ("POST", "/v1/responses"): ("openai", RESPONSE | {"max_output_tokens": 64}, None),
    ("POST", "/v1/responses/input_tokens"): ("openai", RESPONSE, None),
    ("POST", "/v1/responses/compact"): ("openai", RESPONSE, None),
    ("GET", "/v1/responses/{id}"): ("openai", None, None),
    ("DELETE", "/v1/responses/{id}"): ("openai", None, None),
    ("POST", "/v1/responses/{id}/cancel"): ("openai", None, None),
    ("GET", "/v1/responses/{id}/input_items"): ("openai", None, None),
    ("POST", "/v1/completions"): ("openai", {"model": "gpt-3.5-turbo-instruct", "max_tokens": 64, "prompt": "Say"}, None),
    ("POST", "/v1/embeddings"): ("openai", {"model": "text-embedding-3-small", "input": "Hello"}, None),
    ("POST", "/v1/moderations"): ("openai", {"model": "omni-moderation-latest", "input": "kill"}, None),
    ("POST", "/v1/audio/speech"): ("openai", SPOKEN, None),
    ("POST", "/v1/audio/transcriptions"): ("openai", {"model": "gpt-4o-transcribe"}, SOUND),
    ("POST", "/v1/audio/translations"): ("openai", {"model": "gpt-4o-transcribe"}, SOUND),
    ("POST", "/v1/images/generations"): ("openai", DRAWN, None),
    ("POST", "/v1/images/edits"): ("openai", DRAWN, PICTURE),
    ("POST", "/v1/images/variations"): ("openai", {"model": "gpt-image-1", "n": "1"}, PICTURE),
}


def model_of(route: tuple[str, str]) -> str | None:
    _, body, _ = CALLS[route]
    return (body or {}).get("model")


def send(workspace, route: tuple[str, str], id: str = "thing_1", **more) -> httpx.Response:
    """Calls it, with a body that is changed so; where it is about something that is there already, about that."""
    method, path = route
    protocol, body, files = CALLS[route]
    url, headers = workspace.url + path.replace("{id}", id), call_headers(protocol, workspace.secret)
    if files:
        del headers["content-type"]
        return httpx.request(method, url, data=body | more, files=files, headers=headers, timeout=60, **LOCAL)
    content = None if body is None else json.dumps(body | more).encode()
    return httpx.request(method, url, content=content, headers=headers, timeout=60, **LOCAL)

"""The management API and the two model protocols as a user calls them."""

import json
import struct
from dataclasses import dataclass, field

import httpx

MODELS = {"openai": "gpt-4o-mini", "anthropic": "claude-haiku-4-5"}
PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}
SCOPES = ["inference", "providers:read", "providers:write", "keys:write", "usage:read", "audit:read"]


# Everything here is plain HTTP on loopback: no certificates to load, no proxy to ask.
LOCAL = {"verify": False, "trust_env": False}


class Api:
    """Calls under `/api/v1` with one bearer token."""

    def __init__(self, url: str, token: str):
        headers = {"authorization": f"Bearer {token}"}
        self.http = httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=30, **LOCAL)
        self.root, self.token = url, token

    def __call__(self, method: str, path: str, body=None, expect=None, **more) -> httpx.Response:
        answer = self.http.request(method, path, json=body, **more)
        if expect is not None:
            assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer

    def get(self, path: str, **params) -> dict:
        return self("GET", path, expect=200, params=params).json()

    def all(self, path: str, **params) -> list[dict]:
        """Every item of a list, page by page."""
        items, cursor = [], None
        while True:
            page = self.get(path, **params, **({"cursor": cursor} if cursor else {}))
            items += page["data"]
            cursor = page["next_cursor"]
            if not cursor:
                return items

    def create_workspace(self, name: str = "Acme") -> "Workspace":
        made = self("POST", "/workspaces", {"name": name}, 201).json()
        key = self("POST", f"/workspaces/{made['id']}/api-keys", {"name": "everything", "scopes": SCOPES}, 201).json()
        return Workspace(self, made["id"], key["id"], key["secret"])


@dataclass
class Workspace:
    """A workspace, and a platform key of it that may do all a workspace may."""

    operator: Api
    id: str
    key_id: str
    secret: str
    api: Api = field(init=False)

    def __post_init__(self):
        self.api = Api(self.operator.root, self.secret)

    @property
    def url(self) -> str:
        return self.operator.root

    @property
    def path(self) -> str:
        return f"/workspaces/{self.id}"

    def put_key(self, provider: str, key: str, expect=None, **more) -> httpx.Response:
        return self.api("PUT", f"{self.path}/provider-keys/{provider}", {"key": key, **more}, expect)

    def delete_key(self, provider: str, expect=204) -> httpx.Response:
        return self.api("DELETE", f"{self.path}/provider-keys/{provider}", expect=expect)

    def provider_keys(self) -> dict[str, dict]:
        return {item["provider"]: item for item in self.api.get(f"{self.path}/provider-keys")["data"]}

    def new_api_key(self, name: str, scopes: list[str], expect=201) -> dict:
        body = {"name": name, "scopes": scopes}
        return self.api("POST", f"{self.path}/api-keys", body, expect).json()

    def receipts(self) -> list[dict]:
        return self.api.all(f"{self.path}/requests", limit=200)

    def receipt(self, answer: httpx.Response) -> dict:
        return self.api.get(f"{self.path}/requests/{answer.headers['x-ownkey-request-id']}")

    def usage(self, **params) -> dict:
        return self.api.get(f"{self.path}/usage", **params)

    def ask(self, provider: str, prompt: str = "Hello", *, secret=None, headers=None, timeout=60, **more):
        """One call of a model; the whole answer."""
        body = json.dumps(call_body(provider, prompt, **more)).encode()
        return post(self.url, provider, body, secret or self.secret, headers, timeout=timeout)


def call_body(provider: str, prompt: str, **more) -> dict:
    body = {"model": MODELS[provider], "messages": [{"role": "user", "content": prompt}]}
    if provider == "anthropic":
        body["max_tokens"] = 512
    return body | more


def wav(size: int, rate: int = 16_000) -> bytes:
    """A file of so many bytes, of which each second has so many: samples of a byte."""
    form = struct.pack("<HHIIHH", 1, 1, rate, rate, 1, 8)
    head = struct.pack("<4sI4s4sI16s4sI", b"RIFF", size - 8, b"WAVE", b"fmt ", 16, form, b"data", size - 44)
    return head + b"x" * (size - 44)


def call_headers(provider: str, secret: str | None) -> dict:
    headers = {"content-type": "application/json"}
    if provider == "anthropic":
        headers["anthropic-version"] = "2023-06-01"
    if secret:
        headers |= {"x-api-key": secret} if provider == "anthropic" else {"authorization": f"Bearer {secret}"}
    return headers


@dataclass
class Partial:
    """What came of an answer before its connection broke, if it did."""

    head: httpx.Response | None = None
    content: bytes = b""
    broken: str | None = None

    @property
    def text(self) -> str:
        return self.content.decode(errors="replace")


def read_what_comes(url, provider, body: bytes, secret, timeout=20, path=None) -> Partial:
    """A call whose answer may break off anywhere."""
    seen, options = Partial(), {"headers": call_headers(provider, secret), "timeout": timeout, **LOCAL}
    try:
        with httpx.stream("POST", url + (path or PATHS[provider]), content=body, **options) as seen.head:
            for piece in seen.head.iter_bytes():
                seen.content += piece
    except (httpx.TransportError, httpx.DecodingError) as error:
        seen.broken = type(error).__name__
    return seen


def ask_at_length(workspace, provider, prompt, size: int, **more) -> httpx.Response:
    """A call whose body is large and says little: what no provider reads fills it."""
    body = json.dumps(call_body(provider, prompt, **more)).encode()
    return post(workspace.url, provider, body[:-1] + b" " * size + b"}", workspace.secret)


def ask_in_halves(workspace, provider, between, secret=None, headers=None) -> httpx.Response:
    """A call that does something while half of its body is on its way."""
    body = json.dumps(call_body(provider, "Hello")).encode()

    def halves():
        yield body[:10]
        between()
        yield body[10:]

    return post(workspace.url, provider, halves(), secret or workspace.secret, headers)


def post(url, provider, body: bytes, secret, headers=None, path=None, timeout=60) -> httpx.Response:
    """Raw bytes to a protocol's path."""
    sent = call_headers(provider, secret) | (headers or {})
    return httpx.post(url + (path or PATHS[provider]), content=body, headers=sent, timeout=timeout, **LOCAL)

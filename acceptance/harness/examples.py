"""One call of every path, as an official SDK makes it, to be made again by nothing but a socket."""

import re
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from . import sdk_python
from .api import LOCAL
from .faults import COMPLETION, PATHS, RESPONSE, Fault, scenario
from .transcript import by_request

# Objects that the provider keeps, and the calls that make them.
KEPT = {
    RESPONSE: ("/responses", {"model": "gpt-4o", "input": "Hello", "background": True}),
    COMPLETION: ("/chat/completions", {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}], "store": True}),
}
OF_THE_CALL = ("content-type", "anthropic-version", "anthropic-beta")


@dataclass(frozen=True)
class Example:
    """A call without its credentials; `id` stands in its path for an object that the provider keeps."""

    method: str
    path: str
    query: str | None
    headers: list[tuple[str, str]]
    body: bytes
    keeps: tuple[str, ...]

    def at(self, id: str) -> str:
        return re.sub(r"(resp|chatcmpl)[-_][0-9a-zA-Z]+", id, self.path)


def made(sim, key: str, words) -> list[str]:
    """The ids of new objects at the provider, of the kinds that the words stand for."""
    headers = {"authorization": f"Bearer {key}"}
    answers = [httpx.post(sim.openai + KEPT[word][0], json=KEPT[word][1], headers=headers, **LOCAL) for word in words]
    return [answer.raise_for_status().json()["id"] for answer in answers]


def with_kept(sim, todo: list[dict], key: str) -> list[dict]:
    """The same scenarios, with an object of its own at the provider for each that is about one."""
    return [each | {"args": made(sim, key, each["args"])} for each in todo]


def examples(sim, provider: str, key: str) -> dict[str, Example]:
    """What an SDK sends to the provider, by path."""
    todo = [scenario((name, path), ("none", Fault(""))) for name, path in PATHS[provider].items()]
    ready, since = with_kept(sim, todo, key), sim.now()
    seen = sdk_python.run(provider, sim.base_url(provider), key, ready)
    calls = by_request(sim.ended(since))
    return {each["path"]: _example(calls[id][0], each) for each, id in zip(todo, seen, strict=True)}


def _example(entry: dict, scenario: dict) -> Example:
    headers = [(name, value) for name, value in entry["headers"] if name in OF_THE_CALL]
    return Example(entry["method"], entry["path"], entry["query"], headers, (entry["body"] or "").encode(), tuple(scenario["args"]))


def send(workspace, example: Example, path: str, headers: list[tuple[str, str]]) -> socket.socket:
    """Makes the call, and leaves the answer to whoever wants it."""
    target = urlsplit(workspace.url)
    own = [("host", target.netloc), ("authorization", f"Bearer {workspace.secret}"), ("content-length", str(len(example.body)))]
    head = "".join(f"{name}: {value}\r\n" for name, value in [*example.headers, *own, *headers])
    query = "?" + example.query if example.query else ""
    connection = socket.create_connection((target.hostname, target.port), timeout=30)
    connection.sendall(f"{example.method} {path}{query} HTTP/1.1\r\n{head}\r\n".encode() + example.body)
    return connection

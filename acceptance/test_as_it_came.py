"""Over every path: a request goes out byte for byte as it came, and what comes back is what the provider's published
schema says. (The simulated providers hold every request of every suite to those schemas, and refuse what does not fit.)"""

import json
from dataclasses import replace

import httpx
import pytest

from harness.api import LOCAL
from harness.errors import assert_error
from harness.examples import examples, made
from harness.faults import PATHS
from harness.published import unpublished
from harness.schemas import problems
from harness.sim import PROVIDERS, provider_key
from harness.tap import Exchange

EACH = [(provider, path) for provider in PROVIDERS for path in PATHS[provider]]
each_path = pytest.mark.parametrize(("provider", "path"), EACH, ids=lambda part: part)
# What a provider's program may add to a call without Ownkey knowing it.
QUERY = "x=%20a%2Fb&y=1&y=2&empty="
BETAS = {
    "openai": [("openai-beta", "assistants=v2"), ("openai-beta", "responses=v1")],
    "anthropic": [("anthropic-beta", "a-2025-01-01"), ("anthropic-beta", "b-2025-01-01, c-2025-01-01")],
}
REPEATED = [("x-custom", "two"), ("x-custom", "one"), ("x-other", ""), ("x-custom", "two")]
MADE_HERE = ("authorization", "x-api-key", "host", "content-length", "accept-encoding", "accept", "user-agent", "connection")


@pytest.fixture(scope="module")
def called(server, sim):
    """Of each provider: a workspace, the key it has there, and a call of each path."""
    found = {}
    for provider in PROVIDERS:
        workspace, key = server.operator.create_workspace(), provider_key(provider)
        workspace.put_key(provider, key, expect=201)
        found[provider] = workspace, key, examples(sim, provider, key)
    return found


def ask(workspace, example, path: str, headers=()) -> httpx.Response:
    url = workspace.url + path + ("?" + example.query if example.query else "")
    own = [("authorization", f"Bearer {workspace.secret}"), *example.headers, *headers]
    return httpx.request(example.method, url, content=example.body, headers=own, timeout=30, **LOCAL)


def oddly_spelled(body: bytes) -> bytes:
    """The same JSON in a form that nobody would write anew: white space, escapes, an order of its own."""
    members = dict(reversed(json.loads(body).items()))
    odd = json.dumps(members, indent=3, separators=(" ,", " :  "))
    return b"\r\n\t" + odd.replace('"Hello"', r'"H\u0065llo \ud83d\ude42 \/"').encode() + b" \n"


@each_path
@pytest.mark.parametrize("alias", [False, True], ids=["", "alias"])
def test_a_request_goes_out_as_it_came(called, sim, provider, path, alias):
    workspace, key, all = called[provider]
    example = all[path]
    is_json = ("content-type", "application/json") in example.headers
    query = f"{example.query}&{QUERY}" if example.query else QUERY
    body = oddly_spelled(example.body) if is_json and example.body else example.body
    example, since = replace(example, query=query, body=body), sim.now()
    to = example.at("".join(made(sim, key, example.keeps)))
    since = sim.now()
    answer = ask(workspace, example, (f"/{provider}" if alias else "") + to, [*BETAS[provider], *REPEATED])
    assert answer.status_code == 200, answer.text
    [entry] = sim.ended(since)
    assert (entry["method"], entry["path"], entry["query"]) == (example.method, to, query)
    assert (entry["body"] or "").encode() == body
    sent = [(name, value) for name, value in entry["headers"] if name not in MADE_HERE]
    # Headers of one name keep their order; those of different names have none.
    assert sorted(sent, key=lambda pair: pair[0]) == sorted([*example.headers, *BETAS[provider], *REPEATED], key=lambda pair: pair[0])


@each_path
def test_an_answer_is_what_the_schema_says(called, sim, provider, path):
    workspace, key, all = called[provider]
    example = all[path]
    answer = ask(workspace, example, example.at("".join(made(sim, key, example.keeps))))
    assert answer.status_code == 200, answer.text
    kind = answer.headers["content-type"].split(";")[0]
    assert kind == ("text/event-stream" if "stream" in path or "events" in path else "audio/mpeg" if path == "speech" else "application/json")
    seen = Exchange(example.method, example.path, example.body, 200, dict(answer.headers), answer.content)
    assert unpublished(seen) == []


@each_path
def test_a_refusal_is_what_the_schema_says(called, provider, path):
    workspace, _, all = called[provider]
    example = all[path]
    url = workspace.url + example.path
    for secret in ("", "ok_nothing"):
        headers = [*example.headers, *([("authorization", f"Bearer {secret}")] if secret else [])]
        answer = httpx.request(example.method, url, content=example.body, headers=headers, **LOCAL)
        assert answer.status_code == 401 and problems(provider, "ErrorResponse", answer.json()) == []


# Platform keys where they do not belong.

ADDRESSES = {
    "query": "{path}?key={key}",
    "query_in_the_midst": "{path}?beta=true&note=my%20{key}%20here&x=1",
    "query_encoded": "{path}?key={encoded}",
}


def assert_kept_back(workspace, sim, answer, provider: str, since: int):
    assert_error(answer, provider, 400, "bad_request")
    assert "platform key" in answer.json()["error"]["message"] and "ok_" not in answer.text
    assert sim.log(since) == []
    receipt = workspace.receipt(answer)
    assert receipt["outcome"] == "refused" and "ok_" not in str(receipt)


@pytest.mark.parametrize("place", ADDRESSES)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_query_that_holds_a_platform_key_is_not_passed_on(called, sim, provider, place):
    workspace, _, all = called[provider]
    example = replace(next(iter(all.values())), query=None)
    other = workspace.new_api_key("other", ["inference"])["secret"]
    for key in (workspace.secret, other):
        encoded = "".join(f"%{byte:02x}" for byte in key.encode())
        path, since = ADDRESSES[place].format(path=example.path, key=key, encoded=encoded), sim.now()
        assert_kept_back(workspace, sim, ask(workspace, example, path), provider, since)


def test_an_id_that_holds_a_platform_key_is_not_passed_on(called, sim):
    workspace, _, all = called["openai"]
    example, since = all["response_retrieved"], sim.now()
    assert_kept_back(workspace, sim, ask(workspace, example, f"/v1/responses/{workspace.secret}"), "openai", since)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_header_that_holds_a_platform_key_is_left_out(called, sim, provider):
    workspace, _, all = called[provider]
    example, since = next(iter(all.values())), sim.now()
    headers = [("x-note", f"my key is {workspace.secret}"), ("x-kept", "1")]
    assert ask(workspace, example, example.path, headers).status_code == 200
    [entry] = sim.ended(since)
    assert "ok_" not in str(entry["headers"]) and ["x-kept", "1"] in entry["headers"]

"""No secret and no prompt leaves the way it is meant to go: planted, provoked to leak, and looked for everywhere.

Each provocation is a test of its own; the places where leaks would stay (logs, database, journal, metrics) are scanned
once, after all of them, by the tests at the end of this file. The log is at its most talkative.
"""

import base64
import json
import re
import secrets

import httpx
import pytest

from harness.api import LOCAL, PATHS, Partial, call_body, call_headers, post, read_what_comes
from harness.canary import Canary, Leak, Scanner
from harness.errors import assert_error
from harness.server import Server
from harness.sim import PROVIDERS, provider_key

each_provider = pytest.mark.parametrize("provider", PROVIDERS)


class Planted:
    """The server at trace level, everything planted in it, and every answer it gave."""

    def __init__(self, folder, sim):
        self.sim = sim
        self.server = Server(folder, sim, log="trace", limits={"response_head_s": 1, "stream_idle_s": 1, "body_mib": 1}).start()
        # Everything planted, and what of it must not even be in what a provider answered: the prompt may.
        self.all, self.keys = Scanner(), Scanner()
        self.answers: list[tuple[str, bytes]] = []
        self.relayed: list[tuple[str, bytes]] = []
        for provider, key in self.server.managed_keys.items():
            self.plant_key(f"managed {provider}", key)
        self.plant(Canary("operator token", self.server.operator_token, "op_"))
        self.plant(Canary("kek", self.server.kek_file.read_text().strip()))
        self.kek_raw = base64.b64decode(self.server.kek_file.read_text())

    def plant(self, canary: Canary):
        self.all.learn(canary)
        self.keys.learn(canary)

    def plant_key(self, name: str, key: str) -> str:
        self.plant(Canary.of_key(name, key))
        return key

    def prompt(self, directive: str = "") -> str:
        word = secrets.token_hex(20)
        self.all.learn(Canary(f"prompt {word[:4]}", f"Grüße {word}"))
        return f"Grüße {word} {directive}"

    def workspace(self):
        workspace = self.server.operator.create_workspace(f"canary {secrets.token_hex(4)}")
        self.plant(Canary("platform key", workspace.secret, workspace.secret[:15]))
        return workspace

    def see(self, name: str, answer: httpx.Response, content: bytes | None = None):
        whole = str(answer.headers).encode() + (answer.content if content is None else content)
        relayed = "x-ownkey-payer" in answer.headers and answer.headers.get("x-ownkey-error-source") != "ownkey"
        (self.relayed if relayed else self.answers).append((name, whole))

    def ask(self, workspace, provider, directive="", **more) -> list[Leak]:
        """A call that goes wrong in whatever way; the keys in what came back."""
        seen = self.call(workspace, provider, directive, **more)
        return self.keys.scan(whole(seen), directive) if seen.head else []

    def call(self, workspace, provider, directive="", **more) -> Partial:
        return self.send(workspace, provider, call_body(provider, self.prompt(directive), **more), directive)

    def send(self, workspace, provider, body: dict, directive="", path=None) -> Partial:
        seen = read_what_comes(workspace.url, provider, json.dumps(body).encode(), workspace.secret, path=path)
        if seen.head:
            self.see(directive or "call", seen.head, seen.content)
        return seen


def whole(seen: Partial) -> bytes:
    return str(seen.head.headers).encode() + seen.content


@pytest.fixture(scope="module")
def planted(tmp_path_factory, sim):
    everything = Planted(tmp_path_factory.mktemp("canary"), sim)
    yield everything
    everything.server.stop()


@pytest.fixture(scope="module")
def own(planted):
    """A workspace with a planted key of each provider."""
    workspace = planted.workspace()
    for provider in PROVIDERS:
        key = planted.plant_key(f"own {provider}", provider_key(provider))
        planted.see("PUT", workspace.put_key(provider, key, expect=201))
    return workspace


@pytest.fixture(scope="module")
def managed(planted):
    """A workspace that has no key: what the providers see is the operator's."""
    return planted.workspace()


# The key where a careless provider could repeat it beside what it says in an error.
PLACES = ["header", "request_id", "model", "tier", "www-authenticate"]
BESIDE = [
    *[f"[[sim:echo_in where={place}]]" for place in PLACES],
    *[f"[[sim:echo_in where={place} status=400]]" for place in PLACES],
    "[[sim:echo_in where=model]][[sim:split]]",
    "[[sim:echo_in where=tier]][[sim:bytes]]",
    "[[sim:gzip_error]]",
    "[[sim:gzip_error status=401]]",
    "[[sim:gzip_error status=500]]",
    "[[sim:error_split n=7]]",
    "[[sim:error_split n=1]]",
    "[[sim:error_split n=100]]",
    f"[[sim:usage input={2**63 - 1} output={2**64 - 1}]]",
    "[[sim:status code=204]]",
]
DIRECTIVES = [
    "",
    "[[sim:echo_key]]",
    "[[sim:status code=401]]",
    "[[sim:status code=500]]",
    "[[sim:error id=openai.auth.invalid_api_key]]",
    "[[sim:error id=openai.auth.invalid_short_key_echoed]]",
    "[[sim:error id=anthropic.auth.invalid_x_api_key]]",
    "[[sim:error_event after=2]]",
    "[[sim:error_event after=2 id=openai.auth.invalid_short_key_echoed]]",
    "[[sim:error_event after=2 id=openai.auth.invalid_short_key_echoed]][[sim:bytes]]",
    "[[sim:cut after=2]]",
    "[[sim:hang after=2]]",
    "[[sim:slow_head ms=5000]]",
    "[[sim:bad_json]]",
    "[[sim:invalid_utf8]]",
    "[[sim:html]]",
    "[[sim:redirect]]",
    "[[sim:gzip]]",
    "[[sim:length_lie by=99]]",
    "[[sim:echo_key]][[sim:split]]",
    "[[sim:echo_key]][[sim:bytes]]",
    "[[sim:echo_key]][[sim:gzip]]",
    "[[sim:echo_key]][[sim:cut]]",
    "[[sim:echo_in where=model]][[sim:length_lie by=99]]",
    *BESIDE,
]


@each_provider
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("directive", DIRECTIVES)
def test_provoke_by_an_answer(planted, own, provider, directive, stream):
    assert planted.ask(own, provider, directive, **({"stream": True} if stream else {})) == []


@each_provider
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("directive", ["", "[[sim:echo_key]]", "[[sim:error_event after=2]]", *BESIDE])
def test_provoke_on_managed_access(planted, managed, provider, directive, stream):
    """The operator's key is a secret like any other."""
    assert planted.ask(managed, provider, directive, **({"stream": True} if stream else {})) == []


# What is sent to the other paths, given the prompt.
OTHER_PATHS = {
    "/v1/responses": lambda prompt: {"model": "gpt-4o", "input": prompt},
    "/v1/responses/compact": lambda prompt: {"model": "gpt-4o", "input": prompt},
    "/v1/completions": lambda prompt: {"model": "gpt-3.5-turbo-instruct", "prompt": prompt, "max_tokens": 40},
    "/v1/embeddings": lambda prompt: {"model": "text-embedding-3-small", "input": prompt, "dimensions": 8},
    "/v1/moderations": lambda prompt: {"model": "omni-moderation-latest", "input": prompt},
    "/v1/audio/speech": lambda prompt: {"model": "gpt-4o-mini-tts", "input": prompt, "voice": "alloy", "stream_format": "sse"},
    "/v1/images/generations": lambda prompt: {"model": "gpt-image-1", "prompt": prompt},
    "/v1/messages/count_tokens": lambda prompt: call_body("anthropic", prompt) | {"max_tokens": None},
}
STREAMED = {"/v1/responses", "/v1/completions", "/v1/images/generations"}


@pytest.mark.parametrize("payer", ["own", "managed"])
@pytest.mark.parametrize("path", OTHER_PATHS)
def test_provoke_on_every_path(planted, own, managed, path, payer):
    workspace = own if payer == "own" else managed
    provider = "anthropic" if "messages" in path else "openai"
    for directive in DIRECTIVES[:11] + BESIDE:
        for more in ({}, {"stream": True}) if path in STREAMED else ({},):
            body = OTHER_PATHS[path](planted.prompt(directive)) | more
            body = {name: value for name, value in body.items() if value is not None}
            seen = planted.send(workspace, provider, body, directive, path)
            assert planted.keys.scan(whole(seen), directive) == [] if seen.head else True, directive
            if payer == "managed" and seen.head:
                assert OF_THE_OPERATOR.findall(whole(seen)) == [], directive


def test_provoke_by_a_key_as_an_id(planted, own):
    for place in ("/v1/responses/{}", "/v1/responses/{}/input_items", "/v1/chat/completions/{}"):
        headers = call_headers("openai", own.secret)
        answer = httpx.get(own.url + place.format(own.secret), headers=headers, **LOCAL)
        planted.see(place, answer)
        assert_error(answer, "openai", 400, "bad_request")


OF_THE_OPERATOR = re.compile(rb"Operator|org-[A-Za-z0-9]|proj_[A-Za-z0-9]")
NAMING_THE_OPERATOR = [
    *[f"[[sim:error_split n={size}]]" for size in (1, 2, 3, 5, 7, 11, 64, 1000)],
    "[[sim:error_split n=7 after=3]][[sim:split]]",
    "[[sim:error id=openai.rate.requests]]",
    "[[sim:error id=openai.rate.tokens]]",
]


@each_provider
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("directive", NAMING_THE_OPERATOR)
def test_a_managed_caller_does_not_learn_whose_account_it_is(planted, managed, provider, directive, stream):
    seen = planted.call(managed, provider, directive, **({"stream": True} if stream else {}))
    assert OF_THE_OPERATOR.findall(whole(seen)) == []
    assert planted.keys.scan(whole(seen), directive) == []
    assert b'"error"' in seen.content, "that it failed is told"
    receipt = managed.receipt(seen.head)
    assert OF_THE_OPERATOR.findall(json.dumps(receipt).encode()) == []


@each_provider
@pytest.mark.parametrize("behaviour", ["echo", "revoked", "noscope", "nomodels", "noquota", "limited", "down"])
def test_provoke_by_a_key_that_is_refused(planted, provider, behaviour):
    workspace = planted.workspace()
    key = planted.plant_key(f"{behaviour} {provider}", provider_key(provider, behaviour))
    planted.see(behaviour, workspace.put_key(provider, key))
    planted.see(behaviour, workspace.put_key(provider, key, save_unverified=True))
    planted.see(behaviour, workspace.api("POST", f"{workspace.path}/provider-keys/{provider}/test", {"key": key}))
    planted.ask(workspace, provider)


@each_provider
def test_provoke_by_a_key_that_is_refused_later(planted, sim, provider):
    workspace = planted.workspace()
    key = planted.plant_key(f"later {provider}", provider_key(provider))
    workspace.put_key(provider, key, expect=201)
    for behaviour in ("echo", "revoked"):
        sim.set_key(key, behaviour)
        assert planted.ask(workspace, provider) == [], behaviour
    planted.see("list", workspace.api("GET", f"{workspace.path}/provider-keys"))


@each_provider
def test_provoke_by_a_list_of_models_that_repeats_the_key(planted, provider):
    workspace = planted.workspace()
    key = planted.plant_key(f"echomodels {provider}", provider_key(provider, "echomodels"))
    answer = workspace.put_key(provider, key, expect=201)
    planted.see("echomodels", answer)
    shown = workspace.provider_keys()[provider]
    assert len(shown["models"]) > 5, "the other models are known"
    planted.answers.append(("echomodels", json.dumps(shown).encode()))
    test = workspace.api("POST", f"{workspace.path}/provider-keys/{provider}/test", {"key": key}, 200)
    assert planted.keys.scan(answer.content + test.content + json.dumps(shown).encode(), "models") == []


def wrong_places(key: str) -> dict[str, tuple[str, str, bytes]]:
    """A key where no key belongs: (method, path below the workspace, body)."""
    quoted = json.dumps(key)
    return {
        "bad json behind it": ("PUT", "/provider-keys/openai", f'{{"key": {quoted},,'.encode()),
        "another member": ("PUT", "/provider-keys/openai", f'{{"kye": {quoted}}}'.encode()),
        "as a member's name": ("PUT", "/provider-keys/openai", f"{{{quoted}: 1}}".encode()),
        "as the origin": ("PUT", "/provider-keys/openai", json.dumps({"key": key, "origin": key}).encode()),
        "as a flag": ("PUT", "/provider-keys/openai", json.dumps({"key": key, "save_unverified": key}).encode()),
        "in a list": ("PUT", "/provider-keys/openai", json.dumps({"key": [key]}).encode()),
        "as a body": ("PUT", "/provider-keys/openai", key.encode()),
        "as a provider": ("PUT", f"/provider-keys/{key}", b'{"key": "x"}'),
        "as a platform key's scope": ("POST", "/api-keys", json.dumps({"name": "x", "scopes": [key]}).encode()),
        "as a platform key's expiry": (
            "POST", "/api-keys", json.dumps({"name": "x", "scopes": ["inference"], "expires_at": key}).encode(),
        ),
        "as a platform key's name": ("POST", "/api-keys", json.dumps({"name": key, "scopes": ["inference"]}).encode()),
        "as a request id": ("GET", f"/requests/{key}", b""),
        "in the query": ("GET", f"/requests?cursor={key}", b""),
        "as a policy": ("PUT", "/policy", json.dumps({"payer": key}).encode()),
    }  # fmt: skip


@pytest.mark.parametrize("place", wrong_places("x"))
def test_provoke_by_a_key_in_a_wrong_place(planted, place):
    workspace = planted.workspace()
    key = planted.plant_key(place, provider_key("openai"))
    method, path, body = wrong_places(key)[place]
    headers = {"content-type": "application/json"}
    answer = workspace.api.http.request(method, workspace.path + path, content=body, headers=headers)
    assert answer.status_code >= 400
    planted.see(place, answer)


@pytest.mark.parametrize("place", ["method", "id", "tool", "argument", "argument's name", "resource", "body", "version"])
def test_provoke_by_a_key_in_a_message_to_the_mcp_server(planted, place):
    workspace = planted.workspace()
    body = {"name": "assistant", "scopes": ["mcp", "providers:write", "agents:write"]}
    secret = planted.server.operator("POST", f"{workspace.path}/api-keys", body, 201).json()["secret"]
    planted.plant(Canary("mcp key", secret, secret[:15]))
    key = planted.plant_key(f"mcp {place}", provider_key("openai"))
    call = lambda name, arguments: {"method": "tools/call", "params": {"name": name, "arguments": arguments}}  # noqa: E731
    message = {
        "method": {"method": key},
        "id": {"method": "tools/list", "id": {"key": key}},
        "tool": call(key, {}),
        "argument": call("set_agent_model", {"agent": "lead", "model": key}),
        "argument's name": call("test_provider_key", {"provider": "openai", key: key}),
        "resource": {"method": "resources/read", "params": {"uri": key}},
        "body": [key],
        "version": {"method": "tools/list"},
    }[place]
    message = {"jsonrpc": "2.0", "id": 1} | message if isinstance(message, dict) else message
    headers = {"authorization": f"Bearer {secret}", "accept": "application/json, text/event-stream"}
    headers |= {"mcp-protocol-version": key} if place == "version" else {}
    answer = httpx.post(f"{planted.server.url}/mcp", json=message, headers=headers, **LOCAL)
    assert answer.status_code >= 400 or "error" in answer.json() or answer.json()["result"]["isError"]
    planted.see(f"mcp {place}", answer)


# The same for what only the operator writes.
NAMES = {
    "as a workspace's name": lambda key: ("POST", "/workspaces", {"name": f"of {key}"}),
    "as its external id": lambda key: ("POST", "/workspaces", {"name": "x", "external_id": key}),
    "as its external id in the path": lambda key: ("PUT", f"/workspaces/by-external-id/{key}", {"name": "x"}),
    "as its feature": lambda key: ("POST", "/workspaces", {"name": "x", "features": [key]}),
    "as its plan": lambda key: ("POST", "/workspaces", {"name": "x", "plan": key}),
    "as an agent's model": lambda key: ("PUT", "/workspaces/{ws}/agents/lead", {"model": key}),
    "as an agent": lambda key: ("PUT", f"/workspaces/{{ws}}/agents/{key.lower()}", {"model": "gpt-4o"}),
}


@each_provider
@pytest.mark.parametrize("place", NAMES)
def test_provoke_by_a_key_in_the_place_of_a_name(planted, provider, place):
    key = planted.plant_key(f"{place} {provider}", provider_key(provider))
    method, path, body = NAMES[place](key)
    answer = planted.server.operator(method, path.format(ws=planted.workspace().id), body)
    assert answer.status_code == 400
    planted.see(place, answer)


@pytest.mark.parametrize("kind", [*PROVIDERS, "platform"])
@pytest.mark.parametrize("header", ["x-ownkey-agent", "x-ownkey-user", "x-ownkey-workspace"])
def test_provoke_by_a_key_where_a_service_key_says_whom_a_call_is_for(planted, header, kind):
    workspace = planted.workspace()
    body = {"name": "agents", "scopes": ["inference:any"]}
    secret = planted.server.operator("POST", f"{workspace.path}/api-keys", body, 201).json()["secret"]
    planted.plant(Canary("service key", secret, secret[:15]))
    key = workspace.secret if kind == "platform" else planted.plant_key(f"{header} {kind}", provider_key(kind))
    for text in (key, f"ext:{key}", f"of {key}"):
        headers = {"x-ownkey-workspace": workspace.id} | {header: text}
        answer = workspace.ask("openai", planted.prompt(), secret=secret, headers=headers)
        assert_error(answer, "openai", 400, "bad_request")
        planted.see(header, answer)
    for receipt in workspace.receipts():
        planted.answers.append((header, json.dumps(receipt).encode()))


CALLS = {
    "as the credential": lambda key: {"headers": {"authorization": f"Bearer {key}"}},
    "as a second credential": lambda key: {"headers": {"x-api-key": key}},
    "as the path": lambda key: {"path": f"/v1/{key}"},
    "as a query": lambda key: {"path": f"/v1/nothing?api_key={key}"},
    "as the model": lambda key: {"body": json.dumps({"model": [key]}).encode()},
    "as bad json": lambda key: {"body": f'{{"model": "{key}'.encode()},
    "as a type": lambda key: {"headers": {"content-type": key}},
    "as an encoding": lambda key: {"headers": {"content-encoding": key}},
}


@each_provider
@pytest.mark.parametrize("place", CALLS)
def test_provoke_by_a_key_in_a_call(planted, own, provider, place):
    key = planted.plant_key(f"{place} {provider}", provider_key(provider))
    how = CALLS[place](key)
    body = how.get("body") or json.dumps(call_body(provider, planted.prompt())).encode()
    headers = call_headers(provider, own.secret) | how.get("headers", {})
    answer = httpx.post(own.url + how.get("path", PATHS[provider]), content=body, headers=headers, **LOCAL)
    planted.see(place, answer)


@each_provider
@pytest.mark.parametrize("payer", ["byok", "managed"])
def test_provoke_by_a_platform_key_in_the_query_of_a_call(planted, own, managed, sim, provider, payer):
    """Refused, for the provider would see it in its log."""
    caller, other, since = own if payer == "byok" else managed, planted.workspace(), sim.now()
    body = json.dumps(call_body(provider, planted.prompt())).encode()
    for query in (f"?key={caller.secret}", f"?a=b&key={other.secret}&c=d"):
        answer = post(caller.url, provider, body, caller.secret, path=PATHS[provider] + query)
        assert_error(answer, provider, 400, "bad_request")
        planted.see("platform key in the query", answer)
        answer = post(caller.url, provider, body, None, path=PATHS[provider] + query)
        assert answer.status_code in (400, 401)
        planted.see("platform key in the query only", answer)
    assert sim.log(since) == []


@each_provider
@pytest.mark.parametrize("body", ["not json {prompt}", '{{"model": "m", "model": "{prompt}"}}', '{{"model": "m", "stream": "{prompt}"}}'])
def test_provoke_by_a_prompt_in_a_bad_body(planted, own, provider, body):
    text = body.format(prompt=planted.prompt())
    planted.see("bad body", post(own.url, provider, text.encode(), own.secret))


def test_provoke_by_unreachable_providers(planted, tmp_path):
    """Another server for that; its places are scanned like the others."""
    lonely = Server(tmp_path / "lonely", None, log="trace").start()
    try:
        workspace = lonely.operator.create_workspace()
        key = planted.plant_key("unreachable", provider_key("openai"))
        planted.see("unreachable", workspace.put_key("openai", key))
        planted.see("unreachable", workspace.put_key("openai", key, save_unverified=True))
        planted.see("unreachable", workspace.ask("openai", planted.prompt()))
    finally:
        lonely.stop()
    scanner = planted.all
    assert scanner.scan_text(lonely.output(), "log") + scanner.scan_files(lonely.data) == []


CONFIGURATIONS = {
    "as an address": 'server = {{ listen = "{key}" }}',
    "as a limit": '[limits]\nconnect_s = "{key}"',
    "as a section": '["{key}"]\na = 1',
    "as no toml": "{key}",
    "as a provider's url": '[providers.openai]\nbase_url = "{key}"',
    "as a provider": '[providers]\nopenai = "{key}"',
    "as a short token": '[operator]\ntoken = "{key}"\n[vault]\nkek = "{key}"',
}


@pytest.mark.parametrize("place", CONFIGURATIONS)
def test_provoke_by_a_key_in_the_configuration(planted, tmp_path, place):
    """The server does not start and says where the mistake is, without what was written there."""
    key = planted.plant_key(place, provider_key("openai"))
    broken = Server(tmp_path / "broken", planted.sim, log="trace")
    (broken.folder / "ownkey.toml").write_text(CONFIGURATIONS[place].format(key=key))
    for command in (["serve"], ["check"]):
        done = broken.run(*command, "--config", broken.folder / "ownkey.toml")
        said = (done.stdout + done.stderr).encode()
        assert done.returncode != 0 and said and b"panicked" not in said
        assert planted.all.scan(said, "output") == []


# -- the places -------------------------------------------------------------


def test_answers_hold_nothing(planted, own, managed):
    for workspace in (own, managed):
        for api in (workspace.api, planted.server.operator):
            for path in ("", "/provider-keys", "/api-keys", "/requests?limit=200", "/usage", "/audit"):
                planted.see(path, api("GET", workspace.path + path))
        for receipt in workspace.receipts():
            planted.answers.append(("receipt", json.dumps(receipt).encode()))
    planted.see("all", planted.server.operator("GET", "/workspaces"))
    scanner = planted.all
    leaks = [leak for name, content in planted.answers for leak in scanner.scan(content, name)]
    assert leaks == []


def test_relayed_answers_hold_no_key(planted, own):
    scanner = planted.keys
    leaks = [leak for name, content in planted.relayed for leak in scanner.scan(content, name)]
    assert leaks == []


def test_metrics_hold_nothing(planted, own):
    headers = {"authorization": f"Bearer {planted.server.operator_token}"}
    answer = httpx.get(f"{planted.server.url}/metrics", headers=headers, **LOCAL)
    assert answer.status_code == 200 and planted.all.scan(answer.content, "metrics") == []


def test_the_log_holds_nothing(planted, own):
    text = planted.server.output()
    assert "TRACE" in text or "DEBUG" in text, "the log was talkative"
    assert "panicked" not in text
    assert planted.all.scan_text(text, "log") == []


def test_the_scanner_would_have_seen_it(planted, own):
    """What was planted is found where it may be: in what the provider received."""
    scanner = planted.all
    seen = {leak.canary for leak in scanner.scan_text(json.dumps(planted.sim.log()), "the simulator's log")}
    assert {"own openai", "own anthropic", "managed openai", "managed anthropic"} <= seen
    assert sum(name.startswith("prompt") for name in seen) > 20


def test_files_hold_nothing_while_it_runs_and_after(planted, own):
    scanner = planted.all
    files = [str(path.relative_to(planted.server.data)) for path in planted.server.data.rglob("*") if path.is_file()]
    assert not planted.server.on_sqlite or any(name.endswith("-wal") for name in files), files
    assert any("journal" in name for name in files), files
    assert scanner.scan_files(planted.server.data) == []
    assert planted.kek_raw not in b"".join(p.read_bytes() for p in planted.server.data.rglob("*") if p.is_file())
    planted.server.stop()
    assert scanner.scan_files(planted.server.data) == []

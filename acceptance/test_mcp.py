"""Celune, "API Keys — Celune platform API keys for MCP, CI/CD, and integrations": the MCP server, by its official clients."""

import json

import httpx
import pytest

from harness import mcp_clients
from harness.api import LOCAL, Api
from harness.canary import Canary, Scanner
from harness.errors import assert_problem
from harness.sim import PROVIDERS, provider_key

READS = {
    "list_provider_keys", "list_models", "list_agents", "get_usage", "get_credits", "list_budgets", "list_receipts",
    "get_receipt", "explain_error",
}
CHANGES = {"test_provider_key": "providers:write", "set_agent_model": "agents:write"}
RESOURCES = {"ownkey://catalogue", "ownkey://providers", "ownkey://costs"}


class Desk:
    """A workspace with something for every tool to show."""

    def __init__(self, server):
        self.server, self.workspace = server, server.operator.create_workspace("Desk")
        self.secrets = Scanner(Canary.of_key(f"managed {name}", key) for name, key in server.managed_keys.items())
        self.secrets.learn(Canary("operator token", server.operator_token, "op_"))
        for provider in PROVIDERS:
            key = provider_key(provider)
            self.workspace.put_key(provider, key, expect=201)
            self.secrets.learn(Canary.of_key(provider, key))
        self.operator("PUT", "/budgets/cap", {"period": "day", "limit_usd": "5"}, 201)
        self.receipt = self.workspace.ask("openai").headers["x-ownkey-request-id"]

    def operator(self, method: str, path: str, body, expect: int):
        return self.server.operator(method, self.workspace.path + path, body, expect).json()

    def key(self, *scopes: str) -> str:
        secret = self.operator("POST", "/api-keys", {"name": "an assistant", "scopes": list(scopes)}, 201)["secret"]
        self.secrets.learn(Canary("platform key", secret, secret[:15]))
        return secret

    @property
    def url(self) -> str:
        return f"{self.server.url}/mcp"

    def calls(self, model: str = "gpt-4o") -> list[tuple[str, dict]]:
        """A call of every tool."""
        return [
            ("list_provider_keys", {}),
            ("test_provider_key", {"provider": "anthropic"}),
            ("list_models", {"provider": "openai", "model": "gpt-4o", "usable": True}),
            ("set_agent_model", {"agent": "writer", "model": model}),
            ("list_agents", {}),
            ("get_usage", {"group_by": "model"}),
            ("get_credits", {}),
            ("list_budgets", {}),
            ("list_receipts", {"limit": 1, "payer": "byok"}),
            ("get_receipt", {"id": self.receipt}),
            ("explain_error", {"code": "budget_exceeded"}),
        ]

    def post(self, key: str | None, message=None, headers=None, **more) -> httpx.Response:
        """A message on a plain socket, without any handshake before."""
        sent = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
        sent |= {"authorization": f"Bearer {key}"} if key else {}
        message = message or {"method": "tools/list"}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, **message})
        return httpx.post(self.url, headers=sent | (headers or {}), timeout=30, **({"content": body} | more), **LOCAL)

    def call(self, key: str, name: str, arguments: dict) -> dict:
        answer = self.post(key, {"method": "tools/call", "params": {"name": name, "arguments": arguments}})
        assert answer.status_code == 200 and "mcp-session-id" not in answer.headers, answer.text
        return answer.json()["result"]

    def refused(self, key: str, name: str, arguments: dict) -> dict:
        """The problem of a tool that says no."""
        result = self.call(key, name, arguments)
        assert result["isError"]
        return told(result)


def told(result: dict) -> dict:
    """What a tool says, and says once."""
    [content] = result["content"]
    assert "structuredContent" not in result
    return json.loads(content["text"])


@pytest.fixture(scope="module")
def desk(server):
    return Desk(server)


@pytest.mark.parametrize("walk", [mcp_clients.python_2026, mcp_clients.python_handshake, mcp_clients.node])
def test_celune_c11_official_clients_list_and_call_every_tool(desk, walk):
    model = {"python_2026": "gpt-4o", "python_handshake": "gpt-4o-mini", "node": "claude-haiku-4-5"}[walk.__name__]
    seen = walk(desk.url, desk.key("mcp", *CHANGES.values()), desk.calls(model))
    assert seen["server"] == "ownkey" and set(seen["tools"]) == READS | CHANGES.keys() == seen["results"].keys()
    for name, schema in seen["tools"].items():
        assert schema["type"] == "object" and schema["additionalProperties"] is False, name
        assert "key" not in schema["properties"], "no tool takes a provider key"
    assert not [name for name, result in seen["results"].items() if result["error"]], seen["results"]
    told = {name: json.loads(result["text"]) for name, result in seen["results"].items()}
    assert {key["provider"]: key["state"] for key in told["list_provider_keys"]["data"]} == dict.fromkeys(PROVIDERS, "active")
    assert told["test_provider_key"]["verdict"]["verdict"] == "valid"
    [listed] = told["list_models"]["data"]
    assert {"id": "gpt-4o", "usable": True, "payer": "byok"}.items() <= listed.items() and "prices_usd" not in listed
    # What a tool has changed is changed for everyone.
    assert desk.workspace.api.get(f"{desk.workspace.path}/agents/writer")["model"] == model
    assert {"name": "writer", "model": model, "is_default": False} in told["list_agents"]["data"]
    assert told["get_usage"] | {"to": None} == desk.workspace.usage(group_by="model", **{"from": told["get_usage"]["from"]}) | {"to": None}
    assert told["get_credits"]["balance"] and told["list_budgets"]["data"][0]["limit_usd"] == "5"
    assert [receipt["id"] for receipt in told["list_receipts"]["data"]] == [desk.receipt]
    assert told["get_receipt"] == desk.workspace.api.get(f"{desk.workspace.path}/requests/{desk.receipt}")
    assert "budget" in told["explain_error"]["remedy"]
    assert seen["resources"].keys() == RESOURCES and json.loads(seen["resources"]["ownkey://costs"])["routes"]
    assert desk.secrets.scan_text(json.dumps(seen), walk.__name__) == []


def test_celune_c11_with_mcp_alone_a_key_reads_and_changes_nothing(desk, sim):
    key, since = desk.key("mcp"), sim.now()
    before = desk.workspace.api.get(f"{desk.workspace.path}/agents")
    for name, arguments in desk.calls():
        if name in READS:
            assert not desk.call(key, name, arguments)["isError"], name
        else:
            problem = desk.refused(key, name, arguments)
            assert problem["code"] == "forbidden" and CHANGES[name] in problem["detail"]
    assert desk.workspace.api.get(f"{desk.workspace.path}/agents") == before and sim.log(since) == []
    # The management API lets it do the same, and no more.
    api = Api(desk.server.url, key)
    assert api("GET", "/workspaces/current/usage").status_code == 200
    for path in ("/workspaces/current/audit", "/workspaces/current/api-keys", "/workspaces/current/ledger"):
        assert_problem(api("GET", path), 403, "forbidden")


def test_celune_c11_who_may_not_is_told_so(desk):
    for nobody in (None, "ok_" + "0" * 61):
        answer = desk.post(nobody)
        assert_problem(answer, 401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"
    for other in (desk.workspace.secret, desk.server.operator_token):
        assert_problem(desk.post(other), 403, "forbidden")
    assert 'error="insufficient_scope"' in desk.post(desk.workspace.secret).headers["www-authenticate"]
    key = desk.key("mcp")
    for headers, code in [
        ({"origin": "https://evil.example"}, "cross_site"),
        ({"origin": "null"}, "cross_site"),
        ({"sec-fetch-site": "cross-site"}, "cross_site"),
        ({"host": "evil.example"}, "unknown_host"),
    ]:
        assert_problem(desk.post(key, headers=headers), 403, code)
    assert desk.post(key, headers={"origin": desk.server.url}).status_code == 200
    assert_problem(desk.post(key, content=b" " * (64 * 1024 + 1)), 413, "request_too_large")
    assert_problem(desk.post(key, headers={"content-type": "text/plain"}), 415, "unsupported_media_type")
    for odd in ({"content": b"{"}, {"content": b"[]"}, {"headers": {"accept": "application/json"}}, {"headers": {"mcp-protocol-version": "1"}}):
        assert_problem(desk.post(key, **odd), 400, "bad_request")
    got = httpx.get(desk.url, headers={"accept": "text/event-stream", "authorization": f"Bearer {key}"}, **LOCAL)
    assert got.status_code == 405 and got.headers["allow"] == "POST", "without sessions there is nothing to listen to"


def test_celune_c11_what_a_tool_refuses_has_a_code_and_repeats_nothing(desk, sim):
    key, pasted, since = desk.key("mcp", *CHANGES.values()), provider_key("openai"), sim.now()
    desk.secrets.learn(Canary.of_key("pasted", pasted))
    for name, arguments, code in [
        ("test_provider_key", {"provider": "openai", "key": pasted}, "bad_request"),
        ("test_provider_key", {}, "bad_request"),
        ("test_provider_key", {"provider": pasted}, "not_found"),
        ("set_agent_model", {"agent": "writer", "model": pasted}, "bad_request"),
        ("set_agent_model", {"agent": pasted, "model": "gpt-4o"}, "bad_request"),
        ("get_usage", {"group_by": pasted}, "bad_request"),
        ("get_usage", {"from": pasted}, "bad_request"),
        ("get_receipt", {"id": pasted}, "not_found"),
        ("get_receipt", {"id": "../api-keys"}, "not_found"),
        ("list_receipts", {"limit": 1000}, "bad_request"),
        ("list_receipts", {"cursor": pasted}, "bad_request"),
        ("explain_error", {"code": pasted}, "not_found"),
    ]:
        problem = desk.refused(key, name, arguments)
        assert (problem["code"], bool(problem["detail"])) == (code, True), (name, problem)
        assert desk.secrets.scan_text(json.dumps(problem), name) == []
    assert sim.log(since) == []
    for message in (
        {"method": pasted},
        {"method": "tools/call", "params": {"name": pasted}},
        {"method": "resources/read", "params": {"uri": f"ownkey://{pasted}"}},
    ):
        answer = desk.post(key, message)
        assert answer.json()["error"]["code"] < 0 and desk.secrets.scan_text(answer.text, "error") == []


def test_celune_c11_what_is_long_is_told_in_parts(desk):
    key, models = desk.key("mcp"), [model["id"] for model in desk.workspace.api.get("/models")["data"]]

    def read(uri: str) -> dict:
        answer = desk.post(key, {"method": "resources/read", "params": {"uri": uri}})
        assert len(answer.content) < 32 * 1024, uri
        return json.loads(answer.json()["result"]["contents"][0]["text"])

    listed, more = [], {}
    while more is not None:
        page = told(desk.call(key, "list_models", {"limit": 100} | more))
        assert len(page["data"]) <= 100
        listed += [model["id"] for model in page["data"]]
        more = {"cursor": page["next_cursor"]} if page["next_cursor"] else None
    assert listed == models
    listed, uri = [], "ownkey://catalogue"
    while uri:
        page = read(uri)
        listed, uri = listed + [model["id"] for model in page["data"]], page["next"]
    assert listed == models
    costs = Api(desk.server.url, key).get("/workspaces/current/costs")
    assert [(route["path"], route["terms"]) for route in read("ownkey://costs")["routes"]] == [
        (route["path"], route["terms"]) for route in costs["routes"]
    ]
    takes = [route["path"] for route in costs["routes"] if "gpt-4o" in [model["id"] for model in route["models"]]]
    assert takes == [route["path"] for route in read("ownkey://costs/gpt-4o")["routes"]]
    templates = desk.post(key, {"method": "resources/templates/list"}).json()["result"]["resourceTemplates"]
    assert {template["uriTemplate"] for template in templates} == {"ownkey://catalogue{?cursor}", "ownkey://costs/{model}"}
    assert desk.refused(key, "list_models", {"cursor": "x"})["code"] == "bad_request"
    for params in ({"name": "list_models", "arguments": []}, {"name": 1}):
        # The method is there: it is the parameters that are wrong.
        assert desk.post(key, {"method": "tools/call", "params": params}).json()["error"]["code"] == -32602


def test_celune_c11_a_client_sees_its_own_workspace_only(desk):
    stranger = Desk(desk.server)
    key = stranger.key("mcp", *CHANGES.values())
    assert stranger.refused(key, "get_receipt", {"id": desk.receipt})["code"] == "not_found"
    receipts = told(stranger.call(key, "list_receipts", {}))["data"]
    assert [receipt["id"] for receipt in receipts] == [stranger.receipt]
    for name, arguments in [("get_usage", {"workspace": desk.workspace.id}), ("list_models", {"workspace": desk.workspace.id})]:
        assert stranger.refused(key, name, arguments)["code"] == "bad_request"

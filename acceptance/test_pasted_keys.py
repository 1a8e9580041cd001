"""A key pasted where names and ids belong is refused with a reason: what is kept and shown there is no secret."""

import base64
import json

import httpx
import pytest

from harness.api import LOCAL
from harness.canary import Canary, Scanner
from harness.errors import assert_error, assert_problem
from harness.sim import PROVIDERS, provider_key


@pytest.fixture(scope="module")
def acme(server):
    return server.operator.create_workspace()


@pytest.fixture(scope="module")
def service_key(server, acme) -> str:
    body = {"name": "agents", "scopes": ["inference:any"]}
    return server.operator("POST", f"{acme.path}/api-keys", body, 201).json()["secret"]


def keys(acme) -> dict[str, str]:
    legacy = "sk-simAAAAAAAAAAAAAAAAAAAAT3BlbkFJBBBBBBBBBBBBBBBBBBBB"
    return {provider: provider_key(provider) for provider in PROVIDERS} | {"platform": acme.secret, "legacy": legacy}


KINDS = [*PROVIDERS, "platform", "legacy"]
# Where the management API keeps text, and shows it later: (method, path, body with the text in it).
PLACES = {
    "a workspace's name": lambda ws, text: ("POST", "/workspaces", {"name": f"Acme {text}"}),
    "its external id": lambda ws, text: ("POST", "/workspaces", {"name": "x", "external_id": text}),
    "its feature": lambda ws, text: ("POST", "/workspaces", {"name": "x", "features": ["a", text]}),
    "its external id in the path": lambda ws, text: ("PUT", f"/workspaces/by-external-id/{text}", {"name": "x"}),
    "its new name": lambda ws, text: ("PATCH", ws, {"name": text}),
    "its new external id": lambda ws, text: ("PATCH", ws, {"external_id": text}),
    "its new features": lambda ws, text: ("PATCH", ws, {"features": [text]}),
    "a platform key's name": lambda ws, text: ("POST", f"{ws}/api-keys", {"name": text, "scopes": ["inference"]}),
    "an agent's model": lambda ws, text: ("PUT", f"{ws}/agents/lead", {"model": text}),
    "an agent": lambda ws, text: ("PUT", f"{ws}/agents/{text}", {"model": "gpt-4o"}),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", PLACES)
def test_no_name_is_a_key(server, acme, place, kind):
    key = keys(acme)[kind]
    # Agents have names in small letters, so nothing else is looked for there.
    key = key.lower() if place == "an agent" and kind in PROVIDERS else key
    method, path, body = PLACES[place](acme.path, key)
    answer = server.operator(method, path, body)
    assert_problem(answer, 400, "bad_request")
    assert key not in answer.text
    if place != "an agent" or kind in PROVIDERS:
        assert "key" in answer.json()["detail"] and "revoke" in answer.json()["detail"], answer.text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("header", ["x-ownkey-agent", "x-ownkey-user"])
def test_no_key_is_recorded_as_whom_a_call_was_for(acme, sim, service_key, header, kind):
    key, since = keys(acme)[kind], sim.now()
    for text in (key, f"of {key}", f"user={key};x"):
        headers = {"x-ownkey-workspace": acme.id, header: text}
        answer = acme.ask("openai", secret=service_key, headers=headers)
        assert_error(answer, "openai", 400, "bad_request")
        assert header in answer.text and "key" in answer.json()["error"]["message"] and key not in answer.text
    assert sim.calls(since) == []
    scanner = Scanner()
    scanner.learn(Canary.of_key(kind, key) if kind in PROVIDERS else Canary(kind, key, key[:15]))
    shown = [json.dumps(receipt).encode() for receipt in acme.receipts()]
    assert [leak for one in shown for leak in scanner.scan(one, "receipt")] == []


# Ordinary names that merely have letters in common with keys.
ORDINARY = ["notebook_1", "book_keeper", "look_ahead", "ok_", "ask-proj-management-2026-overview", "desk-ant-farm-of-the-office"]


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_names_are_no_keys(server, acme, service_key, name):
    body = {"name": name, "features": [name]}
    made = server.operator("PUT", f"/workspaces/by-external-id/{name}", body)
    assert made.status_code in (200, 201), made.text
    headers = {"x-ownkey-workspace": f"ext:{name}", "x-ownkey-agent": name, "x-ownkey-user": f"user {name}"}
    answer = acme.ask("openai", secret=service_key, headers=headers)
    assert answer.status_code == 200, answer.text
    path = f"/workspaces/{made.json()['id']}/requests/{answer.headers['x-ownkey-request-id']}"
    receipt = server.operator.get(path)
    assert (receipt["agent"], receipt["user"]) == (name, f"user {name}")


def test_an_agent_that_is_not_there_is_not_repeated(acme):
    key = f"sk-proj-{base64.b32encode(b'a' * 30).decode().lower()}"
    answer = acme.ask("openai", model=f"agent/{key}")
    assert_error(answer, "openai", 404, "model_not_found")
    assert key not in answer.text and "agent" in answer.text


def test_the_answer_for_people_says_where_keys_go(server, acme):
    answer = httpx.post(
        f"{server.url}/api/v1/workspaces",
        json={"name": provider_key("openai")},
        headers={"authorization": f"Bearer {server.operator_token}"},
        **LOCAL,
    )
    problem = assert_problem(answer, 400, "bad_request")
    assert problem["member"] == "name" and "provider keys" in problem["detail"]

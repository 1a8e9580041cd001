"""Agents: `agent/NAME` in the place of a model, with the model that the workspace has chosen."""

import httpx
import pytest

from harness.consent import unconsented
from harness.products import change, code, settings, workspace
from harness.server import Server
from harness.sim import provider_key

OTHER = {"openai": "anthropic", "anthropic": "openai"}
CHOICES = {"openai": ("gpt-4o-mini", "gpt-4o"), "anthropic": ("claude-haiku-4-5", "claude-opus-4-6")}


@pytest.fixture(scope="module")
def celune(tmp_path_factory, sim):
    running = Server(tmp_path_factory.mktemp("celune"), sim, settings=settings("celune")).start()
    yield running
    assert unconsented(running.operator) == []
    running.stop()


def choose(acme, name: str, model: str, expect=None):
    return acme.api("PUT", f"{acme.path}/agents/{name}", {"model": model}, expect)


def asked(sim, since) -> list[str]:
    return [call["model"] for call in sim.calls(since)]


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_celune_c12_which_model_the_lead_uses(celune, sim, provider):
    acme = workspace(celune, "pro")
    acme.put_key(provider, provider_key(provider), expect=201)
    for model, expect in zip(CHOICES[provider], (201, 200)):
        assert choose(acme, "lead", model, expect).json()["model"] == model
        since = sim.now()
        for stream in (False, True):
            answer = acme.ask(provider, model="agent/lead", stream=stream)
            assert answer.status_code == 200, answer.text
            receipt = acme.receipt(answer)
            assert (receipt["agent"], receipt["model"], receipt["payer"]) == ("lead", model, "byok")
            assert receipt["cost_usd"] is not None
        assert asked(sim, since) == [model, model], "the change is seen by the very next call"
    # On the other protocol the right path is named.
    wrong = acme.ask(OTHER[provider], model="agent/lead")
    assert code(wrong) == (400, "wrong_protocol") and "/v1/" in wrong.text
    by_agent = {row["key"]: row["calls"] for row in acme.usage(group_by="agent")["data"]}
    assert by_agent["lead"] == 5, "the refused call was one of its too"


def test_the_lead_has_the_products_model_until_it_is_chosen(celune, sim):
    acme = workspace(celune, "spark")
    [lead] = acme.api.get(f"{acme.path}/agents")["data"]
    assert lead == {"name": "lead", "model": "claude-haiku-4-5", "is_default": True}
    since = sim.now()
    assert acme.ask("anthropic", model="agent/lead").headers["x-ownkey-payer"] == "managed"
    assert asked(sim, since) == ["claude-haiku-4-5"]


def test_without_a_product_the_lead_has_the_cheapest_model_that_works(server, sim):
    acme = server.operator.create_workspace()
    [lead] = acme.api.get(f"{acme.path}/agents")["data"]
    models = {model["id"]: model for model in acme.api.get("/models")["data"]}
    assert lead["is_default"] and models[lead["model"]]["usable"]
    since = sim.now()
    answer = acme.ask(models[lead["model"]]["provider"], model="agent/lead")
    assert answer.status_code == 200 and asked(sim, since) == [lead["model"]]


def test_gates_hold_behind_an_agent_too(celune, sim):
    acme = workspace(celune, "pro")
    for model, refused in (("o3-mini", "model_coming_soon"), ("openai/o3-mini", "model_coming_soon"), ("gpt-5", "model_not_found")):
        answer = choose(acme, "lead", model)
        assert (answer.status_code, answer.json()["code"]) == (422, refused)
    since = sim.now()
    for name in ("agent/scout", "agent/", "agent/Lead", "agent/lead/x"):
        assert code(acme.ask("openai", model=name)) == (404, "model_not_found"), name
    assert sim.calls(since) == []
    # What is chosen while it may be had is refused, and not replaced, once it may not.
    acme.api("PUT", f"{acme.path}/policy", {"payer": "byok_only"}, 200)
    choose(acme, "scout", "gpt-4o", 201)
    assert code(acme.ask("openai", model="agent/scout")) == (403, "byok_required")
    change(celune, acme, plan="spark")
    assert code(acme.ask("openai", model="agent/scout")) == (403, "plan_required")
    assert sim.calls(since) == []


def test_models_list_the_agents_of_their_protocol(celune):
    acme = workspace(celune, "pro")
    choose(acme, "scout", "gpt-4o", 201)

    def listed(**more) -> list[str]:
        headers = {"authorization": f"Bearer {acme.secret}", **more}
        answer = httpx.get(f"{celune.url}/v1/models?limit=100", headers=headers)
        return [model["id"] for model in answer.json()["data"] if model["id"].startswith("agent/")]

    assert listed() == ["agent/scout"]
    assert listed(**{"anthropic-version": "2023-06-01"}) == ["agent/lead"]


def test_agents_are_the_workspaces_own_and_need_their_scope(celune):
    one, other = workspace(celune, "pro"), workspace(celune, "pro")
    choose(one, "scout", "gpt-4o", 201)
    assert code(other.ask("openai", model="agent/scout")) == (404, "model_not_found")
    reader = one.new_api_key("reader", ["inference"])["secret"]
    headers = {"authorization": f"Bearer {reader}"}
    url = f"{celune.url}/api/v1/workspaces/current/agents/scout"
    assert httpx.get(url, headers=headers).json()["model"] == "gpt-4o"
    assert httpx.put(url, headers=headers, json={"model": "o1"}).status_code == 403
    assert httpx.delete(url, headers=headers).status_code == 403

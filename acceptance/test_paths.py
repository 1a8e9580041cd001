"""The paths beside chat and messages: who pays, what the receipt says, and what managed access takes."""

import json
from decimal import Decimal

import httpx
import pytest

from harness.api import LOCAL, call_headers, post
from harness.errors import assert_error
from harness.server import Server
from harness.sim import provider_key

INSTRUCT = """
[[models]]
id = "gpt-3.5-turbo-instruct"
provider = "openai"
prices = { input = "0.0000015", output = "0.000002" }
"""
HELLO = [{"role": "user", "content": "Hello there, count me."}]
# Name: protocol, path, body, and what of the provider's usage is on the receipt.
NESTED = {"input": "prompt_tokens", "output": "completion_tokens"}
CALLS = {
    "embeddings": ("openai", "/v1/embeddings", {"model": "text-embedding-3-small", "input": ["Hello", "Grüße 🙂"]}, {"input": "prompt_tokens"}),
    "completions": ("openai", "/v1/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": "Say", "n": 2, "best_of": 3}, NESTED),
    "completions streamed": ("openai", "/v1/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": "Say", "stream": True}, NESTED),
    "moderations": ("openai", "/v1/moderations", {"model": "omni-moderation-latest", "input": "kill"}, {}),
    "count_tokens": ("anthropic", "/v1/messages/count_tokens", {"model": "claude-haiku-4-5", "messages": HELLO}, {}),
}
FREE = {"moderations", "count_tokens"}

each_call = pytest.mark.parametrize("name", CALLS)


@pytest.fixture(scope="module")
def priced(tmp_path_factory, sim):
    """A server whose operator has a price for the legacy model, which the catalogue does not know."""
    running = Server(tmp_path_factory.mktemp("priced"), sim, settings=INSTRUCT).start()
    yield running
    running.stop()


def send(workspace, name: str, alias: str = "", **more):
    protocol, path, body, _ = CALLS[name]
    return post(workspace.url, protocol, json.dumps(body | more).encode(), workspace.secret, path=alias + path)


def assert_billed(receipt: dict, call: dict, name: str):
    _, path, body, classes = CALLS[name]
    assert (receipt["status"], receipt["outcome"], receipt["route"]) == (200, "complete", path)
    assert Decimal(receipt["cost_usd"]) == Decimal(call["cost_usd"])
    assert (Decimal(receipt["cost_usd"]) == 0) == (name in FREE)
    assert receipt["usage"] == {ours: call["usage"][theirs] for ours, theirs in classes.items()}
    assert receipt["measured"] == ("measured" if classes else "unknown")
    assert receipt["model"] == body["model"]


@each_call
@pytest.mark.parametrize("payer", ["byok", "managed"])
def test_the_receipt_is_the_providers_bill(priced, sim, name, payer):
    workspace = priced.operator.create_workspace()
    protocol, path, *_ = CALLS[name]
    if payer == "byok":
        workspace.put_key(protocol, provider_key(protocol), expect=201)
    since = sim.now()
    answer = send(workspace, name)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-ownkey-payer"] == payer
    [call] = sim.calls(since, path)
    receipt = workspace.receipt(answer)
    assert receipt["payer"] == payer and Decimal(receipt["credits"]) == 0
    assert_billed(receipt, call, name)


@each_call
def test_aliases_lead_to_the_same_path(priced, sim, name):
    workspace = priced.operator.create_workspace()
    protocol, path, *_ = CALLS[name]
    since = sim.now()
    assert send(workspace, name, f"/{protocol}").status_code == 200
    assert [call["path"] for call in sim.calls(since)] == [path]


@each_call
def test_managed_access_takes_what_is_known_and_no_more(priced, sim, name):
    workspace = priced.operator.create_workspace()
    since = sim.now()
    answer = send(workspace, name, surprise=1)
    assert_error(answer, CALLS[name][0], 403, "feature_not_priced")
    assert "`surprise`" in answer.text and sim.calls(since) == []


@each_call
def test_usage_that_is_missing_is_unknown(priced, sim, name):
    """What has a price needs its usage to have a cost; what is free does not."""
    workspace = priced.operator.create_workspace()
    body = CALLS[name][2]
    member = next(name for name in ("input", "prompt", "messages") if name in body)
    odd = [{"role": "user", "content": "Hi [[sim:no_usage]]"}] if member == "messages" else "Hi [[sim:no_usage]]"
    receipt = workspace.receipt(send(workspace, name, **{member: odd}))
    assert (receipt["usage"], receipt["measured"]) == ({}, "unknown")
    assert receipt["cost_usd"] is None if name not in FREE else Decimal(receipt["cost_usd"]) == 0


def test_a_model_without_a_price_is_for_own_keys(server, workspace, sim):
    assert_error(send(workspace, "completions"), "openai", 403, "model_not_priced")
    workspace.put_key("openai", provider_key("openai"), expect=201)
    answer = send(workspace, "completions")
    receipt = workspace.receipt(answer)
    assert receipt["cost_usd"] is None and receipt["usage"]["output"] > 0


def test_a_call_without_a_model_goes_to_the_paths_provider(workspace, sim):
    workspace.put_key("openai", provider_key("openai"), expect=201)
    answer = post(workspace.url, "openai", b'{"input":"fine"}', workspace.secret, path="/v1/moderations")
    receipt = workspace.receipt(answer)
    assert (receipt["provider"], receipt["model"], receipt["model_served"]) == ("openai", None, "omni-moderation-latest")
    assert Decimal(receipt["cost_usd"]) == 0


def test_the_usage_that_nobody_asked_for_stays_out_of_a_legacy_stream(priced, sim):
    workspace = priced.operator.create_workspace()
    since = sim.now()
    silent = send(workspace, "completions streamed").text
    told = send(workspace, "completions streamed", stream_options={"include_usage": True}).text
    assert "prompt_tokens" not in silent and "prompt_tokens" in told
    assert silent.endswith("data: [DONE]\n\n") and told.endswith("data: [DONE]\n\n")
    assert all('"include_usage":' in call["body"].replace(" ", "") for call in sim.calls(since))


def test_the_list_of_models_has_those_of_every_built_path(workspace):
    workspace.put_key("openai", provider_key("openai"), expect=201)
    answer = httpx.get(workspace.url + "/v1/models", headers=call_headers("openai", workspace.secret), **LOCAL)
    ids = {model["id"] for model in answer.json()["data"]}
    assert {"gpt-4o", "text-embedding-3-small", "omni-moderation-latest"} <= ids
    assert "gpt-realtime" not in ids

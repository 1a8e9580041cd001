"""Managed calls cost what the operator can know: memory for a body has a bound, nothing goes out that has no price, and
what was answered has a cost."""

import json
from decimal import Decimal

import httpx
import pytest

from harness.api import LOCAL, call_body, post
from harness.errors import assert_error
from harness.products import code
from harness.sim import PROVIDERS, provider_key

BODY_BYTES = 32 << 20
# Beside the body and the copy that its buffer makes while it grows. A tree of it would take up to 3 GiB.
MEMORY_KIB = 200 << 10


def full(start: str, item: str) -> bytes:
    """As many items as a body can have, and a member at its end that is refused: the whole of it was looked at."""
    end = '"end"]}],"surprise":1}' if start.endswith('"content":[') else '"end"],"surprise":1}'
    item = (item + ",").encode()
    return start.encode() + item * ((BODY_BYTES - len(start) - len(end)) // len(item)) + end.encode()


CHAT = '{"model":"gpt-4o-mini",'
MESSAGE = CHAT + '"messages":[{"role":"user","content":['
BODIES = {
    "objects": full(CHAT + '"messages":[', '{"":0}'),
    "lists": full(CHAT + '"messages":[', "[]"),
    "messages": full(CHAT + '"messages":[', '{"content":[{"type":"text"}],"audio":{}}'),
    "parts": full(MESSAGE, '{"type":"text"}').replace(b'"end"', b'{"type":"text"}'),
    "tools": full(CHAT + '"messages":[],"tools":[', '{"type":"function"}'),
    "members": full(CHAT + '"messages":[],"stop":[', '{"a":{"b":{"c":[{}]}}}'),
    "escapes": full(CHAT + '"messages":[],"stop":[', '"' + "\\u0041" * 1000 + '"'),
}


@pytest.mark.parametrize("kind", BODIES)
def test_looking_through_a_body_takes_no_memory_of_its_size(new_server, kind):
    server = new_server().start()
    workspace = server.operator.create_workspace()
    idle = server.process.peak_kib()
    answer = post(server.url, "openai", BODIES[kind], workspace.secret)
    assert_error(answer, "openai", 403, "feature_not_priced")
    assert "`surprise`" in answer.text
    assert server.process.peak_kib() - idle < MEMORY_KIB


def test_completions_are_not_stored_in_the_operators_account(workspace, sim):
    since = sim.now()
    refused = workspace.ask("openai", store=True)
    assert code(refused) == (403, "feature_not_priced") and "`store`" in refused.text
    assert sim.calls(since) == []
    for value in (False, None):
        assert workspace.ask("openai", store=value).status_code == 200
    workspace.put_key("openai", provider_key("openai"), expect=201)
    assert workspace.ask("openai", store=True).headers["x-ownkey-payer"] == "byok"


@pytest.mark.parametrize(
    ("model", "place"),
    [
        ("text-embedding-3-small", "/v1/embeddings"),
        ("gpt-5-pro", "/v1/responses"),
        ("gpt-realtime", "not built yet"),
        ("omni-moderation-latest", "/v1/moderations"),
    ],
)
def test_a_model_is_called_where_it_is_served(workspace, sim, model, place):
    """Nothing that must fail goes out on the operator's key; on an own key the provider says what it thinks of it."""
    listed = httpx.get(f"{workspace.url}/v1/models", headers={"authorization": f"Bearer {workspace.secret}"}, **LOCAL)
    assert (model in [entry["id"] for entry in listed.json()["data"]]) == place.startswith("/")
    since = sim.now()
    refused = workspace.ask("openai", model=model)
    assert_error(refused, "openai", 400, "bad_request")
    assert place in refused.text and sim.calls(since) == []
    workspace.put_key("openai", provider_key("openai"), expect=201)
    since = sim.now()
    passed = workspace.ask("openai", model=model)
    assert passed.headers["x-ownkey-error-source"] == "provider" and len(sim.calls(since)) == 1


def usd(receipt) -> Decimal:
    return Decimal(receipt["cost_usd"])


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("provider", "model", "tier", "dearer"),
    [
        ("anthropic", "claude-haiku-4-5", "priority", False),
        ("openai", "gpt-5-nano", "scale", False),
        ("openai", "gpt-5-nano", "priority", False),
        ("openai", "gpt-4o-mini", "flex", True),
    ],
)
def test_a_tier_that_nobody_asked_for_has_a_cost(workspace, provider, model, tier, dearer, stream):
    """Capacity bought in advance is worth its list price; what has no price costs as much as the model can."""

    def cost(prompt="") -> Decimal:
        answer = workspace.ask(provider, f"[[sim:usage input=10 output=5]] {prompt}", model=model, stream=stream)
        assert answer.status_code == 200 and answer.headers["x-ownkey-payer"] == "managed"
        return usd(workspace.receipt(answer))

    plain, odd = cost(), cost(f"[[sim:tier is={tier}]]")
    assert odd > plain if dearer else odd == plain


def test_a_managed_answer_without_a_cost_is_an_alarm(new_server):
    """Of numbers that can't be true nothing is believed, so there is no cost. An own key's are its owner's business."""
    server = new_server().start()
    name, lie = "ownkey_managed_unpriced_total", f"Hello [[sim:usage input={2**63}]]"
    workspace = server.operator.create_workspace()
    assert server.metrics()[name] == 0
    for provider in PROVIDERS:
        assert workspace.receipt(workspace.ask(provider))["cost_usd"]
        assert workspace.receipt(workspace.ask(provider, lie))["cost_usd"] is None
    assert server.metrics()[name] == len(PROVIDERS)
    for provider in PROVIDERS:
        workspace.put_key(provider, provider_key(provider), expect=201)
        assert workspace.receipt(workspace.ask(provider, lie))["cost_usd"] is None
    assert server.metrics()[name] == len(PROVIDERS)


@pytest.mark.parametrize(
    ("provider", "model", "member"),
    [
        ("openai", "gpt-4o-mini", "max_tokens"),
        ("openai", "gpt-5-nano", "max_completion_tokens"),
    ],
)
def test_an_output_limit_has_the_name_that_the_model_knows(new_server, sim, provider, model, member):
    plan = '[plans.default]\nbyok = true\nmanaged = "included"\noutput_limit = 77'
    workspace = new_server(settings=plan).start().operator.create_workspace()
    since = sim.now()
    assert workspace.ask(provider, model=model).status_code == 200
    sent = json.loads(sim.calls(since)[0]["body"])
    limits = {name: value for name, value in sent.items() if name.startswith("max_")}
    assert limits == {member: 77}


def test_usage_is_asked_for_only_where_the_operator_wants_it(new_server, sim):
    """A managed call is always asked, for its cost is the operator's."""
    workspace = new_server(settings="[metering]\nask_usage = false").start().operator.create_workspace()
    body = json.dumps(call_body("openai", "Hello", stream=True))

    def sent() -> str:
        since = sim.now()
        answer = post(workspace.url, "openai", body.encode(), workspace.secret)
        assert answer.status_code == 200 and '"usage":{' not in answer.text.replace(" ", "")
        return sim.calls(since)[0]["body"], workspace.receipt(answer)

    edited, managed = sent()
    assert json.loads(edited)["stream_options"] == {"include_usage": True} and managed["measured"] == "measured"
    workspace.put_key("openai", provider_key("openai"), expect=201)
    passed, own = sent()
    assert passed == body and own["measured"] == "unknown" and own["cost_usd"] is None


def test_a_change_of_prices_is_a_change_of_their_version(new_server):
    def priced(usd: str) -> str:
        return f'[[models]]\nid = "gpt-4o-mini"\nprovider = "openai"\nprices = {{ input = "{usd}", output = "{usd}" }}'

    server = new_server(settings=priced("0.000001")).start()
    workspace = server.operator.create_workspace()
    first = workspace.receipt(workspace.ask("openai"))
    unchanged = workspace.receipt(workspace.ask("anthropic"))
    file = server.folder / "ownkey.toml"
    file.write_text(file.read_text().replace("0.000001", "0.000002"))
    server.reload()
    second = workspace.receipt(workspace.ask("openai"))
    assert usd(second) == 2 * usd(first)
    assert first["price_version"] != second["price_version"]
    # One version a list: it stands on every receipt, whichever model was asked.
    assert unchanged["price_version"] == first["price_version"]

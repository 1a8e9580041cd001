"""Celune, sentence by sentence: its plans and its models, with the configuration that it would run."""

import itertools
import json
import tomllib
from decimal import Decimal

import httpx
import pytest

from harness.api import MODELS
from harness.money import counted, set_budget, used
from harness.products import change, code, set_payer, settings, workspace
from harness.server import Server
from harness.sim import PROVIDERS, provider_key

AVAILABLE = {
    "anthropic": ["claude-opus-4-6", "claude-sonnet-4-6", "claude-haiku-4-5"],
    "openai": ["gpt-4o", "gpt-4o-mini", "o1"],
}

FOR = {"x-ownkey-agent": "lead", "x-ownkey-user": "user ada@acme"}


def assert_none_of_ours(calls: list[dict]):
    """What callers say to Ownkey is no business of the provider's."""
    assert calls, "something reached the provider"
    assert [name for call in calls for name, _ in call["headers"] if name.lower().startswith("x-ownkey-")] == []


@pytest.fixture(scope="module")
def celune(tmp_path_factory, sim):
    running = Server(tmp_path_factory.mktemp("celune"), sim, settings=settings("celune")).start()
    yield running
    running.stop()


def listed(server, workspace, provider) -> list[str]:
    """The models; agents are names of their own."""
    headers = {"authorization": f"Bearer {workspace.secret}"}
    if provider == "anthropic":
        headers["anthropic-version"] = "2023-06-01"
    answer = httpx.get(f"{server.url}/v1/models", headers=headers)
    assert answer.status_code == 200, answer.text
    return [model["id"] for model in answer.json()["data"] if not model["id"].startswith("agent/")]


@pytest.mark.parametrize("plan", ["spark", "pro", "team", "enterprise"])
def test_celune_c2_the_models_of_the_page_and_no_others(celune, sim, plan):
    acme = workspace(celune, plan)
    for provider, models in AVAILABLE.items():
        assert sorted(listed(celune, acme, provider)) == sorted(models)
        for model in models:
            assert acme.ask(provider, model=model).status_code == 200, model
    shown = {model["id"]: model for model in acme.api.get("/models")["data"]}
    assert sorted(shown) == sorted([*sum(AVAILABLE.values(), []), "o3-mini"])
    assert shown["o3-mini"]["usable"] is False and shown["o3-mini"]["reason"]["code"] == "model_coming_soon"
    since = sim.now()
    for name in ("o3-mini", "o3-mini-2025-01-31", "openai/o3-mini", "ft:o3-mini:acme::1"):
        assert code(acme.ask("openai", model=name)) == (403, "model_coming_soon"), name
    assert code(acme.ask("openai", model="gpt-5")) == (404, "model_not_found")
    assert code(acme.ask("openai", model="claude-opus-4-6")) == (400, "wrong_protocol")
    assert sim.calls(since) == [], "what is not offered reaches nobody"


# "Getting Provider API Keys", step by step as Celune's page has it: what each step must name.
WHERE_KEYS_ARE = {
    "anthropic": ["console.anthropic.com", "API Keys in the left sidebar", "Create Key", "shown only once"],
    "openai": ["platform.openai.com/api-keys", "Create new secret key", "Create secret key", "shown only once"],
}


@pytest.mark.parametrize("plan", ["spark", "pro"])
def test_celune_c8_where_to_get_keys(celune, plan):
    acme = workspace(celune, plan)
    providers = {entry["id"]: entry for entry in acme.api.get("/providers")["data"]}
    assert sorted(providers) == sorted(WHERE_KEYS_ARE)
    for provider, named in WHERE_KEYS_ARE.items():
        steps = providers[provider]["steps"]
        assert len(steps) == len(named), steps
        for step, words in zip(steps, named, strict=True):
            assert words in step and step.endswith("."), step
        assert providers[provider]["keys_url"].startswith(f"https://{named[0]}")
    assert "sk-ant-" in providers["anthropic"]["key_prefixes"] and "sk-proj-" in providers["openai"]["key_prefixes"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_celune_c10_spark_has_no_byok_and_a_downgrade_lets_keys_sleep(celune, sim, provider):
    acme = workspace(celune, "spark")
    key, managed = provider_key(provider), celune.managed_keys[provider]

    def used() -> str:
        since = sim.now()
        assert acme.ask(provider).status_code == 200
        [call] = sim.calls(since)
        return call["key"]

    # On Spark: no key can be added, calls are managed.
    refused = acme.put_key(provider, key)
    assert (refused.status_code, refused.json()["code"]) == (403, "plan_required")
    assert used() == managed
    # Upgraded: the key is added and used from the next call on.
    change(celune, acme, plan="pro")
    acme.put_key(provider, key, expect=201)
    assert used() == key
    # Downgraded: the key sleeps, and nobody else pays in its place.
    change(celune, acme, plan="spark")
    assert acme.provider_keys()[provider]["state"] == "dormant"
    since = sim.now()
    asleep = acme.ask(provider)
    assert code(asleep) == (403, "plan_required") and sim.calls(since) == []
    assert all(word in asleep.text for word in ("pgrade", "remove the key", "managed_only"))
    # The first way out: managed access on the workspace's own word.
    set_payer(acme, "managed_only")
    assert used() == managed
    set_payer(acme, "byok_preferred")
    assert code(acme.ask(provider)) == (403, "plan_required")
    # The second: the plan again wakes the key, unchanged.
    change(celune, acme, plan="pro")
    assert acme.provider_keys()[provider]["state"] == "active"
    assert used() == key
    # And removing it on the lower plan is always possible.
    change(celune, acme, plan="spark")
    acme.delete_key(provider)
    assert used() == managed


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("failure", ["none", "revoked", "noquota", "limited", "down"])
def test_celune_c14_own_keys_only_means_no_managed_call(celune, sim, provider, failure):
    acme = workspace(celune, "team")
    set_payer(acme, "byok_only")
    # What an auditor asks for: who made it so, and when.
    [change_of_policy] = [event for event in acme.api.all(f"{acme.path}/audit") if event["action"] == "workspace.policy"]
    assert change_of_policy["actor"] and change_of_policy["at"]
    since = sim.now()
    if failure == "none":
        assert code(acme.ask(provider)) == (403, "byok_required")
        assert sim.calls(since) == []
        return
    key = provider_key(provider)
    acme.put_key(provider, key, expect=201)
    sim.set_key(key, failure)
    since = sim.now()
    answer = acme.ask(provider)
    assert answer.status_code >= 400
    assert {call["key"] for call in sim.calls(since)} == {key}
    assert acme.receipt(answer)["payer"] == "byok"


def billing_side(acme) -> dict:
    """All that the workspace is billed for by Celune: its plan, and its credits."""
    own = acme.operator.get(acme.path)
    credits = acme.operator.get(f"{acme.path}/credits")
    [plan] = [plan for plan in acme.api.get("/plans")["data"] if plan["current"]]
    return {"plan": own["plan"], "includes": plan, "balance": credits["balance"], "grants": credits["grants"]}


def chat_costs(acme, provider) -> tuple[str, str, dict]:
    """What the page of costs says of a call: who pays, how, and what a token is in credits."""
    path = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}[provider]
    [route] = [row for row in acme.operator.get(f"{acme.path}/costs")["routes"] if row["path"] == path and row["method"] == "POST"]
    said = next(one for one in route["models"] if one["id"] == MODELS[provider])
    return said["payer"], said["cost"], said["credits_per_million_tokens"]


@pytest.mark.parametrize("plan", ["pro", "team", "enterprise"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_celune_c7_inference_moves_to_the_providers_bill_and_the_subscription_stays(celune, sim, provider, plan):
    acme = workspace(celune, plan)
    before, bills, receipts = billing_side(acme), {}, []

    def call(payer: str, key: str):
        since = sim.now()
        for more in ({}, {"stream": True}):
            answer = acme.ask(provider, **more)
            assert answer.status_code == 200 and answer.headers["x-ownkey-payer"] == payer
            assert answer.headers.get("x-ownkey-credits", "0") == "0"
            receipts.append(acme.receipt(answer))
        entries = sim.ended(since)
        assert {entry["key"] for entry in entries} == {key}, "the bill goes to that account"
        bills[payer] = bills.get(payer, 0) + sum(Decimal(entry["cost_usd"]) for entry in entries)

    # "Without BYOK, inference costs are included in Celune's managed access."
    assert chat_costs(acme, provider)[:2] == ("managed", "included")
    call("managed", celune.managed_keys[provider])
    assert [(one["included"], one["credits"], one["payer"]) for one in receipts] == [(True, "0", "managed")] * 2
    # "With BYOK, those costs move to your provider account instead."
    key = provider_key(provider)
    acme.put_key(provider, key, expect=201)
    payer, cost, credits = chat_costs(acme, provider)
    assert (payer, cost) == ("byok", "own_key") and {price for tier in credits.values() for price in tier.values()} == {"0"}
    call("byok", key)
    assert [(one["included"], one["credits"], one["payer"]) for one in receipts[2:]] == [(False, "0", "byok")] * 2
    # "BYOK does not change your Celune subscription."
    assert billing_side(acme) == before
    # Both sides, where the workspace looks: its usage and its statement, each the bill of whoever bills it.
    usage = {row["key"]: Decimal(row["cost_usd"]) for row in acme.usage(group_by="payer")["data"]}
    statement = acme.operator.get(f"{acme.path}/statements/{receipts[0]['at'][:7]}")
    told = {row["payer"]: (row["calls"], Decimal(row["cost_usd"]), row["credits"]) for row in statement["usage"]}
    assert usage == bills and told == {payer: (2, bill, "0") for payer, bill in bills.items()}
    assert statement["entries"] == [] and statement["closing_balance"] == "0"
    # And back: the next call is included again.
    acme.delete_key(provider)
    call("managed", celune.managed_keys[provider])
    assert receipts[-1]["included"] and chat_costs(acme, provider)[:2] == ("managed", "included")
    assert billing_side(acme) == before


def test_celune_c13_plans_show_what_they_include(celune):
    configured = tomllib.loads(settings("celune"))["plans"]
    for current in configured:
        acme = workspace(celune, current)
        plans = {plan["id"]: plan for plan in acme.api.get("/plans")["data"]}
        assert plans.keys() == configured.keys() == {"spark", "pro", "team", "enterprise"}
        assert [name for name, plan in plans.items() if plan["current"]] == [current]
        for name, plan in configured.items():
            assert {member: plans[name][member] for member in plan} == plan
            absent = {"requests_per_minute", "output_limit", "tokens_per_minute", "allowance_credits"} - plan.keys()
            assert all(plans[name][member] is None for member in absent)


@pytest.mark.parametrize("plan", ["spark", "pro", "team", "enterprise"])
def test_celune_c13_what_a_plan_says_it_includes_it_does(celune, sim, plan):
    acme = workspace(celune, plan)
    [own] = [one for one in acme.api.get("/plans")["data"] if one["current"]]
    # Managed access, with the plan's output limit where a call has none.
    since = sim.now()
    answer = acme.ask("openai")
    assert answer.headers["x-ownkey-payer"] == "managed" and acme.receipt(answer)["included"] == (own["managed"] == "included")
    assert json.loads(sim.calls(since)[0]["body"])["max_tokens"] == own["output_limit"]
    # So many calls a minute.
    assert answer.headers.get("x-ratelimit-limit-requests") == (own["requests_per_minute"] and str(own["requests_per_minute"]))
    # Own keys.
    pasted = acme.put_key("openai", provider_key("openai"))
    assert (pasted.status_code, pasted.json().get("code")) == ((201, None) if own["byok"] else (403, "plan_required"))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_celune_c15_caps_at_the_provider_stay_and_ours_come_on_top(celune, sim, provider):
    """The page says: apply your own rate limits and spend caps at the provider level."""
    acme = workspace(celune, "pro")
    key = provider_key(provider)
    acme.put_key(provider, key, expect=201)
    # The provider's are his to tell, in his words, and nobody else pays in the key's place.
    for behaviour, status in (("limited", 429), ("noquota", {"openai": 429, "anthropic": 400}[provider])):
        sim.set_key(key, behaviour)
        since = sim.now()
        answer = acme.ask(provider)
        assert answer.status_code == status and answer.headers["x-ownkey-payer"] == "byok", answer.text
        assert {call["key"] for call in sim.calls(since)} == {key}
    sim.set_key(key, "ok")
    # Ours on top: a budget, here of a day and of own keys.
    made = set_budget(acme, payer="byok", limit_usd="1")
    assert acme.ask(provider).status_code == 200
    spent = used(acme, made)
    assert spent == sum(Decimal(receipt["cost_usd"] or 0) for receipt in acme.receipts()) > 0
    path = f"{acme.path}/budgets/{made['id']}"
    acme.operator("PUT", path, {"period": "day", "payer": "byok", "limit_usd": str(spent)}, 200)
    since = sim.now()
    answer = acme.ask(provider)
    assert code(answer) == (402, "budget_exceeded") and sim.calls(since) == []
    assert made["id"] in answer.text and f"resets_at: {made['resets_at']}" in answer.text
    assert made["resets_at"].endswith("T00:00:00.000Z") and counted(acme, made)["threshold"] == 100
    # Another workspace's caps are its own; and so are this one's once they are raised.
    assert workspace(celune, "pro").ask(provider).status_code == 200
    acme.operator("PUT", path, {"period": "day", "payer": "byok", "limit_usd": "5"}, 200)
    assert acme.ask(provider).headers["x-ownkey-payer"] == "byok"


def test_managed_calls_are_a_closed_world(celune, sim):
    acme = workspace(celune, "pro")
    refused = [
        ("openai", {"web_search_options": {}}, "web_search_options"),
        ("openai", {"service_tier": "scale"}, "scale"),
        ("anthropic", {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "web_search_20250305"),
        ("anthropic", {"container": "container_1"}, "container"),
    ]
    since = sim.now()
    for provider, more, named in refused:
        answer = acme.ask(provider, **more)
        assert code(answer) == (403, "feature_not_priced") and named in answer.text, answer.text
    answer = acme.ask("anthropic", headers={"anthropic-beta": "fast-mode-2026-02-01"})
    assert code(answer) == (403, "feature_not_priced") and "fast-mode" in answer.text
    assert sim.calls(since) == []
    # A missing output limit is the plan's.
    since = sim.now()
    for more in ({}, {"max_tokens": 7}):
        assert acme.ask("openai", **more).status_code == 200
    assert [json.loads(call["body"])["max_tokens"] for call in sim.calls(since)] == [8192, 7]


def test_service_keys_act_for_the_workspace_that_they_name(celune, sim):
    operator = celune.operator
    home = workspace(celune, "pro")
    acme = workspace(celune, "pro", external_id="acme-1")
    assert home.new_api_key("x", ["inference:any"], expect=403)["code"] == "forbidden"
    body = {"name": "agents", "scopes": ["inference:any"]}
    secret = operator("POST", f"/workspaces/{home.id}/api-keys", body, 201).json()["secret"]
    for named in (acme.id, "ext:acme-1"):
        for provider in PROVIDERS:
            answer = acme.ask(provider, secret=secret, headers={"x-ownkey-workspace": named} | FOR)
            assert answer.status_code == 200, answer.text
            receipt = acme.receipt(answer)
            assert (receipt["agent"], receipt["user"]) == ("lead", "user ada@acme")
    for headers in ({}, {"x-ownkey-workspace": "ext:nobody"}, {"x-ownkey-workspace": "ws_1"}):
        assert code(acme.ask("openai", secret=secret, headers=headers)) == (400, "bad_request")
    # Each is optional, and a short text without a platform key in it.
    answer = acme.ask("openai", secret=secret, headers={"x-ownkey-workspace": acme.id})
    assert (acme.receipt(answer)["agent"], acme.receipt(answer)["user"]) == (None, None)
    since = sim.now()
    for name, bad in itertools.product(FOR, ("", "u" * 201, f"of {acme.secret}")):
        answer = acme.ask("openai", secret=secret, headers={"x-ownkey-workspace": acme.id, name: bad})
        assert code(answer) == (400, "bad_request") and name in answer.text and acme.secret not in answer.text
    assert sim.calls(since) == []
    assert_none_of_ours(sim.log())


@pytest.mark.parametrize("provider", PROVIDERS)
def test_only_service_keys_say_whom_a_call_is_for(celune, sim, provider):
    acme, other = workspace(celune, "pro"), workspace(celune, "pro")
    acme.put_key(provider, provider_key(provider), expect=201)
    since = sim.now()
    answer = acme.ask(provider, headers={"x-ownkey-workspace": other.id} | FOR)
    assert answer.status_code == 200 and answer.headers["x-ownkey-payer"] == "byok"
    receipt = acme.receipt(answer)
    assert (receipt["agent"], receipt["user"]) == (None, None)
    assert_none_of_ours(sim.log(since))


def test_rate_limits_are_told_in_the_protocols_form(celune):
    acme = workspace(celune, "spark")
    body = {"name": "slow", "scopes": ["inference"], "requests_per_minute": 2}
    secret = celune.operator("POST", f"/workspaces/{acme.id}/api-keys", body, 201).json()["secret"]
    answers = [acme.ask("openai", secret=secret) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert code(answers[-1]) == (429, "rate_limited")
    assert answers[-1].headers["x-ratelimit-limit-requests"] == "2" and int(answers[-1].headers["retry-after"]) <= 60
    limited = acme.ask("anthropic", secret=secret)
    assert limited.headers["anthropic-ratelimit-requests-remaining"] == "0"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_tokens_are_counted_when_they_are_known(celune, sim, provider):
    acme = workspace(celune, "pro")
    body = {"name": "frugal", "scopes": ["inference"], "tokens_per_minute": 10}
    secret = celune.operator("POST", f"/workspaces/{acme.id}/api-keys", body, 201).json()["secret"]
    # Nobody knows before how much a call will take; once it has, the next one waits.
    spent = acme.ask(provider, secret=secret)
    assert spent.status_code == 200 and acme.receipt(spent)["usage"]["output"] > 10
    since = sim.now()
    limited = acme.ask(provider, secret=secret)
    assert code(limited) == (429, "rate_limited") and int(limited.headers["retry-after"]) == 60
    name = "x-ratelimit-limit-tokens" if provider == "openai" else "anthropic-ratelimit-tokens-limit"
    assert limited.headers[name] == "10" and sim.calls(since) == []
    # It is that key's limit and nobody else's.
    assert acme.ask(provider).status_code == 200


def test_a_plans_limit_is_for_all_keys_of_a_workspace_together(celune):
    acme, neighbour = workspace(celune, "spark"), workspace(celune, "spark")
    other = acme.new_api_key("other", ["inference"])["secret"]
    answers = [acme.ask("openai", secret=secret) for _ in range(40) for secret in (acme.secret, other)]
    served = [answer for answer in answers if answer.status_code == 200]
    # A minute's worth, and what came back while they ran, one a second.
    assert len(served) >= 60 and {code(answer) for answer in answers} == {(200, None), (429, "rate_limited")}
    assert 429 in [acme.ask("anthropic", secret=other).status_code for _ in range(3)]
    assert neighbour.ask("openai").status_code == 200

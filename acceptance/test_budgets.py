"""Budgets, end to end: which calls each counts, when it stops them and when it only tells, and that none is exceeded."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from harness.api import LOCAL, Api, call_headers, post
from harness.clock import DAY_S, LIBRARY, Clock
from harness.money import PRICES, checked, counted, rich, set_budget, used
from harness.process import wait_for
from harness.products import code, workspace
from harness.server import Server
from harness.sim import PROVIDERS, provider_key

# Niyra's credits, without its limit of calls a minute; and a plan that has one.
SETTINGS = """
[credits]
usd_per_credit = "0.01"
markup = "1.2"

[plans.pro]
byok = true
managed = "credits"
output_limit = 8192

[plans.slow]
byok = true
managed = "credits"
requests_per_minute = 1
"""
NOTHING = "0.000000001"
# So much is used, whatever is held: 0.00021 USD at OpenAI, 0.0015 at Anthropic.
USES = "[[sim:usage input=1000 output=100]]"
# Where the operator pays, a provider is not believed that so few words are so many tokens.
LONG = USES + " word" * 400
# And so little, which is below what is held.
LITTLE = "[[sim:usage input=10 output=100]]"
# A legacy completion: it has no price here.
UNPRICED = json.dumps({"model": "gpt-3.5-turbo-instruct", "prompt": "Hello", "max_tokens": 16}).encode()


def cost_of(provider: str) -> Decimal:
    to_read, to_write = PRICES[provider]
    return (1_000 * to_read + 100 * to_write) / 1_000_000


@pytest.fixture(scope="module")
def shop(tmp_path_factory, sim):
    running = Server(tmp_path_factory.mktemp("budgets"), sim, settings=SETTINGS).start()
    yield running
    running.stop()


def bring_keys(acme):
    for provider in PROVIDERS:
        acme.put_key(provider, provider_key(provider), expect=201)
    return acme


def with_keys(server, plan="pro"):
    """A workspace that pays its providers itself."""
    return bring_keys(workspace(server, plan))


def refused_by(answer) -> str | None:
    """The budget that refused a call, if one did."""
    if answer.status_code == 200:
        return None
    assert code(answer) == (402, "budget_exceeded"), answer.text
    assert answer.headers["x-should-retry"] == "false"
    return re.search(r"The budget (\S+) \(", answer.text)[1]


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("scope", ["workspace", "key", "agent"])
def test_a_budget_counts_the_calls_of_its_scope(shop, sim, provider, scope):
    acme = with_keys(shop)
    other = acme.new_api_key("other", ["inference"])
    model = {"openai": "gpt-4o-mini", "anthropic": "claude-haiku-4-5"}[provider]
    acme.api("PUT", f"{acme.path}/agents/lead", {"model": model}, 201)
    named = {"workspace": "workspace", "key": other["id"], "agent": "agent/lead"}[scope]
    made = set_budget(acme, scope=named, limit_usd=NOTHING)
    covered = {"workspace": {"plain", "key", "agent"}, "key": {"key"}, "agent": {"agent"}}[scope]
    calls = {"plain": {}, "key": {"secret": other["secret"]}, "agent": {"model": "agent/lead"}}
    for name, how in calls.items():
        since = sim.now()
        by = refused_by(acme.ask(provider, **how))
        assert by == (made["id"] if name in covered else None), name
        assert len(sim.calls(since)) == (0 if name in covered else 1), name
    assert used(acme, made) == 0


@pytest.mark.parametrize("payer", ["any", "byok", "managed"])
def test_a_budget_counts_whose_money_it_says(shop, payer):
    acme = bring_keys(rich(shop))
    made = set_budget(acme, payer=payer, limit_usd="5")
    acme.ask("openai", LONG)
    acme.delete_key("openai")
    acme.ask("openai", LONG)
    assert [receipt["payer"] for receipt in acme.receipts()] == ["managed", "byok"]
    assert used(acme, made) == cost_of("openai") * (2 if payer == "any" else 1)
    acme.operator("PUT", f"{acme.path}/budgets/{made['id']}", {"period": "day", "payer": payer, "limit_usd": NOTHING}, 200)
    assert (refused_by(acme.ask("openai")) is None) == (payer == "byok")
    acme.put_key("openai", provider_key("openai"), expect=201)
    assert (refused_by(acme.ask("openai")) is None) == (payer == "managed")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_it_counts_is_what_receipts_say(shop, sim, provider):
    acme, since = with_keys(shop), sim.now()
    made = set_budget(acme, limit_usd="5")
    for more in ({}, {"stream": True}):
        assert acme.ask(provider, **more).status_code == 200
    acme.ask(provider, "[[sim:status code=500]]")
    billed = sum(Decimal(entry["cost_usd"]) for entry in sim.ended(since) if entry["method"] == "POST")
    assert used(acme, made) == sum(Decimal(receipt["cost_usd"] or 0) for receipt in acme.receipts()) == billed > 0


def test_thresholds_tell_and_only_a_block_stops(shop):
    acme = with_keys(shop)
    limit = str(5 * cost_of("openai"))
    tells = set_budget(acme, action="notify", limit_usd=limit)
    seen = []
    for _ in range(6):
        assert acme.ask("openai", USES).status_code == 200
        seen.append(counted(acme, tells)["threshold"])
    assert seen == [None, None, 50, 80, 100, 100]
    # The same, made to block: it keeps its count, and that is used up.
    path = f"{acme.path}/budgets/{tells['id']}"
    acme.operator("PUT", path, {"period": "day", "limit_usd": limit, "action": "block"}, 200)
    assert refused_by(acme.ask("openai", USES)) == tells["id"]
    # Whoever raises it goes on at once.
    acme.operator("PUT", path, {"period": "day", "limit_usd": "5", "action": "block"}, 200)
    assert refused_by(acme.ask("openai", USES)) is None
    told = counted(acme, tells)
    assert Decimal(told["used_usd"]) == 7 * cost_of("openai") and told["threshold"] is None


def test_each_budget_that_covers_a_call_counts_it_and_any_may_stop_it(shop):
    acme = with_keys(shop)
    wide, narrow = set_budget(acme, limit_usd="5"), set_budget(acme, period="month", payer="byok", limit_usd="4")
    assert refused_by(acme.ask("openai", USES)) is None
    assert used(acme, wide) == used(acme, narrow) == cost_of("openai")
    tight = set_budget(acme, period="total", limit_usd=NOTHING)
    assert refused_by(acme.ask("openai", USES)) == tight["id"]
    assert used(acme, wide) == cost_of("openai") and Decimal(counted(acme, wide)["held_usd"]) == 0
    acme.operator("DELETE", f"{acme.path}/budgets/{tight['id']}", expect=204)
    assert refused_by(acme.ask("openai", USES)) is None


def completion(acme):
    return post(acme.url, "openai", UNPRICED, acme.secret, path="/v1/completions")


@pytest.mark.parametrize(("action", "unpriced", "passes"), [
    ("block", "refuse", False),
    ("block", "allow", True),
    ("notify", "refuse", True),
])
def test_what_has_no_price_passes_uncounted_or_not_at_all(shop, sim, action, unpriced, passes):
    acme, since = with_keys(shop), sim.now()
    made = set_budget(acme, limit_usd="5", action=action, unpriced=unpriced)
    answer = completion(acme)
    assert code(answer) == ((200, None) if passes else (403, "model_not_priced")), answer.text
    assert len(sim.calls(since)) == passes
    assert (made["id"] in answer.text) == (not passes)
    assert acme.receipt(answer)["cost_usd"] is None
    assert used(acme, made) == 0 and Decimal(counted(acme, made)["held_usd"]) == 0
    # What has a price is counted beside it.
    assert refused_by(acme.ask("openai", USES)) is None
    assert used(acme, made) == cost_of("openai")


# What may cost more than its tokens, or brings input that nobody here has seen.
FEES = [
    ("openai", "/v1/responses", {"tools": [{"type": "web_search"}]}, "`web_search`"),
    ("openai", "/v1/responses", {"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]}, "`code_interpreter`"),
    ("openai", "/v1/responses", {"prompt": {"id": "pmpt_1"}}, "`prompt`"),
    ("openai", "/v1/chat/completions", {"web_search_options": {}}, "`web_search_options`"),
    ("anthropic", "/v1/messages", {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "`web_search_20250305`"),
    ("anthropic", "/v1/messages", {"container": "container_1"}, "`container`"),
]
UNSEEN = [
    ("/v1/responses", {"conversation": "conv_1"}),
    ("/v1/responses", {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "file-1"}]}]}),
    ("/v1/chat/completions", {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "file-1"}}]}]}),
]


def sent(acme, provider, path, **more):
    model, text = {"openai": "gpt-4o-mini", "anthropic": "claude-haiku-4-5"}[provider], [{"role": "user", "content": "Hello"}]
    limit = "max_output_tokens" if path == "/v1/responses" else "max_tokens"
    named = "input" if path == "/v1/responses" else "messages"
    body = json.dumps({"model": model, named: text, limit: 100} | more).encode()
    return post(acme.url, provider, body, acme.secret, path=path)


@pytest.mark.parametrize(("provider", "path", "more", "named"), FEES)
def test_a_fee_that_nobody_can_bound_passes_uncounted_or_not_at_all(shop, sim, provider, path, more, named):
    """On own keys, and only while a budget blocks: nobody else asks what such a call may cost."""
    acme = with_keys(shop)
    assert code(sent(acme, provider, path, **more))[1] != "model_not_priced"
    made, since = set_budget(acme, limit_usd="5"), sim.now()
    refused = sent(acme, provider, path, **more)
    assert code(refused) == (403, "model_not_priced") and sim.calls(since) == []
    assert named in refused.text and made["id"] in refused.text and refused.headers["x-should-retry"] == "false"
    for fields in ({"unpriced": "allow"}, {"action": "notify"}):
        acme.operator("DELETE", f"{acme.path}/budgets/{made['id']}", expect=204)
        made = set_budget(acme, limit_usd="5", **fields)
        since = sim.now()
        sent(acme, provider, path, **more)
        assert len(sim.log(since)) == 1, fields


@pytest.mark.parametrize(("path", "more"), UNSEEN)
def test_input_that_lies_with_the_provider_is_held_as_all_a_model_can_read(shop, sim, path, more):
    acme = with_keys(shop)
    made = set_budget(acme, limit_usd="0.001")
    assert refused_by(sent(acme, "openai", path)) is None
    # Half a cent and more: 128,000 tokens, of which two thousand at most were sent.
    assert refused_by(sent(acme, "openai", path, **more)) == made["id"]
    before, since = used(acme, made), sim.now()
    acme.operator("PUT", f"{acme.path}/budgets/{made['id']}", {"period": "day", "limit_usd": "1"}, 200)
    answer = sent(acme, "openai", path, **more)
    assert len(sim.log(since)) == 1 and code(answer)[1] != "budget_exceeded"
    assert Decimal(counted(acme, made)["held_usd"]) == 0 and used(acme, made) - before < Decimal("0.001")


def test_a_conversation_of_an_own_key_is_held_as_all_a_model_can_read(shop):
    acme = with_keys(shop)
    first = sent(acme, "openai", "/v1/responses").json()["id"]
    made = set_budget(acme, limit_usd="0.001")
    assert refused_by(sent(acme, "openai", "/v1/responses", previous_response_id=first)) == made["id"]
    acme.operator("PUT", f"{acme.path}/budgets/{made['id']}", {"period": "day", "limit_usd": "1"}, 200)
    answer = sent(acme, "openai", "/v1/responses", previous_response_id=first)
    assert answer.status_code == 200, answer.text
    assert used(acme, made) == Decimal(acme.receipt(answer)["cost_usd"]) < Decimal("0.001")


def test_what_is_the_operators_concern_is_none_of_a_budgets(shop):
    """What is kept at the provider's is the workspace's own there."""
    acme = with_keys(shop)
    set_budget(acme, limit_usd="1")
    assert sent(acme, "openai", "/v1/chat/completions", store=True).status_code == 200
    assert sent(acme, "openai", "/v1/responses", background=True).status_code == 200


def test_the_first_reason_is_told(shop, sim):
    """In this order: no price, no price for a part of it, another's response, too many calls, a budget, no credits."""
    slow, keyed = workspace(shop, "slow"), with_keys(shop)
    made, since = set_budget(slow, limit_usd=NOTHING), sim.now()
    search = {"web_search_options": {}}
    assert code(slow.ask("openai", model="ft:gpt-4o-mini-2024-07-18:acme::abc")) == (403, "model_not_priced")
    assert code(slow.ask("openai", **search)) == (403, "feature_not_priced")
    # That took the minute's one call.
    strange = json.dumps({"model": "gpt-4o-mini", "input": "Hello", "previous_response_id": "resp_of_others"}).encode()
    answer = post(slow.url, "openai", strange, slow.secret, path="/v1/responses")
    assert code(answer) == (403, "feature_not_priced") and "`previous_response_id`" in answer.text
    assert code(slow.ask("openai")) == (429, "rate_limited")
    poor = workspace(shop, "pro")
    set_budget(poor, limit_usd=NOTHING)
    assert code(poor.ask("openai")) == (402, "budget_exceeded")
    [own] = poor.operator.get(f"{poor.path}/budgets")["data"]
    poor.operator("DELETE", f"{poor.path}/budgets/{own['id']}", expect=204)
    assert code(poor.ask("openai")) == (402, "insufficient_credits")
    set_budget(keyed, limit_usd=NOTHING)
    assert code(completion(keyed)) == (403, "model_not_priced")
    assert sim.calls(since) == [] and used(slow, made) == 0


def amounts(answer) -> tuple[Decimal, Decimal, Decimal]:
    """What a refusal says: used or held, the limit, what the call may need."""
    found = re.search(r"has ([0-9.]+) of ([0-9.]+) USD used or held, and this call needs up to ([0-9.]+) USD", answer.text)
    return tuple(map(Decimal, found.groups()))


@pytest.mark.parametrize("payer", ["byok", "managed"])
def test_many_at_once_never_exceed_a_budget_and_none_is_refused_for_nothing(shop, sim, soak, payer):
    calls = 400 if soak else 80
    acme = with_keys(shop) if payer == "byok" else rich(shop)
    # Enough for about a third of them.
    limit = Decimal("0.0003") * calls / 3
    made, since = set_budget(acme, payer=payer, limit_usd=str(limit.quantize(Decimal("0.000001")))), sim.now()
    ask = lambda n: acme.ask(PROVIDERS[n % 2], LITTLE, max_tokens=120, **({"stream": True} if n % 3 == 0 else {}))  # noqa: E731
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(ask, range(calls)))
    refused = [answer for answer in answers if refused_by(answer)]
    passed = len(answers) - len(refused)
    assert 0 < passed == len(sim.ended(since)) and refused
    for answer in refused:
        taken, most, needs = amounts(answer)
        assert taken <= most < taken + needs, answer.text
    told = counted(acme, made)
    assert Decimal(told["used_usd"]) == sum(Decimal(r["cost_usd"] or 0) for r in acme.receipts()) <= Decimal(told["limit_usd"])
    assert told["held_usd"] == "0"
    # And with what is left one call after another, down to less than one call's hold.
    while (last := acme.ask("openai", LITTLE, max_tokens=120)).status_code == 200:
        acme.receipts()
    taken, most, needs = amounts(last)
    assert used(acme, made) == taken <= most < taken + needs
    checked(shop)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_budget_is_exceeded_by_no_more_than_one_calls_error(shop, provider):
    """Where a provider bills more than a call could cost by all that was known of it."""
    acme = with_keys(shop)
    lie, cost = "[[sim:usage input=100000 output=100]]", (100_000 * PRICES[provider][0] + 100 * PRICES[provider][1]) / 1_000_000
    limit = (cost * Decimal("1.5")).quantize(Decimal("0.000001"))
    made = set_budget(acme, limit_usd=str(limit))
    for by in (None, None, made["id"], made["id"]):
        assert refused_by(acme.ask(provider, lie, max_tokens=120)) == by
        # A call is counted at what it was held for until its receipt is in the book.
        told = counted(acme, made)
    assert Decimal(told["used_usd"]) == 2 * cost < limit + cost and told["threshold"] == 100


@pytest.mark.parametrize("provider", PROVIDERS)
def test_own_keys_without_a_budget_touch_no_account(new_server, provider):
    server = new_server(settings=SETTINGS).start()
    acme = with_keys(server)
    set_budget(acme, payer="managed", limit_usd=NOTHING)
    set_budget(acme, scope="agent/lead", limit_usd=NOTHING)
    for more in ({}, {"stream": True}):
        assert acme.ask(provider, **more).status_code == 200
    assert len(acme.receipts()) == 2 and acme.operator.all(f"{acme.path}/ledger") == []
    told = server.run("ledger", "check")
    assert told.returncode == 0 and "0 transfers, 0 open holds" in told.stdout, told.stdout


needs_faketime = pytest.mark.skipif(not LIBRARY, reason="libfaketime is not installed")


def next_midnight(days: float = 0) -> str:
    day = datetime.now(UTC) + timedelta(days=days + 1)
    return f"{day:%Y-%m-%d}T00:00:00.000Z"


@needs_faketime
def test_periods_begin_anew_at_their_time_in_utc(new_server, tmp_path):
    clock = Clock(tmp_path / "clock")
    server = new_server(settings=SETTINGS, variables=clock.variables()).start()
    acme = with_keys(server)
    limit = str(cost_of("openai"))
    day, month, total = (
        set_budget(acme, period=period, limit_usd=limit, action=action)
        for period, action in (("day", "block"), ("month", "notify"), ("total", "notify"))
    )
    resets = next_midnight()
    assert refused_by(acme.ask("openai", USES, max_tokens=100)) is None
    acme.receipts()
    assert refused_by(refused := acme.ask("openai", USES)) == day["id"]
    assert resets in refused.text and counted(acme, day)["resets_at"] == resets
    assert counted(acme, total)["resets_at"] is None

    clock.set(DAY_S)
    assert Decimal(counted(acme, day)["used_usd"]) == 0 and counted(acme, day)["resets_at"] == next_midnight(1)
    assert refused_by(acme.ask("openai", USES, max_tokens=100)) is None
    assert used(acme, day) == cost_of("openai")
    assert refused_by(acme.ask("openai", USES)) == day["id"]
    assert used(acme, total) == 2 * cost_of("openai")

    clock.set(32 * DAY_S)
    assert used(acme, day) == used(acme, month) == 0
    assert used(acme, total) == 2 * cost_of("openai") and counted(acme, total)["threshold"] == 100
    assert refused_by(acme.ask("openai", USES, max_tokens=100)) is None
    assert used(acme, day) == used(acme, month) == cost_of("openai")
    checked(server)


def respond(acme, **more):
    body = json.dumps({"model": "gpt-4o-mini", "input": "Hello", "background": True} | more).encode()
    return post(acme.url, "openai", body, acme.secret, path="/v1/responses")


def test_a_response_in_the_background_counts_at_once_at_what_it_can_cost(shop, sim):
    """Nobody knows what it uses when its call ends, and it may be that nobody ever asks. Whoever does brings it down."""
    acme, since = with_keys(shop), sim.now()
    made = set_budget(acme, limit_usd="1")
    answer = respond(acme, max_output_tokens=1_000)
    assert answer.status_code == 200 and answer.json()["status"] == "queued"
    at_most = used(acme, made)
    assert at_most >= 1_000 * PRICES["openai"][1] / 1_000_000 and Decimal(counted(acme, made)["held_usd"]) == 0
    by_id = f"{acme.url}/v1/responses/{answer.json()['id']}"
    show = lambda: httpx.get(by_id, headers=call_headers("openai", acme.secret), **LOCAL).json()["status"]  # noqa: E731
    wait_for(lambda: show() == "completed", "it is made")
    billed = sum(Decimal(entry["cost_usd"] or 0) for entry in sim.ended(since))
    [row] = acme.usage(group_by="payer")["data"]
    assert Decimal(row["cost_usd"]) == billed == used(acme, made) < at_most
    assert show() == "completed" and used(acme, made) == billed, "once, however often it is shown"
    checked(shop)
    acme.operator("PUT", f"{acme.path}/budgets/{made['id']}", {"period": "day", "limit_usd": str(at_most)}, 200)
    assert refused_by(respond(acme, max_output_tokens=1_000)) == made["id"]


def test_one_in_the_background_counts_whole_when_its_reader_leaves(shop, sim):
    """It is made to its end all the same."""
    acme = with_keys(shop)
    made = set_budget(acme, limit_usd="1")
    body = {"model": "gpt-4o-mini", "input": "Hello [[sim:chunks n=3000 delay_ms=20]]", "max_output_tokens": 5_000}
    content = json.dumps(body | {"background": True, "stream": True}).encode()
    headers = call_headers("openai", acme.secret)
    with httpx.stream("POST", f"{acme.url}/v1/responses", content=content, headers=headers, **LOCAL) as answer:
        next(answer.iter_bytes())
    wait_for(lambda: acme.receipts(), "the call has its receipt")
    assert acme.receipts()[0]["outcome"] == "cancelled"
    assert used(acme, made) >= 5_000 * PRICES["openai"][1] / 1_000_000
    # One that is read to its end says what it used.
    before, since = used(acme, made), sim.now()
    assert "response.completed" in respond(acme, stream=True).text
    assert used(acme, made) - before == Decimal(sim.ended(since)[0]["cost_usd"])


def test_budgets_are_the_workspaces_own_to_set(shop):
    """With a key that may; others read nothing of them."""
    acme = with_keys(shop)
    key = shop.operator("POST", f"{acme.path}/api-keys", {"name": "b", "scopes": ["budgets:write", "inference"]}, 201).json()
    api = Api(shop.url, key["secret"])
    made = api("PUT", f"{acme.path}/budgets/mine", {"period": "day", "limit_usd": NOTHING}, 201).json()
    assert refused_by(acme.ask("openai")) == made["id"] == "mine"
    assert api("GET", f"{workspace(shop, 'pro').path}/budgets").status_code == 404
    assert acme.api("GET", f"{acme.path}/budgets").status_code == 403
    api("DELETE", f"{acme.path}/budgets/mine", expect=204)
    assert refused_by(acme.ask("openai")) is None

"""Managed calls are paid in credits that are set aside before they start, and what they cost is what they are charged."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import httpx
import pytest

from harness.api import LOCAL, PATHS, call_body, call_headers, post, read_what_comes
from harness.load import Plan, read_to_the_end
from harness.money import MICRO, checked, credits, events_came, leave, needed, posted, purse, rich, set_budget
from harness.process import wait_for
from harness.products import code, grant, settings, workspace
from harness.server import Server
from harness.sim import PROVIDERS, provider_key

LONG = "Hello [[sim:chunks n={} delay_ms={}]]"
ENDLESS = LONG.format(5_000, 0) + "[[sim:endless]]"


@pytest.fixture(scope="module")
def niyra(tmp_path_factory, sim):
    running = Server(tmp_path_factory.mktemp("credits"), sim, settings=settings("niyra")).start()
    yield running
    running.stop()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_hold_is_exact_to_the_last_micro_credit(niyra, sim, provider):
    acme = workspace(niyra, "pro")
    ask = lambda **more: acme.ask(provider, max_tokens=400, **more)  # noqa: E731
    hold, fits = needed(ask())
    assert fits is None
    grant(acme, hold - MICRO)
    since = sim.now()
    again, fits = needed(ask())
    assert again == hold and fits == 399 and sim.calls(since) == []
    assert acme.ask(provider, max_tokens=fits).status_code == 200
    grant(acme, hold - purse(acme)["balance"])
    assert ask().status_code == 200
    checked(niyra)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_charged_is_what_the_provider_bills(niyra, sim, provider, stream):
    acme, since = rich(niyra), sim.now()
    answer = acme.ask(provider, stream=stream)
    assert answer.status_code == 200 and answer.headers["x-ownkey-payer"] == "managed"
    receipt, (entry,) = acme.receipt(answer), sim.ended(since)
    assert (receipt["outcome"], receipt["measured"]) == ("complete", "measured")
    assert Decimal(receipt["credits"]) == credits(entry["cost_usd"]) > 0
    left = 1_000 - credits(entry["cost_usd"])
    assert purse(acme) == {"balance": left, "held": 0, "available": left}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_stream_is_cut_where_its_hold_ends(niyra, sim, provider):
    acme = workspace(niyra, "pro")
    hold, _ = needed(acme.ask(provider, ENDLESS, stream=True, max_tokens=8_000))
    grant(acme, hold)
    cut, since = niyra.metrics()["ownkey_streams_cut_total"], sim.now()
    body = json.dumps(call_body(provider, ENDLESS, stream=True, max_tokens=8_000)).encode()
    answer = read_what_comes(acme.url, provider, body, acme.secret)
    assert answer.head.status_code == 200 and "insufficient_credits" in answer.text
    assert "[DONE]" not in answer.text and "message_stop" not in answer.text
    # Two bytes of text count as a token, and are half of one in this text.
    assert 800 <= answer.text.count("data: ") <= 2_048
    receipt = acme.receipt(answer.head)
    assert (receipt["outcome"], receipt["error"]) == ("failed", "insufficient_credits")
    assert receipt["measured"] == "estimated" and 800 <= receipt["usage"]["output"] <= 2_048
    assert 0 < Decimal(receipt["credits"]) <= hold
    assert purse(acme)["balance"] == hold - Decimal(receipt["credits"])
    assert niyra.metrics()["ownkey_streams_cut_total"] == cut + 1
    (entry,) = sim.ended(since)
    assert entry["outcome"] == "cancelled"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_hold_is_extended_while_the_stream_goes_on(niyra, sim, provider):
    acme, since = rich(niyra), sim.now()
    before = niyra.metrics()["ownkey_holds_extended_total"]
    answer = acme.ask(provider, LONG.format(5_000, 0), stream=True, max_tokens=8_000)
    assert answer.status_code == 200 and "insufficient_credits" not in answer.text
    (entry,) = sim.ended(since)
    assert Decimal(acme.receipt(answer)["credits"]) == credits(entry["cost_usd"])
    assert niyra.metrics()["ownkey_holds_extended_total"] >= before + 1
    assert purse(acme)["held"] == 0


def charged_alone(acme) -> dict:
    (receipt,) = wait_for(acme.receipts, "the call has its receipt", 30)
    return receipt


@pytest.mark.parametrize("provider", PROVIDERS)
def test_who_leaves_a_stream_pays_what_the_provider_bills(niyra, sim, provider):
    acme, since = rich(niyra), sim.now()
    drained = niyra.metrics()["ownkey_answers_drained_total"]
    leave(niyra, acme.secret, Plan(provider, LONG.format(300, 5)), events_came(20))
    receipt, (entry,) = charged_alone(acme), sim.ended(since)
    assert entry["outcome"] == "complete"
    assert (receipt["outcome"], receipt["measured"]) == ("cancelled", "measured")
    assert Decimal(receipt["credits"]) == credits(entry["cost_usd"])
    assert niyra.metrics()["ownkey_answers_drained_total"] == drained + 1
    assert purse(acme)["held"] == 0


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_more_is_held_for_whoever_has_left(niyra, sim, provider):
    acme, since = rich(niyra), sim.now()
    body = json.dumps(call_body(provider, LONG.format(5_000, 1), stream=True, max_tokens=8_000)).encode()
    with httpx.stream("POST", acme.url + PATHS[provider], content=body, headers=call_headers(provider, acme.secret), **LOCAL) as answer:
        next(answer.iter_bytes())
    receipt, (entry,) = charged_alone(acme), sim.ended(since)
    assert (receipt["outcome"], receipt["measured"], entry["outcome"]) == ("cancelled", "estimated", "cancelled")
    assert 800 <= receipt["usage"]["output"] <= 2_048


@pytest.mark.parametrize("provider", PROVIDERS)
def test_who_leaves_before_the_answer_pays_what_the_provider_bills(niyra, sim, provider):
    acme, since = rich(niyra), sim.now()
    wait_for(lambda: sim.stats()["open"] == 0, "nothing else is going on")
    at_the_provider = lambda _: wait_for(lambda: sim.stats()["open"] == 1, "the provider has it")  # noqa: E731
    leave(niyra, acme.secret, Plan(provider, "Hello [[sim:slow_head ms=500]]", stream=False), at_the_provider)
    receipt, (entry,) = charged_alone(acme), sim.ended(since)
    assert (receipt["outcome"], receipt["status"], receipt["measured"]) == ("cancelled", 0, "measured")
    assert Decimal(receipt["credits"]) == credits(entry["cost_usd"])


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_stream_that_breaks_off_is_charged_by_what_came(niyra, sim, provider):
    acme, since = rich(niyra), sim.now()
    read_to_the_end(niyra.url, acme.secret, Plan(provider, "Hello [[sim:chunks n=300]] [[sim:cut after=200]]"))
    receipt, (entry,) = charged_alone(acme), sim.ended(since)
    assert (receipt["outcome"], receipt["measured"]) == ("failed", "estimated")
    assert 0 < Decimal(receipt["credits"]) <= 2 * credits(entry["cost_usd"])
    assert purse(acme)["held"] == 0


# A model that reasons unseen, and its output limit: all of that is held.
REASONING = {"openai": ("gpt-5", "max_completion_tokens"), "anthropic": ("claude-haiku-5-5", "max_tokens")}


def reasoning(provider, prompt, **more) -> dict:
    model, limit = REASONING[provider]
    return call_body(provider, prompt, model=model, **{limit: 8_000}, **more)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_provider_that_fails_before_it_has_said_anything_is_paid_for_what_it_read(niyra, provider):
    """Nobody has anything of what it may have thought, and it bills no failure; who tries again does not pay again and again."""
    acme = workspace(niyra, "pro")
    body = json.dumps(reasoning(provider, "Hello [[sim:error_event after=0]]", stream=True)).encode()
    hold, _ = needed(post(acme.url, provider, body, acme.secret))
    grant(acme, hold)
    for _ in range(2):
        came = read_what_comes(acme.url, provider, body, acme.secret)
        grant(acme, acme.receipt(came.head)["credits"])
        assert came.head.status_code == 200 and "failed in mid-answer" in came.text
    told = [(receipt["outcome"], receipt["measured"], receipt["usage"]["input"] > 0) for receipt in acme.receipts()[:2]]
    assert told == [("failed", "estimated", True)] * 2
    assert purse(acme) == {"balance": hold, "held": 0, "available": hold}
    assert all(0 < Decimal(receipt["credits"]) < hold / 100 for receipt in acme.receipts()[:2])


def test_who_revokes_his_key_has_left(niyra, sim):
    """The provider may make all of the answer, whoever waits for it."""
    acme, since = rich(niyra), sim.now()
    key = niyra.operator("POST", f"{acme.path}/api-keys", {"name": "x", "scopes": ["inference"]}, 201).json()
    body = json.dumps(reasoning("openai", "Hello [[sim:slow_head ms=20000]]")).encode()
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(post, acme.url, "openai", body, key["secret"])
        wait_for(lambda: sim.calls(since), "the call is at the provider")
        hold = purse(acme)["held"]
        niyra.operator("DELETE", f"{acme.path}/api-keys/{key['id']}", expect=204)
        assert code(call.result()) == (401, "unauthorized")
    assert purse(acme) == {"balance": 1_000 - hold, "held": 0, "available": 1_000 - hold}


@pytest.mark.parametrize("answer", ["status code=500", "status code=400", "status code=429", "status code=401"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_the_provider_refuses_costs_nothing(niyra, provider, answer):
    acme = rich(niyra)
    refused = acme.ask(provider, f"[[sim:{answer}]]")
    assert refused.status_code >= 400
    assert acme.receipt(refused)["credits"] == "0"
    assert purse(acme) == {"balance": 1_000, "held": 0, "available": 1_000}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_own_keys_work_at_balance_zero_and_cost_nothing(niyra, sim, provider):
    acme = workspace(niyra, "pro")
    acme.put_key(provider, provider_key(provider), expect=201)
    for more in ({}, {"stream": True}):
        answer = acme.ask(provider, **more)
        assert answer.status_code == 200 and answer.headers["x-ownkey-credits"] == "0"
        assert acme.receipt(answer)["credits"] == "0"
    assert purse(acme) == {"balance": 0, "held": 0, "available": 0}
    assert acme.operator.all(f"{acme.path}/ledger") == []


def test_models_are_shown_as_usable_whatever_the_balance(niyra):
    acme = workspace(niyra, "pro")
    assert any(model["usable"] for model in acme.api.get("/models")["data"])


@pytest.mark.parametrize("payer", ["byok", "managed"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_budget_stops_calls_before_they_go_out(niyra, sim, provider, payer):
    acme = rich(niyra)
    if payer == "byok":
        acme.put_key(provider, provider_key(provider), expect=201)
    one = acme.ask(provider, max_tokens=100)
    cost = Decimal(acme.receipt(one)["cost_usd"])
    made = set_budget(acme, limit_usd="0.000001")
    since = sim.now()
    refused = acme.ask(provider, max_tokens=100)
    assert code(refused) == (402, "budget_exceeded") and sim.calls(since) == []
    assert made["id"] in refused.text and "resets_at: 2" in refused.text
    assert refused.headers["x-should-retry"] == "false"
    acme.operator("DELETE", f"{acme.path}/budgets/{made['id']}", expect=204)
    made = set_budget(acme, limit_usd="1")
    assert acme.ask(provider, max_tokens=100).headers["x-ownkey-payer"] == payer
    acme.receipts()
    told = acme.operator.get(f"{acme.path}/budgets/{made['id']}")
    assert Decimal(told["used_usd"]) == cost
    checked(niyra)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_budget_ends_a_stream_of_an_own_key(niyra, provider):
    acme = workspace(niyra, "pro")
    acme.put_key(provider, provider_key(provider), expect=201)
    # Enough for the first 2,048 tokens and their prompt, not for as many again.
    limit = {"openai": "0.003", "anthropic": "0.012"}[provider]
    made = set_budget(acme, limit_usd=limit)
    body = json.dumps(call_body(provider, LONG.format(5_000, 0), stream=True, max_tokens=8_000)).encode()
    answer = read_what_comes(acme.url, provider, body, acme.secret)
    assert answer.head.status_code == 200 and "budget_exceeded" in answer.text and made["id"] in answer.text
    receipt = acme.receipt(answer.head)
    assert (receipt["outcome"], receipt["credits"], receipt["measured"]) == ("failed", "0", "estimated")
    acme.receipts()
    used = Decimal(acme.operator.get(f"{acme.path}/budgets/{made['id']}")["used_usd"])
    assert Decimal(receipt["cost_usd"]) == used <= Decimal(limit)


def overrun(server) -> Decimal:
    return Decimal(str(server.metrics()['ownkey_overrun_credits_total{reason="beyond_credits"}']))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_billed_beyond_all_there_is_the_operator_pays(niyra, provider):
    acme = workspace(niyra, "pro")
    prompt = "[[sim:usage input=90 output=1150]]"
    hold, _ = needed(acme.ask(provider, prompt, max_tokens=600))
    grant(acme, hold)
    before, answer = overrun(niyra), acme.ask(provider, prompt, max_tokens=600)
    receipt = acme.receipt(answer)
    charged, beyond = Decimal(receipt["credits"]), Decimal(receipt["overrun_credits"])
    assert charged > hold and purse(acme) == {"balance": 0, "held": 0, "available": 0}
    assert abs(overrun(niyra) - before - (charged - hold)) < MICRO
    # What it costs is told beside what of it the workspace has paid: that is what the book has taken.
    assert charged - beyond == hold == posted(acme, receipt["id"])
    [row] = [row for row in acme.usage(group_by="payer")["data"] if row["key"]]
    statement = acme.operator.get(f"{acme.path}/statements/{receipt['at'][:7]}")
    for told in (row, statement["usage"][0]):
        assert (Decimal(told["credits"]), Decimal(told["overrun_credits"])) == (charged, beyond)
    checked(niyra)


def test_a_budget_refuses_what_has_no_price_unless_it_is_told_not_to(niyra, sim):
    acme = workspace(niyra, "pro")
    acme.put_key("openai", provider_key("openai"), expect=201)
    unknown = {"model": "ft:gpt-4o-mini-2024-07-18:acme::abc"}
    passes = lambda: code(acme.ask("openai", **unknown))[1] != "model_not_priced"  # noqa: E731
    assert passes()
    made = set_budget(acme, limit_usd="5")
    since = sim.now()
    refused = acme.ask("openai", **unknown)
    assert code(refused) == (403, "model_not_priced") and made["id"] in refused.text and sim.calls(since) == []
    acme.operator("DELETE", f"{acme.path}/budgets/{made['id']}", expect=204)
    set_budget(acme, limit_usd="5", unpriced="allow")
    assert passes()


def test_a_picture_is_held_as_a_picture_however_many_bytes_it_has(niyra):
    acme = workspace(niyra, "pro")
    hold = lambda parts: needed(acme.ask("anthropic", messages=[{"role": "user", "content": parts}]))[0]  # noqa: E731
    source = {"type": "base64", "media_type": "image/png", "data": "A" * 400_000}
    small, large = ({"type": "image", "source": source | {"data": "A" * size}} for size in (4, 400_000))
    linked = {"type": "image", "source": {"type": "url", "url": "https://example.com/cat.png"}}
    text = {"type": "text", "text": "A" * 400_000}
    assert hold([small]) == hold([large]) < hold([large, large]) < hold([text])
    assert abs(hold([linked]) - hold([small])) < Decimal("0.02")
    # What is in a document that the provider fetches nobody knows: as much as the model can read.
    elsewhere = {"type": "document", "source": {"type": "url", "url": "https://example.com/book.pdf"}}
    assert hold([elsewhere]) >= hold([text])
    # Nor of one that is here, however small: its pages may share what is on them.
    here = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "A" * 4_000}}
    assert hold([here]) == hold([elsewhere])
    plain = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "A" * 4_000}}
    assert hold([plain]) < hold([text]) / 20


def test_the_server_waits_for_what_is_still_read_when_it_stops(new_server, sim):
    server = new_server(settings=settings("niyra")).start()
    acme, since = rich(server), sim.now()
    leave(server, acme.secret, Plan("anthropic", LONG.format(200, 10)), events_came(10))
    server.stop()
    (entry,) = sim.ended(since)
    server.start()
    receipt = charged_alone(acme)
    assert entry["outcome"] == "complete" and receipt["measured"] == "measured"
    assert Decimal(receipt["credits"]) == credits(entry["cost_usd"])


def test_killed_in_mid_stream_nothing_stays_held(new_server, sim):
    server = new_server(settings=settings("niyra")).start()
    acme = rich(server)
    pick = random.Random(7)
    for round in range(4):
        with ThreadPoolExecutor(12) as pool:
            plans = [Plan(PROVIDERS[n % 2], LONG.format(300, 3), stream=bool(n % 3)) for n in range(12)]
            calls = [pool.submit(read_to_the_end, server.url, acme.secret, plan) for plan in plans]
            wait_for(lambda: sim.stats()["open"] >= pick.randrange(1, 9), "some of them are at the provider")
            server.kill()
            for call in calls:
                call.exception()
        server.start()
        # What an earlier process left is ended by the rule as soon as its receipts are in the book.
        wait_for(lambda: purse(acme)["held"] == 0, f"round {round}: nothing is held", 60)
        checked(server)
    assert 0 < purse(acme)["balance"] < 1_000

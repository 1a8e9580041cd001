"""However many call at once, a workspace spends what it has, and nobody is refused who could have been served."""

import itertools
import json
import re
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest

from harness.api import call_body, post
from harness.money import MICRO, checked, credits, entries, needed, posted, purse, told
from harness.process import wait_for
from harness.products import code, grant, settings, workspace
from harness.server import Server
from harness.sim import PROVIDERS

CORPUS = json.loads((Path(__file__).parent / "corpus" / "texts.json").read_text())


@pytest.fixture(scope="module")
def niyra(tmp_path_factory, sim):
    # All of them at once, and more than a person asks for in a minute.
    plans = re.sub(r"requests_per_minute = \d+", "requests_per_minute = 1000000", settings("niyra"))
    running = Server(tmp_path_factory.mktemp("overspend"), sim, settings=plans).start()
    yield running
    running.stop()


# USD for a million tokens, in and out, of what `call_body` asks for.
PRICES = {"openai": (Decimal("0.15"), Decimal("0.6")), "anthropic": (Decimal(1), Decimal(5))}


def costs_its_hold(poor, provider: str, letters: int, limit: int) -> tuple[bytes | None, Decimal]:
    """A call that costs all that is held for it, if there can be one, and what is held."""

    def call(inputs: int) -> bytes:
        prompt = f"[[sim:usage input={inputs:08} output={limit:08}]]" + "x" * letters
        # In a tier of its own: what could be served in a dearer one is held at more than it may be said to have used.
        tier = {"service_tier": "default"} if provider == "openai" else {}
        return json.dumps(call_body(provider, prompt, max_tokens=limit, **tier)).encode()

    hold, _ = needed(post(poor.url, provider, call(0), poor.secret))
    to_read, to_write = PRICES[provider]
    inputs = (hold * Decimal("0.01") / Decimal("1.2") * 1_000_000 - limit * to_write) / to_read
    return (call(int(inputs)) if inputs == int(inputs) else None), hold


def same_cost(server) -> tuple[dict[str, bytes], Decimal]:
    """Calls over both protocols that cost the same to the last micro-credit, all of which is held for them."""
    poor = workspace(server, "alpha")
    made = (costs_its_hold(poor, "anthropic", 0, limit) for limit in range(21, 30))
    wanted = {hold: body for body, hold in made if body}
    for letters in range(0, 12, 2):
        (_, least), (_, next) = (costs_its_hold(poor, "openai", letters, limit) for limit in (100, 101))
        for hold, body in wanted.items():
            more = (hold - least) / (next - least)
            if more == int(more) and more > -100:
                ours, same = costs_its_hold(poor, "openai", letters, 100 + int(more))
                assert same == hold
                if ours:
                    return {"anthropic": body, "openai": ours}, hold
    raise AssertionError("no two calls cost the same")


def test_exactly_as_many_calls_pass_as_are_paid_for(niyra, sim):
    callers, paid = 500, 123
    bodies, hold = same_cost(niyra)
    acme = workspace(niyra, "pro")
    grant(acme, hold * paid)
    since = sim.now()
    order = [PROVIDERS[n % 2] for n in range(callers)]
    with ThreadPoolExecutor(callers) as pool:
        answers = list(pool.map(lambda provider: post(acme.url, provider, bodies[provider], acme.secret), order))
    assert sorted({code(answer) for answer in answers}) == [(200, None), (402, "insufficient_credits")]
    assert sum(answer.status_code == 200 for answer in answers) == paid == len(sim.ended(since))
    assert purse(acme) == {"balance": 0, "held": 0, "available": 0}
    checked(niyra)


def test_callers_who_try_again_spend_nearly_all_there_is(niyra, sim, report, soak):
    """What is held is five times what is spent, so most who are refused could be served a moment later."""
    acme = workspace(niyra, "pro")
    bodies = {provider: json.dumps(call_body(provider, "Hello", max_tokens=2_000)).encode() for provider in PROVIDERS}
    poor = workspace(niyra, "pro")
    hold = {provider: needed(post(poor.url, provider, body, poor.secret))[0] for provider, body in bodies.items()}
    # The dearer of the two is what the least of the balance is measured by.
    dear = max(hold, key=hold.get)
    given = hold[dear] * (20 if soak else 8)
    grant(acme, given)
    since, refusals = sim.now(), []

    def caller(number: int):
        while True:
            answer = post(acme.url, dear, bodies[dear], acme.secret)
            if answer.status_code == 200:
                continue
            refusals.append((time.time(), *told(answer)))
            # Who holds something gives most of it back; once nobody does, there is no more to be had.
            if refusals[-1][2] == refusals[-1][3]:
                return

    with ThreadPoolExecutor(24) as pool:
        list(pool.map(caller, range(24)))
    calls, left = sim.ended(since), purse(acme)
    costs = [credits(call["cost_usd"]) for call in calls]
    assert all(hold[dear] >= 5 * cost for cost in costs)
    assert left["held"] == 0 and left["balance"] == given - sum(costs) and 0 <= left["balance"] < hold[dear]
    # Each refusal was right, and what it told is what the book had.
    balances = {Decimal(entry["balance"]) for entry in entries(acme)}
    for _, needs, balance, available in refusals:
        assert needs == hold[dear] and available < needs, "refused although there was enough"
        assert balance in balances, "told a balance that never was"
        assert (balance - available) % hold[dear] == 0, "something else was held than calls like this one"
    assert any(balance > available for _, _, balance, available in refusals), "nobody was refused for what others hold"
    report(f"holds of {hold[dear] / max(costs):.1f} × the cost: {len(calls)} calls, {len(refusals)} refusals, all right; "
           f"{left['balance']} of {given} credits left, less than a hold")
    checked(niyra)


# USD for a million tokens, in and out, at the dearest that these calls can truly be billed: OpenAI may answer in the tier that
# the account prefers, and of Anthropic's nothing is written to a cache unless the call asks for that.
WORST = {"openai": (Decimal("0.25"), Decimal(1)), "anthropic": (Decimal(1), Decimal(5))}
# What both take for a message besides its text.
AROUND = 8


def ratios(poor, limit: int) -> list[tuple[Decimal, str]]:
    """What is held for each text by what it can truly cost, if the answer takes all it may."""
    found = []
    for provider, entry in itertools.product(PROVIDERS, CORPUS["texts"]):
        # As the official SDKs send it: no letter is escaped that need not be.
        body = json.dumps(call_body(provider, entry["text"], max_tokens=limit), ensure_ascii=False, separators=(",", ":"))
        hold, _ = needed(post(poor.url, provider, body.encode(), poor.secret))
        to_read, to_write = WORST[provider]
        worst = credits(((entry["tokens"] + AROUND) * to_read + limit * to_write) / 1_000_000)
        found.append((hold / worst, entry["kind"]))
    return found


def test_a_hold_is_not_much_more_than_a_text_can_cost(niyra, report):
    """By tokens that a provider's own tokenizer has counted."""
    poor = workspace(niyra, "pro")
    for limit in (1, 512, 4_096):
        found = ratios(poor, limit)
        median, least, most = statistics.median(ratio for ratio, _ in found), min(found), max(found)
        report(
            f"hold ÷ true worst case with {limit:,} tokens of output, {len(found)} calls in {len(CORPUS['texts'])} languages and codes: "
            f"median {median:.2f}, from {least[0]:.2f} ({least[1]}) to {most[0]:.2f} ({most[1]})"
        )
        assert least[0] >= 1, "less is held than it may cost"
        # An answer of one token is the input alone, of which a usual text has about half as many tokens as it is held for,
        # and in a short call what is around it counts as well.
        assert median <= (3 if limit == 1 else 2)


def metric(server, name: str) -> Decimal:
    return Decimal(str(server.metrics()[name]))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_densest_text_ends_a_workspace_at_zero_and_not_below(niyra, sim, provider):
    """A token for each of its bytes, twice what is held for it. Only that is beyond the bound, and is counted apart."""
    acme = workspace(niyra, "pro")
    part = {"type": "text", "text": "[[sim:dense]]" + "~" * 40_000}
    # At the dearest that Anthropic has for input, which is what is held.
    part |= {"cache_control": {"type": "ephemeral", "ttl": "1h"}} if provider == "anthropic" else {}
    # And OpenAI's answer in its dearest tier.
    more = {} if provider == "anthropic" else {"service_tier": "priority"}
    ask = lambda: acme.ask(provider, messages=[{"role": "user", "content": [part]}], max_tokens=16, **more)  # noqa: E731
    hold, _ = needed(ask())
    grant(acme, hold)
    before, since = metric(niyra, 'ownkey_overrun_credits_total{reason="beyond_credits"}'), sim.now()
    answer = ask()
    assert answer.status_code == 200
    (call,) = sim.ended(since)
    billed = credits(call["cost_usd"])
    assert Decimal(acme.receipt(answer)["credits"]) == billed
    assert 1.9 * float(hold) < billed <= 2 * hold
    assert purse(acme) == {"balance": 0, "held": 0, "available": 0}
    assert posted(acme, answer.headers["x-ownkey-request-id"]) == hold
    assert abs(metric(niyra, 'ownkey_overrun_credits_total{reason="beyond_credits"}') - before - (billed - hold)) < MICRO
    checked(niyra)


def test_a_change_of_prices_is_for_calls_that_come_after_it(niyra_of_own_prices, sim):
    """A call under way is charged by what held when it was admitted, and so is what is still held for it."""
    server, change = niyra_of_own_prices
    acme = workspace(server, "pro")
    grant(acme, 1_000)
    ask = lambda prompt="Hello": acme.ask("openai", prompt)  # noqa: E731
    first = acme.receipt(ask())
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(ask, "Hello [[sim:slow_head ms=3000]]")
        wait_for(lambda: sim.stats()["open"] == 1, "one call is under way")
        change()
        later = acme.receipt(ask())
        assert sim.stats()["open"] == 1, "the first call is still under way"
        before = acme.receipt(under_way.result())
    assert before["price_version"] == first["price_version"] != later["price_version"]
    assert before["credit_rate"] == first["credit_rate"] != later["credit_rate"]
    for receipt, usd, worth in ((first, 1, "0.01"), (before, 1, "0.01"), (later, 3, "0.02")):
        usage = receipt["usage"]
        cost = Decimal(usd) * (usage["input"] + usage["output"]) / 1_000_000
        assert Decimal(receipt["cost_usd"]) == cost
        charge = Decimal(receipt["credits"])
        assert charge == (cost * Decimal("1.2") / Decimal(worth)).quantize(MICRO, "ROUND_UP")
        assert posted(acme, receipt["id"]) == charge
    checked(server)


@pytest.fixture
def niyra_of_own_prices(new_server):
    """The product, and what trebles a model's price and doubles what a credit is worth."""
    own = '\n[[models]]\nid = "gpt-4o-mini"\nprovider = "openai"\nprices = { input = "0.000001", output = "0.000001" }\n'
    server = new_server(settings=settings("niyra") + own).start()
    file = server.folder / "ownkey.toml"

    def change():
        text = file.read_text().replace("0.000001", "0.000003")
        file.write_text(text.replace('usd_per_credit = "0.01"', 'usd_per_credit = "0.02"'))
        assert "nothing was changed" not in server.reload()

    return server, change

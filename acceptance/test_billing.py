"""Whatever a call is and however it ends, it is charged what its provider bills, or refused before it goes out."""

import json
from decimal import Decimal

import pytest

from harness import billing
from harness.api import call_body, post, read_what_comes
from harness.money import checked, credits, needed, purse
from harness.products import grant, settings, workspace
from harness.server import ON_POSTGRES, Server


@pytest.fixture(scope="module")
def niyra(tmp_path_factory, sim):
    running = Server(tmp_path_factory.mktemp("billing"), sim, settings=settings("niyra")).start()
    yield running
    running.stop()


@pytest.mark.parametrize("kind", billing.AXES)
def test_every_call_is_priced_as_it_is_billed_or_refused(niyra, sim, kind, soak, report):
    # In a soak every three values of a cell meet, else every two; on the second database each value is there.
    rows = billing.run_all(niyra, sim, kind, strength=3 if soak else 1 if ON_POSTGRES else 2)
    wrong = [row for row in rows if not billing.is_right(row)]
    assert not wrong, billing.table(wrong)
    assert {row.verdict for row in rows} >= {"exact", "estimated"}
    report(f"billing of {kind}: {billing.summary(rows)}")
    checked(niyra)


THINKING = {"thinking": {"type": "enabled", "budget_tokens": 20_000}}


def streamed(caller, provider, model, limit, **more):
    name = "max_completion_tokens" if model.startswith("gpt-5") else "max_tokens"
    prompt = f"[[sim:think tokens={limit}]]"
    return caller.ask(provider, prompt, model=model, stream=True, **{name: limit}, **more)


@pytest.mark.parametrize(
    ("provider", "model", "more"),
    [("openai", "gpt-5", {}), ("anthropic", "claude-haiku-4-5", THINKING), ("anthropic", "claude-haiku-5-5", {})],
)
def test_what_a_model_reasoned_before_its_stream_broke_off_is_held_whole(niyra, sim, provider, model, more):
    """Its thoughts are billed and nobody saw them, so what came of the answer says little of what was made."""
    acme = workspace(niyra, "pro")
    limit = {"max_completion_tokens" if model == "gpt-5" else "max_tokens": 30_000}
    body = json.dumps(call_body(provider, "[[sim:think tokens=5000]] [[sim:chunks n=300]] [[sim:cut after=100]]", model=model, stream=True, **limit, **more))
    hold, _ = needed(post(acme.url, provider, body.encode(), acme.secret))
    grant(acme, 2 * hold)
    since = sim.now()
    answer = read_what_comes(acme.url, provider, body.encode(), acme.secret)
    assert answer.head.status_code == 200
    receipt, (entry,) = acme.receipt(answer.head), sim.ended(since)
    assert receipt["outcome"] == "failed" and receipt["cost_usd"] is None
    assert credits(entry["cost_usd"]) <= Decimal(receipt["credits"]) == hold
    assert purse(acme) == {"balance": hold, "held": 0, "available": hold}


@pytest.mark.parametrize(
    ("provider", "model", "more", "reasons"),
    [
        ("openai", "gpt-4o", {}, False),
        ("openai", "gpt-5", {}, True),
        ("anthropic", "claude-haiku-4-5", {}, False),
        ("anthropic", "claude-haiku-4-5", THINKING, True),
        ("anthropic", "claude-haiku-5-5", {}, True),
    ],
)
def test_models_that_reason_hold_their_whole_output_limit(niyra, sim, provider, model, more, reasons):
    """What they think is billed and nobody sees it: thought alone may take all there is."""
    acme = workspace(niyra, "pro")
    small, large = (needed(streamed(acme, provider, model, limit, **more))[0] for limit in (5_000, 8_000))
    assert (small < large) == reasons
    if not reasons:
        return
    grant(acme, small)
    since = sim.now()
    answer = streamed(acme, provider, model, 5_000, **more)
    assert answer.status_code == 200 and "insufficient_credits" not in answer.text
    (entry,) = sim.ended(since)
    receipt = acme.receipt(answer)
    assert (receipt["outcome"], receipt["usage"]["output"], receipt["usage"]["reasoning"]) == ("complete", 5_000, 5_000)
    assert credits(entry["cost_usd"]) == Decimal(receipt["credits"]) <= small
    assert purse(acme) == {"balance": small - credits(entry["cost_usd"]), "held": 0, "available": small - credits(entry["cost_usd"])}

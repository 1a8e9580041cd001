"""Whatever a call is and however it ends, it is charged what its provider bills, or refused before it goes out."""

import json
from decimal import Decimal

import httpx
import pytest

from harness import billing, sound
from harness.api import LOCAL, call_body, post, read_what_comes
from harness.money import MICRO, checked, credits, needed, purse, set_budget
from harness.products import code, grant, settings, workspace
from harness.server import ON_POSTGRES, Server
from harness.sim import provider_key


STAFF = """
[plans.staff]
byok = true
managed = "included"
"""


@pytest.fixture(scope="module")
def niyra(tmp_path_factory, sim):
    running = Server(tmp_path_factory.mktemp("billing"), sim, settings=settings("niyra") + billing.INSTRUCT + STAFF).start()
    yield running
    running.stop()


@pytest.mark.parametrize("kind", billing.AXES)
def test_every_call_is_priced_as_it_is_billed_or_refused(niyra, sim, kind, soak, report):
    # In a soak every three values of a cell meet, else every two; on the second database each value is there.
    rows = billing.run_all(niyra, sim, kind, strength=3 if soak else 1 if ON_POSTGRES else 2)
    wrong = [row for row in rows if not billing.is_right(row)]
    assert not wrong, billing.table(wrong)
    told = {"exact"} if kind == "completions" else {"exact", "estimated"}
    assert {row.verdict for row in rows} >= told
    report(f"billing of {kind}: {billing.summary(rows)}")
    checked(niyra)


WORDS = "word " * 1_400
# Of each prompt the models read 8,191 tokens, or 4,096; all together are more.
MANY = {
    "texts": ("/v1/embeddings", {"model": "text-embedding-3-small", "input": [WORDS] * 40}),
    "tokens": ("/v1/embeddings", {"model": "text-embedding-3-small", "input": [[1] * 1_400] * 40}),
    "prompts": ("/v1/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": [WORDS] * 20, "max_tokens": 10}),
}


@pytest.mark.parametrize("many", MANY)
def test_each_of_many_prompts_may_fill_what_the_model_reads(niyra, sim, many):
    """Whoever pays, what is held is no less than the provider's bill, and what is charged is just that."""
    path, said = MANY[many]
    ask = lambda caller: post(caller.url, "openai", json.dumps(said).encode(), caller.secret, path=path)  # noqa: E731
    acme = workspace(niyra, "pro")
    poor = ask(acme)
    hold, _ = needed(poor)
    assert ("output limit" in poor.text) == (path != "/v1/embeddings"), "there is nothing that limits embeddings"
    grant(acme, hold)
    since = sim.now()
    answer = ask(acme)
    assert answer.status_code == 200, answer.text
    receipt, (entry,) = acme.receipt(answer), sim.ended(since)
    bill = billing.bill(entry)
    assert receipt["measured"] == "measured" and Decimal(receipt["cost_usd"]) == bill
    assert Decimal(receipt["credits"]) == credits(bill) <= hold and receipt["overrun_credits"] == "0"
    staff = workspace(niyra, "staff")
    included = staff.receipt(ask(staff))
    assert included["included"] and (included["measured"], Decimal(included["cost_usd"])) == ("measured", bill)
    own = workspace(niyra, "pro")
    own.put_key("openai", provider_key("openai"), expect=201)
    set_budget(own, limit_usd=str(round(bill - MICRO, 6)))
    since = sim.now()
    refused = ask(own)
    assert code(refused)[1] == "budget_exceeded" and sim.calls(since) == [], "what is billed would be more than is left"
    assert ("ask for less output" in refused.text) == (path != "/v1/embeddings")


@pytest.mark.parametrize("note", sound.NOTES)
def test_voice_notes_are_held_for_as_long_as_their_packets_can_last(niyra, sim, note):
    """By the second: no less than is billed, and of AAC no more than eight times as much."""
    files = {"file": (f"a.{note}", sound.NOTES[note])}
    acme = workspace(niyra, "pro")
    ask = lambda path: httpx.post(  # noqa: E731
        acme.url + path, data={"model": "whisper-1"}, files=files, headers={"authorization": f"Bearer {acme.secret}"}, **LOCAL
    )
    hold, _ = needed(ask("/v1/audio/transcriptions"))
    grant(acme, hold)
    since = sim.now()
    answer = ask("/v1/audio/transcriptions")
    assert answer.status_code == 200, answer.text
    receipt, (entry,) = acme.receipt(answer), sim.ended(since)
    billed = credits(billing.bill(entry))
    assert Decimal(receipt["credits"]) == billed <= hold <= (8 if note == "m4a" else 2) * billed
    assert receipt["overrun_credits"] == "0" and purse(acme)["balance"] == hold - billed


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

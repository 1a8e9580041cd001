"""The comparisons prove themselves: what they must see, they see."""

import copy

import pytest

from harness.load import Plan, Result, dechunked
from harness.receipts import attempts_nobody_saw, problems
from harness.transcript import compare, without_edit

BODY = '{"model":"gpt-4o","stream":true,"messages":[]}'


def test_the_one_edit_is_taken_back_wherever_it_stands():
    asked = '"stream_options":{"include_usage":true}'
    for edited in (BODY[:-1] + f",{asked}}}", "{" + f"{asked}," + BODY[1:], BODY.replace("true,", f"true, {asked},")):
        assert without_edit(BODY, edited) == BODY


def test_any_other_edit_stays():
    for edited in (BODY.replace("gpt-4o", "gpt-4"), BODY[:-1] + ',"user":"x"}', BODY.replace(":", ": "), BODY[:-1]):
        assert without_edit(BODY, edited) == edited != BODY


def side(**changes) -> dict:
    entry = {
        "provider": "openai", "method": "POST", "path": "/v1/chat/completions", "query": None, "key": "sk-1", "body": BODY,
        "headers": [["user-agent", "sdk/1"], ["host", "x"]],
    }  # fmt: skip
    seen = {"parsed": [{"id": "chatcmpl-0123456789"}], "error": None, "headers": {"x-request-id": "1"}, "waits": []}
    one = {"entries": [entry], "seen": seen}
    for path, value in changes.items():
        *way, last = path.split("__")
        at = one
        for step in way:
            at = at[int(step) if step.isdigit() else step]
        at[last] = value
    return one


SCENARIO = {"differs": []}


def test_what_varies_is_no_difference():
    via = side(seen__parsed=[{"id": "chatcmpl-9876543210"}], entries__0__headers=[["User-Agent", "sdk/1"], ["host", "y"]])
    assert compare(SCENARIO, side(), via) == []


def test_each_difference_is_seen():
    changes = [
        {"entries__0__body": BODY.replace("[]", "[ ]")},
        {"entries__0__key": "sk-2"},
        {"entries__0__path": "/v1/messages"},
        {"entries__0__headers": [["user-agent", "sdk/1"], ["x-more", "1"]]},
        {"entries__0__headers": [["accept-encoding", "gzip"], ["user-agent", "sdk/1"]]},
        {"entries": side()["entries"] * 2},
        {"seen__error": {"type": "APIError"}},
        {"seen__parsed": []},
        {"seen__waits": [7]},
        {"seen__headers": {}},
    ]
    for change in changes:
        assert compare(SCENARIO, side(), side(**change)), change


NO_RETRY = {"x-request-id": "1", "x-should-retry": "false"}


def test_an_empty_account_may_cost_fewer_attempts_and_nothing_else():
    quota, direct = {"differs": ["hopeless"]}, side(entries=side()["entries"] * 3, seen__waits=["backoff"] * 2)
    assert compare(quota, direct, side(seen__headers=NO_RETRY)) == []
    assert compare(SCENARIO, direct, side(seen__headers=NO_RETRY))
    wrong = [
        {"seen__headers": {"x-request-id": "1"}},
        {"entries": []},
        {"entries": side()["entries"] * 2},
        {"entries": side()["entries"] * 3},
        {"entries__0__key": "sk-2"},
        {"seen__waits": ["backoff"]},
        {"seen__error": {"type": "APIError"}},
    ]
    for change in wrong:
        assert compare(quota, direct, side(**{"seen__headers": NO_RETRY} | change)), change


@pytest.mark.parametrize("name", ["authorization", "x-api-key"])
def test_anthropics_key_may_be_in_either_header(name):
    def sent(*headers):
        return side(entries__0__provider="anthropic", entries__0__headers=[list(header) for header in headers])

    direct = sent(("Authorization", "Bearer sk-1"))
    assert compare(SCENARIO, direct, sent((name, "Bearer sk-1" if name == "authorization" else "sk-1"))) == []
    for wrong in ([], [(name, "sk-2")], [("authorization", "Bearer sk-1"), ("x-api-key", "sk-1")]):
        assert compare(SCENARIO, direct, sent(*wrong))


USAGE = {"prompt_tokens": 10, "completion_tokens": 3}
ENTRY = {
    "client_request_id": "a", "id": "req_1", "provider": "openai", "status": 200, "usage": USAGE, "outcome": "complete",
    "cost_usd": "0.00001",
}  # fmt: skip
RECEIPT = {
    "client_request_id": "a", "outcome": "complete", "measured": "measured", "cost_usd": "0.000010",
    "usage": {"input": 10, "output": 3}, "attempts": [{"status": 200, "provider_request_id": "req_1"}],
}  # fmt: skip
CALLER = Result(Plan("openai", "Hello", id="a"), status=200, whole=True)


def test_equal_books_have_no_problem():
    assert problems([RECEIPT], [ENTRY], [CALLER]) == []


def test_each_difference_of_the_books_is_a_problem():
    def changed(**changes):
        return copy.deepcopy(RECEIPT) | changes

    wrong = [
        changed(outcome="failed"),
        changed(outcome="cancelled"),
        changed(usage={"input": 10, "output": 4}),
        changed(cost_usd="0.00002"),
        changed(attempts=[]),
        changed(attempts=RECEIPT["attempts"] * 2),
        changed(attempts=[{"status": 500, "provider_request_id": "req_1"}]),
        changed(attempts=[{"status": 200, "provider_request_id": "req_2"}]),
    ]
    for receipt in wrong:
        assert problems([receipt], [ENTRY], [CALLER]), receipt
    assert problems([RECEIPT, RECEIPT], [ENTRY], [CALLER])
    assert problems([], [ENTRY], [CALLER])
    assert attempts_nobody_saw([RECEIPT], [])


def test_chunks_are_joined_as_far_as_they_came():
    assert dechunked(b"5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\n") == b"hello!"
    assert dechunked(b"5\r\nhel") == b"hel"

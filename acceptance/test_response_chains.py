"""Responses that a provider keeps: on managed access they are their workspace's alone, and what runs in the background
counts once."""

import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import httpx
import openai
import pytest

from harness import postgres
from harness.api import LOCAL, Workspace, call_headers, post
from harness.books import disagreements
from harness.errors import assert_error
from harness.process import wait_for
from harness.server import Server
from harness.sim import provider_key

needs_postgres = pytest.mark.skipif(not postgres.server_url(), reason="TEST_POSTGRES_URL names no server")
BY_ID = [("GET", ""), ("GET", "?stream=true"), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/input_items")]


def send(workspace, text="Hello", **more):
    body = {"model": "gpt-4o", "input": text} | more
    return post(workspace.url, "openai", json.dumps(body).encode(), workspace.secret, path="/v1/responses")


def made(workspace, text="Hello", **more) -> dict:
    """A response that ended well, streamed or plain."""
    answer = send(workspace, text, **more)
    assert answer.status_code == 200, answer.text
    if not more.get("stream"):
        return answer.json()
    last = [block for block in answer.text.split("\n\n") if block.strip()][-1]
    return json.loads(last.split("data: ", 1)[1])["response"]


def by_id(workspace, method: str, id: str, more: str = "", body=None):
    headers = call_headers("openai", workspace.secret)
    return httpx.request(method, f"{workspace.url}/v1/responses/{id}{more}", headers=headers, json=body, timeout=60, **LOCAL)


@pytest.fixture
def own(server):
    workspace = server.operator.create_workspace()
    workspace.put_key("openai", provider_key("openai"), expect=201)
    return workspace


# Chains on managed access.


@pytest.mark.parametrize("stream", [False, True])
def test_a_managed_conversation_goes_on_from_its_own_responses(workspace, sim, stream):
    since, last = sim.now(), None
    for turn in range(4):
        last = made(workspace, f"Turn {turn}", stream=stream, previous_response_id=last and last["id"])
    calls = sim.calls(since, "/v1/responses")
    sent = [json.loads(call["body"])["previous_response_id"] for call in calls]
    assert sent[0] is None and None not in sent[1:] and sent[3] != sent[1]
    inputs = [call["usage"]["input_tokens"] for call in calls]
    assert inputs == sorted(set(inputs)), "each turn takes up what went before"
    receipts = sorted(workspace.receipts(), key=lambda receipt: receipt["at"])
    assert [receipt["payer"] for receipt in receipts] == ["managed"] * 4
    assert [Decimal(receipt["cost_usd"]) for receipt in receipts] == [Decimal(call["cost_usd"]) for call in calls]


def test_counting_goes_on_from_a_response_too(workspace):
    first = made(workspace)
    body = {"model": "gpt-4o", "input": "More", "previous_response_id": first["id"]}
    path = "/v1/responses/input_tokens"
    counted = post(workspace.url, "openai", json.dumps(body).encode(), workspace.secret, path=path)
    assert counted.json()["input_tokens"] > first["usage"]["input_tokens"]
    gone = json.dumps(body | {"previous_response_id": "resp_gone"}).encode()
    assert_error(post(workspace.url, "openai", gone, workspace.secret, path=path), "openai", 403, "feature_not_priced")


def test_two_workspaces_cannot_use_each_others_responses(server, sim):
    one, other = server.operator.create_workspace(), server.operator.create_workspace()
    ids = [made(one)["id"], made(one, stream=True)["id"]]
    since = sim.now()
    for id in [*ids, "resp_unknown"]:
        refused = send(other, previous_response_id=id)
        assert_error(refused, "openai", 403, "feature_not_priced")
        assert "`previous_response_id`" in refused.json()["error"]["message"] and id not in refused.text
        for method, more in BY_ID:
            answer = by_id(other, method, id, more)
            assert_error(answer, "openai", 404, "response_not_found")
            assert "x-ownkey-payer" not in answer.headers
    assert sim.log(since) == []
    assert all(receipt["outcome"] == "refused" for receipt in other.receipts())
    for id in ids:
        assert by_id(one, "GET", id).json()["id"] == id


@pytest.mark.parametrize("odd", ["", "a/b", "resp_1 ", 5, True, ["resp_1"], {"id": "resp_1"}, "x" * 300])
def test_what_names_no_response_is_refused(workspace, sim, odd):
    since = sim.now()
    assert_error(send(workspace, previous_response_id=odd), "openai", 403, "feature_not_priced")
    body = b'{"model":"gpt-4o","input":"a","previous_response_id":null,"previous_response_id":"resp_1"}'
    twice = post(workspace.url, "openai", body, workspace.secret, path="/v1/responses")
    assert_error(twice, "openai", 400, "bad_request")
    assert sim.log(since) == []


def test_own_keys_and_managed_access_keep_their_responses_apart(server, sim):
    workspace = server.operator.create_workspace()
    managed = made(workspace)["id"]
    workspace.put_key("openai", provider_key("openai"), expect=201)
    owned = made(workspace)["id"]
    # The provider says so itself: the account behind the key has no such response.
    assert by_id(workspace, "GET", managed).status_code == 404
    assert send(workspace, previous_response_id=managed).status_code == 400
    assert by_id(workspace, "GET", owned).status_code == 200
    workspace.delete_key("openai")
    since = sim.now()
    refused = by_id(workspace, "GET", owned)
    assert_error(refused, "openai", 404, "response_not_found")
    assert "own key" in refused.text and "own key" in send(workspace, previous_response_id=owned).text
    assert sim.log(since) == []
    assert by_id(workspace, "GET", managed).status_code == 200
    assert made(workspace, previous_response_id=managed)["previous_response_id"] == managed


def test_a_managed_response_is_reached_by_its_id(workspace, sim):
    first = made(workspace)
    since = sim.now()
    found = by_id(workspace, "GET", first["id"], "?include%5B%5D=message.output_text.logprobs")
    assert found.json() == first and found.headers["x-ownkey-payer"] == "managed"
    events = by_id(workspace, "GET", first["id"], "?stream=true")
    assert events.headers["content-type"].startswith("text/event-stream") and "response.completed" in events.text
    items = by_id(workspace, "GET", first["id"], "/input_items?limit=5&order=asc")
    assert items.json()["data"][0]["role"] == "user"
    refused = by_id(workspace, "POST", first["id"], "/cancel")
    assert (refused.status_code, refused.headers["x-ownkey-error-source"]) == (400, "provider")
    for answer in (found, events, items):
        receipt = workspace.receipt(answer)
        assert (receipt["usage"], Decimal(receipt["cost_usd"]), receipt["outcome"]) == ({}, 0, "complete")
    sent = [(entry["method"], entry["path"], entry["query"]) for entry in sim.log(since)]
    path = f"/v1/responses/{first['id']}"
    assert sent == [
        ("GET", path, "include%5B%5D=message.output_text.logprobs"),
        ("GET", path, "stream=true"),
        ("GET", f"{path}/input_items", "limit=5&order=asc"),
        ("POST", f"{path}/cancel", None),
    ]
    since = sim.now()
    assert_error(by_id(workspace, "GET", first["id"], "?surprise=1"), "openai", 403, "feature_not_priced")
    assert_error(by_id(workspace, "POST", first["id"], "/cancel", {"surprise": 1}), "openai", 403, "feature_not_priced")
    assert sim.log(since) == []
    assert by_id(workspace, "DELETE", first["id"]).json()["deleted"] is True
    assert by_id(workspace, "GET", first["id"]).status_code == 404
    assert send(workspace, previous_response_id=first["id"]).status_code == 400


def test_a_response_that_is_to_be_kept_is_found(workspace):
    id = made(workspace, store=True)["id"]
    assert by_id(workspace, "GET", id).json()["id"] == id
    assert by_id(workspace, "DELETE", id).json()["deleted"] is True


def test_a_response_that_was_not_to_be_kept_is_not_found(workspace):
    id = made(workspace, store=False)["id"]
    assert by_id(workspace, "GET", id).status_code == 404
    assert send(workspace, previous_response_id=id).status_code in (400, 403)


def test_the_official_sdk_goes_on_and_cleans_up(workspace):
    client = openai.OpenAI(base_url=f"{workspace.url}/v1", api_key=workspace.secret, max_retries=0, http_client=httpx.Client(**LOCAL))
    first = client.responses.create(model="gpt-4o", input="Hello")
    with client.responses.stream(model="gpt-4o", input="More", previous_response_id=first.id) as stream:
        second = stream.get_final_response()
    assert client.responses.retrieve(second.id).previous_response_id == first.id
    assert [event.type for event in client.responses.retrieve(second.id, stream=True)][-1] == "response.completed"
    assert client.responses.input_items.list(second.id).data[0].role == "user"
    client.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve("resp_of_somebody_else")
    with pytest.raises(openai.PermissionDeniedError):
        client.responses.create(model="gpt-4o", input="More", previous_response_id="resp_of_somebody_else")


def test_a_chain_goes_on_after_a_kill(new_server, sim):
    server = new_server().start()
    workspace, last = server.operator.create_workspace(), None
    for round in range(5):
        last = made(workspace, stream=round % 2 == 1, previous_response_id=last and last["id"])
        server.kill()
        server.start()
    assert by_id(workspace, "GET", last["id"]).json()["id"] == last["id"]
    assert made(workspace, previous_response_id=last["id"])["status"] == "completed"
    assert len(workspace.receipts()) == 7 and disagreements(workspace) == []


# What runs in the background, on own keys.


def total(workspace) -> Decimal:
    return sum(Decimal(receipt["cost_usd"] or 0) for receipt in workspace.receipts())


def billed(sim, since: int) -> Decimal:
    return sum(Decimal(entry["cost_usd"]) for entry in sim.ended(since))


def test_what_runs_in_the_background_counts_once_however_often_it_is_asked_for(own, sim):
    since = sim.now()
    begun = send(own, background=True)
    assert begun.json()["status"] == "queued"
    polls = [by_id(own, "GET", begun.json()["id"]) for _ in range(4)]
    assert [poll.json()["status"] for poll in polls] == ["in_progress", "completed", "completed", "completed"]
    receipts = [own.receipt(answer) for answer in [begun, *polls]]
    assert [bool(receipt["usage"]) for receipt in receipts] == [False, False, True, False, False]
    first = receipts[0]
    assert (first["measured"], first["cost_usd"]) == ("unknown", None)
    counting, usage = receipts[2], polls[1].json()["usage"]
    assert counting["usage"]["input"] == usage["input_tokens"] and counting["usage"]["output"] == usage["output_tokens"]
    assert (counting["measured"], counting["model"], counting["payer"]) == ("measured", "gpt-4o", "byok")
    assert counting["attempts"][-1]["cost_usd"] == counting["cost_usd"]
    for receipt in [receipts[1], *receipts[3:]]:
        assert (receipt["usage"], receipt["measured"], Decimal(receipt["cost_usd"])) == ({}, "unknown", 0)
    assert total(own) == Decimal(counting["cost_usd"]) == billed(sim, since) > 0
    assert disagreements(own) == []


def test_many_who_ask_at_the_same_time_count_it_once(own, sim):
    since = sim.now()
    ids = [send(own, f"Hello {n}", background=True).json()["id"] for n in range(5)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: by_id(own, "GET", ids[n % 5], "?stream=true" if n % 3 == 0 else ""), range(60)))
    assert sum(bool(receipt["usage"]) for receipt in own.receipts()) == 5
    assert total(own) == billed(sim, since) > 0
    assert disagreements(own) == []


def test_its_events_tell_it_as_well(own, sim):
    since = sim.now()
    id = send(own, background=True).json()["id"]
    events = by_id(own, "GET", id, "?stream=true")
    assert "response.completed" in events.text
    assert own.receipt(events)["usage"]["output"] > 0
    assert own.receipt(by_id(own, "GET", id))["usage"] == {}
    assert total(own) == billed(sim, since) > 0


def test_a_stream_that_told_it_leaves_nothing_to_count(own, sim):
    since = sim.now()
    whole = made(own, background=True, stream=True)
    assert own.receipts()[0]["usage"]["output"] > 0
    assert own.receipt(by_id(own, "GET", whole["id"]))["usage"] == {}
    assert total(own) == billed(sim, since) > 0


@pytest.mark.parametrize("asks", ["while it streams", "after its reader left", "both"])
def test_a_stream_whose_reader_leaves_is_counted_by_whoever_tells_it_or_by_itself(own, asks):
    """The response may be made, and be shown, before the call that made it is written down."""
    body = {"model": "gpt-4o", "input": "Hello [[sim:chunks n=500 delay_ms=20]]", "background": True, "stream": True}
    headers = call_headers("openai", own.secret)
    content = json.dumps(body).encode()
    with httpx.stream("POST", f"{own.url}/v1/responses", content=content, headers=headers, timeout=60, **LOCAL) as answer:
        events = answer.iter_lines()
        created = next(line for line in events if line.startswith("data: "))
        id = json.loads(created.removeprefix("data: "))["response"]["id"]
        if asks != "after its reader left":
            shown = by_id(own, "GET", id)
            assert shown.json()["status"] == "completed"
            # It is in the database before the call's own receipt is.
            assert own.receipt(shown)["usage"] == {}
    making = wait_for(lambda: [r for r in own.receipts() if r["route"] == "/v1/responses"], "the call has its receipt")[0]
    assert making["outcome"] == "cancelled" and (making["usage"] != {}) == (asks != "after its reader left")
    if asks != "while it streams":
        shown = by_id(own, "GET", id)
        assert (own.receipt(shown)["usage"] != {}) == (asks == "after its reader left")
    counting = [receipt for receipt in own.receipts() if receipt["usage"]]
    assert [receipt["usage"]["output"] for receipt in counting] == [shown.json()["usage"]["output_tokens"]]
    assert (counting[0]["model"], counting[0]["measured"]) == ("gpt-4o", "measured")
    assert total(own) == Decimal(counting[0]["cost_usd"]) > 0
    assert disagreements(own) == []


def test_what_was_cancelled_stays_unknown_and_what_is_over_is_told_once(own):
    id = send(own, background=True).json()["id"]
    cancelled = by_id(own, "POST", id, "/cancel")
    assert cancelled.json()["status"] == "cancelled"
    assert (own.receipt(cancelled)["usage"], own.receipt(by_id(own, "GET", id))["usage"]) == ({}, {})
    id = send(own, background=True).json()["id"]
    statuses = [by_id(own, "GET", id).json()["status"], by_id(own, "GET", id, "/input_items").status_code]
    assert statuses == ["in_progress", 200]
    over = by_id(own, "GET", id)
    assert over.json()["status"] == "completed" and own.receipt(over)["usage"]
    late = by_id(own, "POST", id, "/cancel")
    assert (late.json()["status"], own.receipt(late)["usage"]) == ("completed", {})


def test_another_workspace_with_the_same_key_counts_nothing(server, sim):
    key = provider_key("openai")
    one, other = server.operator.create_workspace(), server.operator.create_workspace()
    for workspace in (one, other):
        workspace.put_key("openai", key, expect=201)
    since = sim.now()
    id = send(one, background=True).json()["id"]
    statuses = [by_id(other, "GET", id).json()["status"] for _ in range(3)]
    assert statuses[-1] == "completed" and total(other) == 0
    # To cancel what is over is to be shown it.
    shown = by_id(one, "POST", id, "/cancel")
    assert shown.json()["status"] == "completed" and one.receipt(shown)["usage"]["output"] > 0
    assert one.receipt(by_id(one, "GET", id))["usage"] == {}
    assert total(one) == billed(sim, since) > 0


def test_a_fee_beside_the_tokens_counts_once_in_the_background_too(own, sim):
    since = sim.now()
    id = send(own, "search it", background=True, tools=[{"type": "web_search"}]).json()["id"]
    by_id(own, "GET", id)
    receipt = own.receipt(by_id(own, "GET", id))
    assert receipt["usage"]["output"] > 0 and receipt["usage"]["web_searches"] == 1
    assert Decimal(receipt["cost_usd"]) == billed(sim, since) > 0
    again = own.receipt(by_id(own, "GET", id))
    assert again["usage"] == {} and Decimal(again["cost_usd"]) == 0


def test_kills_in_between_count_it_once(new_server, sim):
    server = new_server().start()
    workspace = server.operator.create_workspace()
    workspace.put_key("openai", provider_key("openai"), expect=201)
    since = sim.now()
    for _ in range(3):
        id = send(workspace, background=True).json()["id"]
        for _ in range(4):
            server.kill()
            server.start()
            by_id(workspace, "GET", id)
    assert sum(bool(receipt["usage"]) for receipt in workspace.receipts()) == 3
    assert total(workspace) == billed(sim, since) > 0
    assert disagreements(workspace) == []


def test_managed_access_runs_nothing_in_the_background(workspace, sim):
    since = sim.now()
    assert_error(send(workspace, background=True), "openai", 403, "feature_not_priced")
    assert sim.calls(since) == []


# Several nodes.


@pytest.fixture
def nodes(tmp_path, sim):
    """Two nodes of one installation."""
    database = postgres.new_database()
    pair = [Server(tmp_path / name, sim, database=database) for name in ("one", "other")]
    pair[1].write_kek(pair[0].kek_file.read_text().strip())
    pair[1].operator_token, pair[1].managed_keys = pair[0].operator_token, pair[0].managed_keys
    for node in pair:
        node.start()
    yield pair
    for node in pair:
        node.process.kill()


@needs_postgres
def test_nodes_know_each_others_responses_and_count_once(nodes, sim):
    one = nodes[0].operator.create_workspace()
    other = Workspace(nodes[1].operator, one.id, one.key_id, one.secret)
    last = None
    for turn in range(6):
        sides = (one, other) if turn % 2 else (other, one)
        if last:
            # What the other node has yet to take over may be refused for a moment, and is never another's.
            wait_for(lambda: by_id(sides[0], "GET", last["id"]).status_code == 200, "the other node's response is known")
        last = made(sides[0], previous_response_id=last and last["id"])
    one.put_key("openai", provider_key("openai"), expect=201)
    since = sim.now()
    id = send(one, background=True).json()["id"]
    wait_for(lambda: len(one.receipts()) >= 7, "the receipt is in the database")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: by_id((one, other)[n % 2], "GET", id), range(20)))
    wait_for(lambda: len([r for r in one.receipts() if r["payer"] == "byok"]) == 21, "both nodes' receipts are there")
    owned = [receipt for receipt in one.receipts() if receipt["payer"] == "byok"]
    assert sum(bool(receipt["usage"]) for receipt in owned) == 1
    assert sum(Decimal(receipt["cost_usd"] or 0) for receipt in owned) == billed(sim, since) > 0
    assert disagreements(one) == []

"""Several processes and one database: on PostgreSQL nodes beside each other, on SQLite never."""

import asyncio
import json
import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from harness import postgres
from harness.api import LOCAL, Workspace, ask_in_halves
from harness.books import disagreements
from harness.errors import assert_ends_in_error_event, assert_error
from harness.load import Load, Plan, read_to_the_end
from harness.process import wait_for
from harness.server import Server
from harness.sim import PROVIDERS, provider_key

needs_postgres = pytest.mark.skipif(not postgres.server_url(), reason="TEST_POSTGRES_URL names no server")

# A removal answers within the trust and what belongs to the work itself.
ANSWERS_WITHIN = 5.0
# And what runs on a revoked platform key ends soon after.
ENDS_WITHIN = 5.0


@pytest.fixture
def nodes(tmp_path, sim):
    """Two nodes of one installation: one database, one KEK, a journal each."""
    database = postgres.new_database()
    pair = [Server(tmp_path / name, sim, database=database) for name in ("one", "other")]
    pair[1].write_kek(pair[0].kek_file.read_text().strip())
    pair[1].operator_token, pair[1].managed_keys = pair[0].operator_token, pair[0].managed_keys
    for node in pair:
        node.start()
    yield pair
    for node in pair:
        node.process.kill()


def at(node, workspace):
    """The same workspace, asked through another node."""
    return Workspace(node.operator, workspace.id, workspace.key_id, workspace.secret)


@needs_postgres
def test_what_one_node_stores_the_other_uses(nodes, sim):
    one = nodes[0].operator.create_workspace()
    other = at(nodes[1], one)
    key = provider_key("openai")
    assert other.ask("openai").headers["x-ownkey-payer"] == "managed"
    one.put_key("openai", key, expect=201)
    since = sim.now()
    assert other.ask("openai").headers["x-ownkey-payer"] == "byok"
    assert [call["key"] for call in sim.calls(since)] == [key]
    # Each has a journal of its own, and reading through either finds what both did.
    wait_for(lambda: len(one.receipts()) == 2 and len(other.receipts()) == 2, "both nodes' receipts are there")
    assert disagreements(one) == []


@needs_postgres
def test_a_client_of_the_mcp_server_may_be_answered_by_any_node(nodes):
    one = nodes[0].operator.create_workspace()
    made = nodes[0].operator("POST", f"{one.path}/api-keys", {"name": "assistant", "scopes": ["mcp"]}, 201).json()
    headers = {"authorization": f"Bearer {made['secret']}", "accept": "application/json, text/event-stream"}

    def answered(node, method: str, params: dict) -> dict:
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = httpx.post(f"{node.url}/mcp", json=message, headers=headers, timeout=30, **LOCAL)
        assert answer.status_code == 200 and "mcp-session-id" not in answer.headers, answer.text
        return answer.json()["result"]

    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "acceptance", "version": "1"}}
    assert answered(nodes[0], "initialize", hello)["protocolVersion"] == "2025-11-25"
    told = answered(nodes[1], "tools/call", {"name": "list_provider_keys", "arguments": {}})
    assert not told["isError"] and len(json.loads(told["content"][0]["text"])["data"]) == len(PROVIDERS)


@needs_postgres
def test_a_new_platform_key_works_through_every_node_at_once(nodes, sim):
    """Also while strangers try others, which the nodes remember as nobody's."""
    one = nodes[0].operator.create_workspace()
    other = at(nodes[1], one)
    stranger = Server(nodes[0].folder / "stranger", sim).start()
    try:
        nobodys = stranger.operator.create_workspace().secret
    finally:
        stranger.stop()
    for _ in range(20):
        for _ in range(5):
            assert_error(other.ask("openai", secret=nobodys), "openai", 401, "unauthorized")
        made = one.new_api_key("new", ["inference"])
        assert other.ask("openai", secret=made["secret"]).status_code == 200
        assert one.ask("openai", secret=made["secret"]).status_code == 200


@needs_postgres
def test_what_one_node_takes_away_the_other_no_longer_has(nodes, sim):
    """Platform keys, policies and workspaces, each at the moment of the answer."""
    one = nodes[0].operator.create_workspace()
    other = at(nodes[1], one)
    assert other.ask("openai").status_code == 200
    one.operator("PUT", f"{one.path}/policy", {"payer": "byok_only", "fallback": {"on": []}}, 200)
    assert_error(other.ask("openai"), "openai", 403, "byok_required")
    made = one.new_api_key("brief", ["inference"])
    other.ask("openai", secret=made["secret"])
    one.api("DELETE", f"{one.path}/api-keys/{made['id']}", expect=204)
    assert_error(other.ask("openai", secret=made["secret"]), "openai", 401, "unauthorized")
    one.operator("DELETE", one.path, expect=204)
    assert_error(other.ask("openai"), "openai", 401, "unauthorized")


@needs_postgres
def test_an_agent_has_the_model_that_another_node_was_just_given(nodes, sim):
    """The very next call through the other node, however often it is changed, and by whichever node."""
    one = nodes[0].operator.create_workspace()
    other = at(nodes[1], one)
    models = ["gpt-4o-mini", "gpt-4o"] * 10
    for number, model in enumerate(models):
        by, through = (one, other) if number % 3 else (other, one)
        by.operator("PUT", f"{by.path}/agents/lead", {"model": model}, 201 if number == 0 else 200)
        since = sim.now()
        answer = through.ask("openai", model="agent/lead")
        assert answer.status_code == 200, answer.text
        assert [call["model"] for call in sim.calls(since)] == [model], number
    wait_for(lambda: len(one.receipts()) == len(models), "both nodes' receipts are there")
    assert [receipt["model"] for receipt in sorted(one.receipts(), key=lambda receipt: receipt["at"])] == models
    one.operator("DELETE", f"{one.path}/agents/lead", expect=204)
    assert other.operator.get(f"{other.path}/agents/lead")["is_default"]


@needs_postgres
def test_a_key_revoked_at_one_node_starts_nothing_at_the_other_and_ends_what_runs(nodes, sim):
    one = nodes[0].operator.create_workspace()
    other = at(nodes[1], one)
    made = one.new_api_key("brief", ["inference"])
    plan = Plan("openai", "Hello [[sim:chunks n=3000 delay_ms=20]]")
    wait_for(lambda: sim.stats()["open"] == 0, "nothing else is going on")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(read_to_the_end, nodes[1].url, made["secret"], plan)
        wait_for(lambda: sim.stats()["open"] == 1, "the stream is open")
        since = sim.now()

        def between():
            wait_for(lambda: nodes[1].metrics()["ownkey_calls_open"] == 2, "the body is being read")
            one.api("DELETE", f"{one.path}/api-keys/{made['id']}", expect=204)

        refused = ask_in_halves(other, "openai", between, made["secret"])
        assert_error(refused, "openai", 401, "unauthorized")
        head, body = running.result(ENDS_WITHIN)
    assert head.startswith(b"HTTP/1.1 200") and sim.calls(since) == []
    assert assert_ends_in_error_event("openai", body.decode())["error"]["code"] == "unauthorized"


@needs_postgres
def test_a_removed_key_is_used_by_neither_once_the_answer_is_there(nodes, sim, soak, report):
    """Many workspaces at once, each removing through a random node while both nodes call with the key."""
    rounds, at_once = (1000, 20) if soak else (30, 10)
    seed = random.randrange(1 << 32)
    pick = random.Random(seed)
    jobs = [(pick.randrange(2), pick.random()) for _ in range(rounds)]
    late, longest = [], 0.0
    with ThreadPoolExecutor(at_once) as pool:
        for begin in range(0, rounds, at_once):
            turn = [pool.submit(_store_call_remove, nodes, sim, *job) for job in jobs[begin : begin + at_once]]
            for used, took in (done.result() for done in turn):
                late += used
                longest = max(longest, took)
    report(f"removals on two nodes: {rounds}, longest answer {longest:.2f} s, seed {seed}")
    assert late == [], f"{len(late)} calls began with a removed key, seed {seed}"
    assert longest < ANSWERS_WITHIN


def _store_call_remove(nodes, sim, through, patience) -> tuple[list, float]:
    """The calls that came to the provider with the key behind the answer to its removal, and how long that took."""
    key, workspace = provider_key("openai"), nodes[through].operator.create_workspace()
    remover = at(nodes[through], workspace)
    remover.put_key("openai", key, expect=201)

    async def meanwhile():
        loads = [Load(node.url, workspace.secret, 2, lambda: Plan("openai", "Hello", stream=False)) for node in nodes]

        async def remove():
            await asyncio.sleep(patience * 0.2)
            begun = time.monotonic()
            await asyncio.to_thread(remover.delete_key, "openai")
            took = time.monotonic() - begun
            since = await asyncio.to_thread(sim.now)
            await asyncio.sleep(0.2)
            return since, took

        removal = asyncio.create_task(remove())

        async def until():
            await asyncio.wait([removal])

        await asyncio.gather(*(load.run(until()) for load in loads))
        return removal.result()

    since, took = asyncio.run(meanwhile())
    return [call for call in sim.calls(since) if call["key"] == key], took


@needs_postgres
def test_a_node_that_is_paused_does_not_come_back_with_an_old_key(nodes, sim):
    """The slowest node there is: stopped before the removal, awake behind it."""
    one = nodes[0].operator.create_workspace()
    other = at(nodes[1], one)
    key = provider_key("anthropic")
    one.put_key("anthropic", key, expect=201)
    assert other.ask("anthropic").headers["x-ownkey-payer"] == "byok"
    os.kill(nodes[1].process.pid, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(20) as pool:
            # They wait in the paused node's sockets and are the first it sees.
            waiting = [pool.submit(other.ask, "anthropic") for _ in range(20)]
            one.delete_key("anthropic")
            since = sim.now()
            os.kill(nodes[1].process.pid, signal.SIGCONT)
            answers = [call.result() for call in waiting]
    finally:
        os.kill(nodes[1].process.pid, signal.SIGCONT)
    assert {call["key"] for call in sim.calls(since)} <= {nodes[1].managed_keys["anthropic"]}
    for answer in answers:
        assert answer.status_code == 200 and answer.headers["x-ownkey-payer"] == "managed" or answer.status_code == 503
    wait_for(lambda: other.ask("anthropic").status_code == 200, "the node is back")


@needs_postgres
def test_a_node_that_slept_through_a_change_and_its_deletion_forgets_what_it_knew(nodes, sim):
    """What nobody can read any more is missed, and then nothing remembered counts."""
    one = nodes[0].operator.create_workspace()
    other = at(nodes[1], one)
    key, made = provider_key("openai"), one.new_api_key("brief", ["inference"])
    one.put_key("openai", key, expect=201)
    assert other.ask("openai", secret=made["secret"]).headers["x-ownkey-payer"] == "byok"
    os.kill(nodes[1].process.pid, signal.SIGSTOP)
    try:
        one.delete_key("openai")
        one.api("DELETE", f"{one.path}/api-keys/{made['id']}", expect=204)
        nodes[0].operator.create_workspace("later")
        postgres.psql(nodes[0].database, "DELETE FROM changes WHERE seq < (SELECT MAX(seq) FROM changes)")
        since = sim.now()
    finally:
        os.kill(nodes[1].process.pid, signal.SIGCONT)
    wait_for(lambda: other.ask("openai").status_code == 200, "the node is back")
    for _ in range(3):
        assert other.ask("openai").headers["x-ownkey-payer"] == "managed"
        assert_error(other.ask("openai", secret=made["secret"]), "openai", 401, "unauthorized")
    assert key not in {call["key"] for call in sim.calls(since)}


@needs_postgres
def test_two_nodes_need_two_journals(nodes):
    second = nodes[1]
    second.stop()
    second.variables["OWNKEY_DATABASE__JOURNAL_DIR"] = str(nodes[0].data / "journal")
    second.launch()
    wait_for(lambda: second.process.ended() is not None, "it ends", 15)
    assert second.process.ended() != 0 and "journal" in second.process.output()


def test_two_processes_on_one_sqlite_file(tmp_path, sim):
    database = f"sqlite://{tmp_path / 'shared' / 'ownkey.db'}"
    first = Server(tmp_path / "first", sim, database=database).start()
    second = Server(tmp_path / "second", sim, database=database)
    second.write_kek(first.kek_file.read_text().strip())
    try:
        workspace = first.operator.create_workspace()
        second.launch()
        wait_for(lambda: second.process.ended() is not None, "the second ends", 15)
        said = second.process.output()
        assert second.process.ended() != 0 and "another process has the database open" in said and "panicked" not in said
        for provider in PROVIDERS:
            assert workspace.ask(provider).status_code == 200
    finally:
        first.process.kill()
        second.process.kill()


@needs_postgres
def test_a_key_that_one_node_has_flagged_the_other_clears(nodes, sim):
    one = nodes[0].operator.create_workspace()
    other, key = at(nodes[1], one), provider_key("openai")
    one.put_key("openai", key, expect=201)
    sim.set_key(key, "revoked")
    state = lambda: one.provider_keys()["openai"]["state"]

    def flagged() -> bool:
        assert one.ask("openai").status_code == 401
        return state() == "invalid"

    wait_for(flagged, "one node has flagged it", 10)
    sim.set_key(key, "ok")

    def cleared() -> bool:
        assert other.ask("openai").status_code == 200
        return state() == "active"

    wait_for(cleared, "the other has cleared it", 10)

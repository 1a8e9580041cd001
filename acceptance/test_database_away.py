"""The database goes away under load and comes back: nothing is lost, nothing goes out that must not, and nobody has to
do anything."""

import asyncio
import random
import sqlite3
import time
from collections import Counter

import pytest

from harness import postgres
from harness.api import MODELS
from harness.books import disagreements
from harness.errors import assert_error
from harness.load import Load, Plan
from harness.process import wait_for
from harness.receipts import problems
from harness.server import Server
from harness.sim import PROVIDERS, provider_key
from harness.traffic import Traffic

needs_postgres = pytest.mark.skipif(not postgres.server_url(), reason="TEST_POSTGRES_URL names no server")

CALLERS = 30
# What is cached may be trusted for so long; then own-key calls are refused.
TRUSTED_FOR = 1.0


@pytest.fixture
def away():
    """A PostgreSQL that the test may stop."""
    server = postgres.Postgres()
    yield server
    server.remove()


def with_keys(server):
    workspace = server.operator.create_workspace()
    for provider in PROVIDERS:
        workspace.put_key(provider, provider_key(provider), expect=201)
        workspace.ask(provider)
    return workspace


def is_served(workspace) -> bool:
    return all(workspace.ask(provider).status_code == 200 for provider in PROVIDERS)


@needs_postgres
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_postgres_stopped_under_load_and_started_again(tmp_path, sim, away, soak, report, end):
    server = Server(tmp_path / "ownkey", sim, database=away.new_database()).start()
    workspace, seed = with_keys(server), random.randrange(1 << 32)
    since, gone_for = sim.now(), 30 if soak else 4
    traffic = Traffic(seed, delay_ms=30, leaving=0.2)
    load = Load(server.url, workspace.secret, CALLERS, traffic.plan)

    async def outage():
        await asyncio.sleep(2)
        await asyncio.to_thread(getattr(away, end))
        await asyncio.sleep(gone_for)
        await asyncio.to_thread(away.start)
        await asyncio.sleep(4)

    try:
        results = asyncio.run(load.run(outage()))
        statuses = Counter(result.status for result in results)
        report(f"PostgreSQL away for {gone_for} s ({end}): {len(results)} calls, {dict(statuses)}, seed {seed}")
        assert statuses[503] > 0 and statuses[200] > 0
        wait_for(lambda: is_served(workspace), "it serves again", 15)
        entries = [entry for entry in sim.ended(since) if (entry["client_request_id"] or "").startswith("load-")]
        receipts = [r for r in workspace.receipts() if (r["client_request_id"] or "").startswith("load-")]
        assert problems(receipts, entries, results) == [], f"seed {seed}"
        assert disagreements(workspace) == [], f"seed {seed}"
        # Every refusal of a known caller is on the books too, unless nobody could say who called.
        assert all(receipt["payer"] is None for receipt in receipts if receipt["outcome"] == "refused")
        assert server.metrics()["ownkey_receipts_unrecorded_total"] == 0
        assert "panicked" not in server.output()
    finally:
        server.process.kill()


@needs_postgres
def test_without_postgres_calls_are_refused_in_their_own_shape_and_come_back(tmp_path, sim, away):
    server = Server(tmp_path / "ownkey", sim, database=away.new_database()).start()
    try:
        workspace = with_keys(server)
        begun = workspace.ask("openai", "Hello [[sim:chunks n=3 delay_ms=1]]", stream=True)
        away.stop()
        gone = time.monotonic()
        wait_for(lambda: workspace.ask("openai").status_code == 503, "own-key calls are refused", 5)
        assert time.monotonic() - gone < TRUSTED_FOR + 1.5
        since = sim.now()
        for provider in PROVIDERS:
            refused = workspace.ask(provider)
            assert_error(refused, provider, 503, "overloaded")
            assert 0 < int(refused.headers["retry-after"]) <= 60
        assert sim.log(since) == []
        away.start()
        wait_for(lambda: is_served(workspace), "it serves again", 15)
        assert workspace.receipt(begun)["outcome"] == "complete"
        # And what is changed from now on is heard of.
        workspace.delete_key("openai")
        assert workspace.ask("openai").headers["x-ownkey-payer"] == "managed"
    finally:
        server.process.kill()


@needs_postgres
def test_a_stream_ends_well_though_postgres_went_away_in_its_middle(tmp_path, sim, away):
    """Its receipt waits in the journal, over a kill as well."""
    server = Server(tmp_path / "ownkey", sim, database=away.new_database()).start()
    try:
        workspace = with_keys(server)
        plans, traffic = [], Traffic(1)

        def one() -> Plan:
            plan = traffic.plan()
            plan.prompt, plan.stream, plan.leave_at = "Hello [[sim:chunks n=40 delay_ms=50]]", True, None
            plans.append(plan)
            return plan

        load = Load(server.url, workspace.secret, 1, one)

        async def stop_soon():
            await asyncio.sleep(0.7)
            await asyncio.to_thread(away.stop)

        # Where PostgreSQL takes its time to stop there is a second call, which is refused.
        result, plan = asyncio.run(load.run(stop_soon()))[0], plans[0]
        assert result.whole and result.status == 200
        server.kill()
        away.start()
        server.start()
        [receipt] = [r for r in workspace.receipts() if r["client_request_id"] == plan.id]
        assert (receipt["outcome"], receipt["model"]) == ("complete", MODELS[plan.provider])
        assert disagreements(workspace) == []
    finally:
        server.process.kill()


def test_a_locked_sqlite_file_own_keys_go_on_managed_calls_wait(tmp_path, sim):
    """The nearest to a database that is away which a file can be."""
    server = Server(tmp_path / "ownkey", sim, database=f"sqlite://{tmp_path / 'ownkey.db'}").start()
    try:
        workspace, bare = with_keys(server), server.operator.create_workspace()
        assert bare.ask("openai").headers["x-ownkey-payer"] == "managed"
        other = sqlite3.connect(tmp_path / "ownkey.db", isolation_level=None)
        wait_for(lambda: _locks(other), "the file is locked", 10)
        asked = workspace.ask("openai")
        assert asked.status_code == 200
        # The next receipt that can't be stored tells.
        wait_for(lambda: bare.ask("openai").status_code == 503, "managed calls are refused", 15)
        since = sim.now()
        refused = bare.ask("openai")
        assert_error(refused, "openai", 503, "overloaded")
        assert 0 < int(refused.headers["retry-after"]) <= 60 and sim.log(since) == []
        for provider in PROVIDERS:
            assert workspace.ask(provider).headers["x-ownkey-payer"] == "byok"
        other.execute("ROLLBACK")
        wait_for(lambda: bare.ask("openai").status_code == 200, "managed calls are back", 30)
        assert workspace.receipt(asked)["outcome"] == "complete"
        assert disagreements(workspace) == [] and disagreements(bare) == []
    finally:
        server.process.kill()


def _locks(database) -> bool:
    try:
        database.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return False
    return True

"""What is too old is deleted, and what it added up to stays. No wrong clock deletes more than a little."""

import sqlite3
import time

import httpx
import pytest

from harness.api import LOCAL
from harness.clock import DAY_S, HOUR_S, LIBRARY, Clock
from harness.process import wait_for
from harness.sim import provider_key

needs_faketime = pytest.mark.skipif(not LIBRARY, reason="libfaketime is not installed")


def age(server, days: int, request: str):
    """Lets the call of that receipt have been so many days ago."""
    then = int((time.time() - days * DAY_S) * 1000)
    old = bytes.fromhex(request.removeprefix("req_").replace("-", ""))
    new = then.to_bytes(6, "big") + old[6:]
    with sqlite3.connect(server.data / "ownkey.db") as database:
        assert database.execute("UPDATE receipts SET id = ?, at = ? WHERE id = ?", (new, then, old)).rowcount == 1


def changes(server) -> int:
    with sqlite3.connect(server.data / "ownkey.db") as database:
        return database.execute("SELECT COUNT(*) FROM changes").fetchone()[0]


@pytest.fixture
def aged(new_server, tmp_path):
    """A server at rest whose workspace has a receipt of each of those ages in days, and the server's clock."""

    def make(settings: str, ages):
        clock = Clock(tmp_path / "clock", time_passes=True)
        server = new_server(settings=settings, database="sqlite://data/ownkey.db", variables=clock.variables()).start()
        acme = server.operator.create_workspace()
        # A connection that is kept would be an hour old at the next request.
        acme.api.http.headers["connection"] = "close"
        acme.put_key("openai", provider_key("openai"), expect=201)
        asked = {days: acme.ask("openai").headers["x-ownkey-request-id"] for days in ages}
        assert len(acme.receipts()) == len(asked)
        server.stop()
        for days, request in asked.items():
            age(server, days, request)
        return server, acme, clock

    return make


def an_hour_passes(server, clock: Clock):
    clock.set(clock.offset_s + HOUR_S)
    # Who sleeps looks at the clock when something wakes it.
    assert httpx.get(f"{server.url}/healthz", timeout=5, **LOCAL).status_code == 200


def hours_pass(server, clock: Clock, until, what: str):
    """Until it is so. The hour in which a sweep has only begun is an hour in which none begins."""
    for _ in range(10):
        an_hour_passes(server, clock)
        try:
            return wait_for(until, what, 20)
        except TimeoutError:
            continue
    raise TimeoutError(f"not within ten hours: {what}")


WARNING = "if the clock is wrong, set it right"
AGES = {"": 400, "[retention]\nreceipts_days = 10\n": 10, "[retention]\nreceipts_days = 0\n": None}


@needs_faketime
@pytest.mark.parametrize("settings", AGES, ids=["default", "ten-days", "for-ever"])
def test_receipts_go_at_their_age_and_usage_stays(aged, settings):
    days = AGES[settings] or 400
    server, acme, clock = aged(settings, (0, days - 1, days + 1, days + 3))
    server.start()
    # The first look is at the start, and deletes nothing; the changes are the last thing that a sweep looks at.
    assert changes(server) > 1 and len(acme.receipts()) == 4
    hours_pass(server, clock, lambda: changes(server) == 1, "the changes that everyone knows are gone")
    kept = 4 if AGES[settings] is None else 2
    hours_pass(server, clock, lambda: len(acme.receipts()) == kept, "what is too old is gone")
    assert sum(row["calls"] for row in acme.usage()["data"]) == 4
    assert acme.ask("openai").status_code == 200 and len(acme.receipts()) == kept + 1
    actions = [event["action"] for event in server.operator.all(f"{acme.path}/audit")]
    assert "workspace.create" in actions and "credential.create" in actions, actions
    wait_for(lambda: "what was too old is deleted" in server.output(), "it is told")


@needs_faketime
def test_a_wrong_clock_deletes_next_to_nothing(aged):
    """For four hundred days of receipts it would have to be wrong for more than a week, and tells so all the time."""
    ages = (300, 297, 200, 100, 1, 0)
    server, acme, clock = aged("", ages)
    clock.set(450 * DAY_S)
    # Starts, however many.
    for _ in range(2):
        server.start()
        assert acme.ask("openai").status_code == 200
        server.stop()
    server.start()
    assert len(acme.receipts()) == len(ages) + 2
    assert "workspace.create" in [event["action"] for event in server.operator.all(f"{acme.path}/audit")]
    for gone in (1, 2, 2):
        warned = server.output().count(WARNING)
        # One of receipts and one of audit events, behind what the sweep before has deleted.
        hours_pass(server, clock, lambda: server.output().count(WARNING) == warned + 2, "there is a sweep")
        wait_for(lambda: len(acme.receipts()) == len(ages) + 2 - gone, "the oldest two days are gone", 60)
    server.stop()
    clock.set(0)
    server.start()
    acme.put_key("openai", provider_key("openai"), expect=200)
    hours_pass(server, clock, lambda: changes(server) == 1, "the right clock's sweeps come to their end")
    assert len(acme.receipts()) == len(ages)


def test_nonsense_is_refused(new_server):
    server = new_server(settings="[retention]\nreceipts_days = 40000\n")
    done = server.run("check", "--config", server.folder / "ownkey.toml")
    assert done.returncode != 0 and "[retention]" in done.stdout + done.stderr

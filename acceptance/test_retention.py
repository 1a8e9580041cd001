"""What is too old is deleted, and what it added up to stays."""

import sqlite3
import time

import pytest

from harness.process import wait_for
from harness.sim import provider_key

DAY = 24 * 3600


def age(server, days: int, request: str):
    """Lets the call of that receipt have been so many days ago, as a clock set ahead would."""
    then = int((time.time() - days * DAY) * 1000)
    old = bytes.fromhex(request.removeprefix("req_").replace("-", ""))
    new = then.to_bytes(6, "big") + old[6:]
    with sqlite3.connect(server.data / "ownkey.db") as database:
        assert database.execute("UPDATE receipts SET id = ?, at = ? WHERE id = ?", (new, then, old)).rowcount == 1
        database.execute("UPDATE changes SET at = ?", (then,))


def changes(server) -> int:
    with sqlite3.connect(server.data / "ownkey.db") as database:
        return database.execute("SELECT COUNT(*) FROM changes").fetchone()[0]


@pytest.fixture
def aged(new_server):
    """A server at rest whose workspace has a receipt of every age, by its days."""

    def make(settings: str):
        server = new_server(settings=settings, database="sqlite://data/ownkey.db").start()
        acme = server.operator.create_workspace()
        acme.put_key("openai", provider_key("openai"), expect=201)
        ids = {days: acme.ask("openai").headers["x-ownkey-request-id"] for days in (0, 9, 11, 399, 401, 1000)}
        assert len(acme.receipts()) == 6
        server.stop()
        for days, request in ids.items():
            if days:
                age(server, days, request)
        return server, acme

    return make


KEPT = {"": 4, "[retention]\nreceipts_days = 10\n": 2, "[retention]\nreceipts_days = 0\n": 6}


@pytest.mark.parametrize("settings", KEPT, ids=["default", "ten-days", "for-ever"])
def test_receipts_go_at_their_age_and_usage_stays(aged, settings):
    server, acme = aged(settings)
    assert changes(server) > 1
    server.start()
    # The changes are the last thing that is looked at.
    wait_for(lambda: changes(server) == 1, "the changes that everyone knows are gone", 20)
    assert len(acme.receipts()) == KEPT[settings]
    assert sum(row["calls"] for row in acme.usage()["data"]) == 6
    assert acme.ask("openai").status_code == 200 and len(acme.receipts()) == KEPT[settings] + 1
    actions = [event["action"] for event in server.operator.all(f"{acme.path}/audit")]
    assert "workspace.create" in actions and "credential.create" in actions, actions
    if KEPT[settings] < 6:
        wait_for(lambda: "what was too old is deleted" in server.output(), "it is told")


def test_nonsense_is_refused(new_server):
    server = new_server(settings="[retention]\nreceipts_days = 40000\n")
    done = server.run("check", "--config", server.folder / "ownkey.toml")
    assert done.returncode != 0 and "[retention]" in done.stdout + done.stderr

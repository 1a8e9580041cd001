"""`kill -9` at each moment of a call that costs credits: nothing stays held, each call that reached its provider is on the
book once, whole answers at the provider's price, and what the kill cut at what was written down of it."""

import asyncio
import os
import random
import re
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from harness import postgres
from harness.load import Load, Plan
from harness.money import checked, credits, events_came, leave, needed, purse, rich, set_budget, used
from harness.process import wait_for
from harness.products import workspace
from harness.server import Server
from harness.sim import PROVIDERS

# Niyra's credits, without its limit of calls a minute.
SETTINGS = """
[credits]
usd_per_credit = "0.01"
markup = "1.2"

[plans.pro]
byok = true
managed = "credits"
output_limit = 8192
"""
# Where the program dies, with the feature `kill-points`: after a hold, before and after a call's settlement.
POINTS = [
    "hold_before_commit",
    "hold_committed",
    "evidence_noted",
    "receipt_due",
    "receipt_appended",
    "takeover_settled",
    "takeover_before_commit",
    "takeover_committed",
]
CALLERS = 8
KINDS = [(provider, stream) for provider in PROVIDERS for stream in (False, True)]
STREAMS = [(provider, True) for provider in PROVIDERS] * 2
LIMIT = 1_200


def plan_of(kind, words: str = "Hello") -> Plan:
    """A call that its provider's log tells from all others: managed calls carry nothing but their body there."""
    made = Plan(kind[0], "", kind[1], more={"max_tokens": LIMIT})
    made.prompt = f"{made.id} {words}"
    return made


class Shop:
    """A server that sells credits, is killed again and again, and all that its one customer has read."""

    def __init__(self, folder, sim, server=None):
        self.server = server or Server(folder / "ownkey", sim, settings=SETTINGS).start()
        self.acme, self.poor = rich(self.server), workspace(self.server, "pro")
        self.budget = set_budget(self.acme, period="total", limit_usd="1000")
        self.sim, self.since, self.results = sim, sim.now(), []

    def hold_for(self, kind, words: str, limit: int = LIMIT) -> Decimal:
        """What is held for such a call."""
        provider, stream = kind
        more = {"max_tokens": limit, "stream": True} if stream else {"max_tokens": limit}
        return needed(self.poor.ask(provider, plan_of(kind, words).prompt, **more))[0]

    def input_of(self, kind, words: str) -> Decimal:
        """What of it is for the input: all but what each token of output costs at most."""
        all, less = (self.hold_for(kind, words, limit) for limit in (LIMIT, LIMIT - 100))
        return all - LIMIT * (all - less) / 100

    def load_until(self, until, words: str = "Hello [[sim:chunks n=30 delay_ms=3]]"):
        """Callers of all kinds, until the server is dead or so many seconds have passed."""
        pick = random.Random(len(self.results))
        load = Load(self.server.url, self.acme.secret, CALLERS, lambda: plan_of(pick.choice(KINDS), words))
        asyncio.run(load.run(until))
        self.results += load.results

    def all_at(self, kinds, words: str, moment, reached=lambda: True):
        """As many calls at once, all of which are at that moment when the server dies."""
        meeting = threading.Barrier(len(kinds) + 1)

        def wait(connection):
            moment(connection)
            # Once that all have come so far, and once that the server is dead.
            meeting.wait(30)
            meeting.wait(30)

        plans = [plan_of(kind, words) for kind in kinds]
        with ThreadPoolExecutor(len(plans)) as pool:
            calls = [pool.submit(leave, self.server, self.acme.secret, plan, wait) for plan in plans]
            meeting.wait(30)
            wait_for(reached, "all calls are where they shall be")
            self.server.kill()
            meeting.wait(30)
            for call in calls:
                call.result()
        return plans

    def at_the_provider(self) -> dict[str, dict]:
        """What the provider has of this customer's calls."""
        entries = [entry for entry in self.sim.ended(self.since) if entry["method"] == "POST"]
        # Killed while a request was on its way, it came in part, and is on nobody's bill.
        parts = [entry for entry in entries if entry["body"] is None]
        assert all(entry["outcome"] == "cancelled" and Decimal(entry["cost_usd"]) == 0 for entry in parts)
        entries = [entry for entry in entries if entry["body"] is not None]
        found = {re.search(r"load-[0-9a-f]{16}", entry["body"])[0]: entry for entry in entries}
        assert len(found) == len(entries), "a call was made twice"
        return found

    def check(self, told: str) -> "Books":
        """After a restart: the books of both sides agree."""
        # A call's end comes to the book with its receipt, and one that has none is ended when all receipts are there.
        wait_for(lambda: purse(self.acme)["held"] == 0, f"{told}: nothing is held", 60)
        checked(self.server)
        books = Books(self, told)
        spent = sum(books.charges.values())
        assert purse(self.acme)["balance"] == 1_000 - spent >= 0, told
        # The budget counts USD to the ninth place, credits are rounded up to the sixth.
        assert abs(used(self.acme, self.budget) * 120 - spent) <= len(books.charges) * Decimal("0.000002"), told
        return books


class Books:
    """The ledger beside the receipts, the provider's log and what callers have read."""

    def __init__(self, shop: Shop, told: str):
        acme = shop.acme
        posted = [entry for entry in acme.operator.all(f"{acme.path}/ledger", limit=200) if entry["kind"] == "charge"]
        assert all(Decimal(entry["change"]) < 0 <= Decimal(entry["balance"]) for entry in posted), told
        twice = [request for request, count in Counter(entry["request"] for entry in posted).items() if count > 1]
        assert twice == [], f"{told}: charged twice"
        self.charges = {entry["request"]: -Decimal(entry["change"]) for entry in posted}
        shown = acme.receipts()
        says = {receipt["id"]: Decimal(receipt["credits"]) - Decimal(receipt["overrun_credits"]) for receipt in shown}
        assert {request: credits for request, credits in says.items() if credits} == self.charges, f"{told}: unexplained"
        # Those that were completed for a process that was killed before it could.
        killed = {receipt["id"]: receipt for receipt in shown if receipt["error"] == "interrupted"}
        assert all_failed(killed.values()), told
        self.receipts = {receipt["client_request_id"]: receipt for receipt in shown if receipt["id"] not in killed}
        self.entries = shop.at_the_provider()
        self._whole_answers(shop, told)
        self.cut = {request: charge for request, charge in self.charges.items() if request in killed}
        self.reached = {id: entry for id, entry in self.entries.items() if id not in self.receipts}
        unseen = [result for result in shop.results if result.plan.id not in self.receipts | self.entries]
        assert len(self.reached) <= len(self.cut) <= len(self.reached) + len(unseen), told

    def _whole_answers(self, shop, told):
        whole = [result.plan.id for result in shop.results if result.whole and result.status == 200]
        missing = [id for id in whole if id not in self.receipts]
        assert missing == [], f"{told}: whole answers without a receipt"
        for id, receipt in self.receipts.items():
            charge, entry = self.charges.get(receipt["id"], Decimal(0)), self.entries.get(id)
            assert charge == Decimal(receipt["credits"]), f"{told}: {id}"
            assert entry or charge == 0, f"{told}: {id} never reached its provider"
            if receipt["outcome"] == "complete":
                assert charge == credits(entry["cost_usd"]) > 0, f"{told}: {id}"


def all_failed(receipts) -> bool:
    """Whether they say that their calls came to nothing, and that what is charged is an estimate."""
    return all(
        (one["outcome"], one["status"]) == ("failed", 0) and (one["measured"] == "estimated" or one["credits"] == "0")
        for one in receipts
    )


async def dead(server):
    while server.process.ended() is None:
        await asyncio.sleep(0.02)


@pytest.mark.skipif(not os.environ.get("OWNKEY_KILL_BIN"), reason="OWNKEY_KILL_BIN names no binary built with kill points")
@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_named_point(tmp_path, sim, soak, point):
    shop = Shop(tmp_path, sim)
    server, most = shop.server, max(shop.hold_for(kind, "Hello [[sim:chunks n=30 delay_ms=3]]") for kind in KINDS)
    try:
        for round in range(20 if soak else 2):
            server.stop()
            told = f"{point}:{1 + 3 * round}"
            server.variables = {"ACCEPTANCE_BIN": os.environ["OWNKEY_KILL_BIN"], "OWNKEY_TEST_KILL_AT": told}
            if server.start_or_die():
                shop.load_until(dead(server))
            assert server.process.ended() not in (None, 0), f"{point} was not reached"
            server.variables = {}
            server.start()
            books = shop.check(told)
            assert all(charge <= most for charge in books.cut.values()), told
        if point == "receipt_due":
            # The provider has answered in full, and only then the program died.
            assert any(entry["outcome"] == "complete" for entry in books.reached.values())
        if point == "receipt_appended":
            whole = {result.plan.id for result in shop.results if result.whole}
            complete = {id for id, receipt in books.receipts.items() if receipt["outcome"] == "complete"}
            assert complete - whole, "a call is settled whose caller has not read all"
    finally:
        server.kill()


def nothing_came(_):
    """The caller does not wait for anything."""


def head_came(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(1)


# Which calls, how they are made to stay there, and when they are there.
MOMENTS = {
    "at the provider": (KINDS, "Hello [[sim:slow_head ms=60000]]", nothing_came),
    "behind the head": (STREAMS, "Hello [[sim:chunks n=300 delay_ms=500]]", head_came),
    "in mid-stream": (STREAMS, "Hello [[sim:chunks n=1200 delay_ms=2]]", events_came(700)),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_while_answers_come(tmp_path, sim, soak, moment):
    kinds, words, there = MOMENTS[moment]
    shop = Shop(tmp_path, sim)
    inputs = {kind: shop.input_of(kind, words) for kind in kinds}
    before = set()
    try:
        for round in range(20 if soak else 2):
            wait_for(lambda: sim.stats()["open"] == 0, "nothing else is going on", 90)
            shop.all_at(kinds, words, there, lambda: sim.stats()["open"] == len(kinds))
            shop.server.start()
            books = shop.check(f"{moment}, kill {round + 1}")
            new = {request: charge for request, charge in books.cut.items() if request not in before}
            before |= new.keys()
            assert len(new) == len(kinds) and len(books.reached) == len(before), "each is charged, once"
            if moment == "in mid-stream":
                # What came of it counts too, and no more than what the provider bills.
                least, most = min(inputs.values()), 2 * max(credits(e["cost_usd"]) for e in books.reached.values())
                assert all(least < charge <= most for charge in new.values()), (least, most, new)
            else:
                # Nobody has said more by then than what was sent.
                assert sorted(new.values()) == sorted(inputs[kind] for kind in kinds)
    finally:
        shop.server.kill()


def test_what_a_plan_includes_is_explained_too(tmp_path, sim):
    """Nobody's credits pay for it, so nothing is held; the operator's books have it all the same."""
    server = Server(tmp_path / "ownkey", sim).start()
    try:
        workspace = server.operator.create_workspace()
        plans = [plan_of(kind, "Hello [[sim:slow_head ms=60000]]") for kind in KINDS]
        connected = threading.Barrier(len(plans) + 1)

        def wait(_):
            connected.wait(30)
            connected.wait(60)

        with ThreadPoolExecutor(len(plans)) as pool:
            calls = [pool.submit(leave, server, workspace.secret, plan, wait) for plan in plans]
            connected.wait(30)
            wait_for(lambda: sim.stats()["open"] == len(plans), "all are at the provider")
            server.kill()
            connected.wait(30)
            for call in calls:
                call.result()
        server.start()
        wait_for(lambda: len(workspace.receipts()) == len(plans), "each has a receipt", 60)
        receipts = workspace.receipts()
        assert {receipt["client_request_id"] for receipt in receipts} == {plan.id for plan in plans}
        for receipt in receipts:
            told = [receipt[name] for name in ("error", "payer", "included", "credits", "measured")]
            assert told == ["interrupted", "managed", True, "0", "estimated"], receipt
            assert Decimal(receipt["cost_usd"]) > 0 and receipt["model"] and receipt["api_key"]
        [row] = workspace.usage(group_by="payer")["data"]
        assert (row["calls"], row["errors"]) == (len(plans), len(plans))
        assert Decimal(row["cost_usd"]) == sum(Decimal(receipt["cost_usd"]) for receipt in receipts)
        checked(server)
    finally:
        server.kill()


needs_postgres = pytest.mark.skipif(not postgres.server_url(), reason="TEST_POSTGRES_URL names no server")


@needs_postgres
def test_another_node_ends_what_a_dead_one_holds(tmp_path, sim):
    database = postgres.new_database()
    one, other = [Server(tmp_path / name, sim, settings=SETTINGS, database=database) for name in ("one", "other")]
    other.write_kek(one.kek_file.read_text().strip())
    other.operator_token, other.managed_keys = one.operator_token, one.managed_keys
    sql = lambda text: postgres.psql(database, text)  # noqa: E731
    try:
        shop = Shop(tmp_path, sim, one.start())
        other.start()
        _, words, there = MOMENTS["in mid-stream"]
        noted = lambda: sql("SELECT count(*) FROM holds WHERE evidence_credits > 0") == str(len(STREAMS))  # noqa: E731
        shop.all_at(STREAMS, words, there, noted)
        at_other = type(shop.acme)(other.operator, shop.acme.id, shop.acme.key_id, shop.acme.secret)
        assert purse(at_other)["held"] > 0
        # It says no more that it lives, and a while later its lease is over: here at once.
        node = sql("SELECT DISTINCT node FROM holds")
        with ThreadPoolExecutor(1) as pool:
            goes_on = pool.submit(at_other.ask, "openai", "Hello [[sim:chunks n=300 delay_ms=50]]", stream=True)
            wait_for(lambda: sql(f"SELECT count(*) FROM holds WHERE node <> '{node}'") == "1", "the other node holds too")
            sql(f"UPDATE nodes SET lease_until = 1 WHERE id = '{node}'")
            wait_for(lambda: sql(f"SELECT count(*) FROM holds WHERE node = '{node}'") == "0", "its holds are ended", 30)
            assert goes_on.result().status_code == 200
        own = at_other.receipt(goes_on.result())
        assert own["outcome"] == "complete" and purse(at_other)["held"] == 0
        checked(other)
        charges = [one for one in at_other.operator.all(f"{at_other.path}/ledger") if one["kind"] == "charge"]
        assert len({one["request"] for one in charges}) == len(charges) == len(STREAMS) + 1
        assert purse(at_other)["balance"] == 1_000 + sum(Decimal(charge["change"]) for charge in charges)
        explained = {receipt["id"]: Decimal(receipt["credits"]) for receipt in at_other.receipts()}
        assert explained == {charge["request"]: -Decimal(charge["change"]) for charge in charges}
        # The dead one comes back, and what its journal says of them by then changes nothing.
        before = purse(at_other)
        one.start()
        wait_for(lambda: purse(shop.acme) == before, "it has read its journal")
        checked(one)
    finally:
        one.kill()
        other.kill()

"""`kill -9` in the middle of it all: who has read a whole answer has one receipt, and the totals are their sum."""

import asyncio
import os
import random
from collections import Counter
from pathlib import Path

import pytest

from harness.books import disagreements
from harness.files import database_problems
from harness.load import Load, flood
from harness.server import Server
from harness.sim import PROVIDERS, provider_key
from harness.traffic import Traffic

POINTS = [
    "frame_staged",
    "journal_appended",
    "takeover_read",
    "takeover_responses",
    "takeover_rows",
    "takeover_totals",
    "takeover_before_commit",
    "takeover_committed",
    "segment_removed",
    "journal_rotated",
]
# Only once in some ten thousand receipts.
RARE = ["segment_removed", "journal_rotated"]
CALLERS = 40


class Installation:
    """A server that is killed again and again, and all that its callers have read."""

    def __init__(self, folder: Path, sim):
        self.folder, self.server = folder, Server(folder / "ownkey", sim).start()
        self.workspace = self.server.operator.create_workspace()
        for provider in PROVIDERS:
            self.workspace.put_key(provider, provider_key(provider), expect=201)
        self.results = []

    def load_until(self, until, kill, seed: int):
        traffic = Traffic(seed, delay_ms=15, leaving=0.2)
        load = Load(self.server.url, self.workspace.secret, CALLERS, traffic.plan)
        self.results += asyncio.run(load.run(until, kill))

    def restart(self):
        if self.server.on_sqlite:
            assert database_problems(self.server.data, self.folder / "copy") == []
        self.server.start()

    def check(self, told: str, least: int = 1):
        receipts = Counter(receipt["client_request_id"] for receipt in self.workspace.receipts())
        whole = [result.plan.id for result in self.results if result.whole]
        missing = [id for id in whole if receipts[id] != 1]
        assert len(whole) >= least
        assert missing == [], f"{told}: {len(missing)} of {len(whole)} whole answers without one receipt"
        twice = [id for id, count in receipts.items() if id and count > 1]
        assert twice == [], f"{told}: receipts twice"
        assert disagreements(self.workspace) == [], told
        for provider in PROVIDERS:
            assert self.workspace.ask(provider).headers["x-ownkey-payer"] == "byok"


def test_killed_at_random_under_load(tmp_path, sim, soak, report):
    kills = 50 if soak else 8
    installation = Installation(tmp_path, sim)
    seed = random.randrange(1 << 32)
    pick = random.Random(seed)
    try:
        for round in range(kills):
            installation.load_until(0.3 + pick.random() * 1.2, installation.server.kill, pick.randrange(1 << 32))
            installation.restart()
            installation.check(f"kill {round + 1}, seed {seed}")
        whole = sum(result.whole for result in installation.results)
        report(f"kills: {kills}, calls {len(installation.results)}, whole answers {whole}, seed {seed}")
    finally:
        installation.server.kill()


def test_killed_right_behind_a_whole_answer(tmp_path, sim):
    """The moment that matters: the caller has the last byte, the process dies."""
    installation = Installation(tmp_path, sim)
    try:
        for round in range(5):
            asked = installation.workspace.ask("openai", stream=bool(round % 2))
            installation.server.kill()
            assert asked.status_code == 200
            installation.server.start()
            receipt = installation.workspace.receipt(asked)
            assert receipt["outcome"] == "complete" and receipt["usage"]["output"] > 0
            assert disagreements(installation.workspace) == []
    finally:
        installation.server.kill()


CASES = [(point, count) for point in POINTS for count in (1, 3) if count == 1 or point not in RARE]


@pytest.mark.skipif(not os.environ.get("OWNKEY_KILL_BIN"), reason="OWNKEY_KILL_BIN names no binary built with kill points")
@pytest.mark.parametrize(("point", "count"), CASES)
def test_killed_at_a_named_point(tmp_path, sim, point, count):
    installation = Installation(tmp_path, sim)
    server = installation.server
    try:
        # Whole answers that are in the journal when it dies, whenever that is.
        installation.load_until(0.3, None, seed=1)
        server.stop()
        server.variables |= {"ACCEPTANCE_BIN": os.environ["OWNKEY_KILL_BIN"], "OWNKEY_TEST_KILL_AT": f"{point}:{count}"}
        if server.start_or_die():
            asyncio.run(_load_until_death(installation, flooded=point in RARE))
        assert server.process.ended() not in (None, 0), f"{point} was not reached"
        server.variables = {}
        installation.restart()
        installation.check(f"{point}:{count}")
    finally:
        server.kill()


async def _load_until_death(installation: Installation, *, flooded: bool):
    server, secret = installation.server, installation.workspace.secret
    load = Load(server.url, secret, CALLERS, Traffic(2, delay_ms=15, leaving=0.2).plan)
    alive = lambda: server.process.ended() is None  # noqa: E731
    extra = flood(server.url, secret, alive) if flooded else asyncio.sleep(0)
    await asyncio.gather(load.run(_death(server)), extra)
    installation.results += load.results


async def _death(server, seconds: float = 120):
    for _ in range(int(seconds / 0.05)):
        if server.process.ended() is not None:
            return
        await asyncio.sleep(0.05)

"""The machine misbehaves: its disk is full, its clock jumps. What the contract says happens, nothing is lost, and it
recovers by itself."""

import asyncio
import os
import random
import subprocess
import time
from datetime import datetime
from pathlib import Path

import pytest

from harness.books import disagreements
from harness.clock import DAY_S, LIBRARY, Clock
from harness.errors import assert_error
from harness.load import Load, Plan
from harness.process import wait_for
from harness.receipts import problems
from harness.server import Server
from harness.sim import PROVIDERS, provider_key


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system of a few MiB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a tmpfs to fill")
    folder = tmp_path / "tiny"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"a tmpfs cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path) -> Path:
    """Leaves no room at all."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return ballast


def with_keys(server):
    workspace = server.operator.create_workspace()
    for provider in PROVIDERS:
        workspace.put_key(provider, provider_key(provider), expect=201)
        workspace.ask(provider)
    return workspace


def test_all_on_a_full_disk(tmp_path, sim, tiny_disk, report):
    """Neither journal nor database gets more room: calls that are let in end with a receipt, in room that was taken
    before; then no call is made, until there is room again."""
    server = Server(tmp_path / "ownkey", sim, database=f"sqlite://{tiny_disk / 'ownkey.db'}")
    server.variables["OWNKEY_DATABASE__JOURNAL_DIR"] = str(tiny_disk / "journal")
    server.start()
    try:
        workspace = with_keys(server)
        since, ballast = sim.now(), fill(tiny_disk)
        load = Load(server.url, workspace.secret, 24, lambda: Plan(random.choice(PROVIDERS), "Hello", stream=False))

        async def refused():
            async with asyncio.timeout(90):
                while not any(result.status == 503 for result in load.results):
                    await asyncio.sleep(0.05)

        results = asyncio.run(load.run(refused()))
        report(f"calls on a full disk until they were refused: {len(results)}")
        later = sim.now()
        for provider in PROVIDERS:
            assert_error(workspace.ask(provider), provider, 503, "overloaded")
        assert sim.log(later) == []
        ballast.unlink()
        wait_for(lambda: workspace.ask("anthropic").status_code == 200, "it serves again", 30)
        receipts = [r for r in workspace.receipts() if (r["client_request_id"] or "").startswith("load-")]
        entries = [entry for entry in sim.ended(since) if (entry["client_request_id"] or "").startswith("load-")]
        assert problems(receipts, entries, results) == []
        assert server.metrics()["ownkey_receipts_unrecorded_total"] == 0
        assert disagreements(workspace) == []
        workspace.put_key("openai", provider_key("openai"), expect=200)
        assert "panicked" not in server.output()
    finally:
        server.process.kill()


def test_only_the_database_on_a_full_disk(tmp_path, sim, tiny_disk):
    """Receipts wait in the journal: own keys go on, managed calls are refused."""
    server = Server(tmp_path / "ownkey", sim, database=f"sqlite://{tiny_disk / 'ownkey.db'}").start()
    try:
        workspace, bare = with_keys(server), server.operator.create_workspace()
        answered = [bare.ask("openai")]
        ballast = fill(tiny_disk)

        def refused() -> bool:
            assert _noted(answered, workspace.ask("openai", "Hello " + "x" * 200)).status_code == 200
            return _noted(answered, bare.ask("openai")).status_code == 503

        # The write-ahead log goes on in its own room for a while.
        wait_for(refused, "managed calls are refused", 60)
        assert_error(bare.ask("openai"), "openai", 503, "overloaded")
        for provider in PROVIDERS:
            assert _noted(answered, workspace.ask(provider)).headers["x-ownkey-payer"] == "byok"
        problem = workspace.api("PUT", f"{workspace.path}/provider-keys/openai", {"key": provider_key("openai")})
        assert problem.status_code == 503 and problem.json()["code"]
        ballast.unlink()
        wait_for(lambda: _noted(answered, bare.ask("openai")).status_code == 200, "managed calls are back", 60)
        kept = {receipt["id"] for one in (workspace, bare) for receipt in one.receipts()}
        assert {one.headers["x-ownkey-request-id"] for one in answered if one.status_code == 200} <= kept
        assert disagreements(workspace) == [] and disagreements(bare) == []
        assert "panicked" not in server.output()
    finally:
        server.process.kill()


def _noted(answers: list, answer):
    answers.append(answer)
    return answer


@pytest.mark.skipif(not LIBRARY, reason="libfaketime is not installed")
def test_the_clock_jumps(tmp_path, sim):
    """A day forward, two back, two months forward: every call is on the books once, at its clock's time."""
    clock = Clock(tmp_path / "clock")
    server = Server(tmp_path / "ownkey", sim, variables=clock.variables()).start()
    jumps = [0, DAY_S, -DAY_S, 62 * DAY_S, 0, -400 * DAY_S, 0]
    try:
        workspace, asked = with_keys(server), {}
        for jump in jumps:
            clock.set(jump)
            for provider in PROVIDERS:
                answer = workspace.ask(provider, stream=bool(random.randrange(2)))
                assert answer.status_code == 200 and answer.headers["x-ownkey-payer"] == "byok"
                asked[answer.headers["x-ownkey-request-id"]] = time.time() + jump
            # A change is heard of at any time of day.
            workspace.put_key("openai", provider_key("openai"), expect=200)
        receipts = {receipt["id"]: receipt for receipt in workspace.receipts()}
        assert asked.keys() <= receipts.keys() and len(receipts) == len(asked) + len(PROVIDERS)
        pages = [(-500, -200), (-200, 100)]
        totals = [workspace.usage(**{"from": _rfc(a * DAY_S), "to": _rfc(b * DAY_S), "group_by": "payer"}) for a, b in pages]
        assert sum(row["calls"] for total in totals for row in total["data"]) == len(receipts)
        for id, told in asked.items():
            assert abs(_seconds(receipts[id]["at"]) - told) < 60
            assert 0 <= receipts[id]["timing_ms"]["total"] < 60_000
        audit = workspace.api.get(f"{workspace.path}/audit")
        assert audit["data"]
        assert "panicked" not in server.output()
        # A restart on an earlier clock finds everything as it was.
        clock.set(-DAY_S)
        server.stop()
        server.start()
        assert asked.keys() <= {receipt["id"] for receipt in workspace.receipts()}
    finally:
        server.process.kill()


def _rfc(offset_s: int) -> str:
    return time.strftime("%Y-%m-%dT%H:00:00Z", time.gmtime(time.time() + offset_s))


def _seconds(rfc3339: str) -> float:
    return datetime.fromisoformat(rfc3339).timestamp()

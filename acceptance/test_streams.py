"""Two hundred streams at once, callers leaving wherever they like: afterwards the books agree and nothing is left."""

import asyncio
import random
from collections import Counter
from urllib.parse import urlsplit

import pytest

from harness.books import disagreements
from harness.load import Load
from harness.process import connections_to, wait_for
from harness.receipts import attempts_nobody_saw, problems
from harness.server import Server
from harness.sim import PROVIDERS, provider_key
from harness.traffic import Traffic

STREAMS = 200
# What an allocator keeps for the next time; a leak of one stream's memory would be far more over a soak.
MEMORY_KIB = 48 * 1024
DESCRIPTORS = 16


@pytest.fixture(scope="module")
def day(tmp_path_factory, sim, soak):
    """The load, in two halves, and what is known after each."""
    server = Server(tmp_path_factory.mktemp("streams"), sim).start()
    workspace = server.operator.create_workspace()
    for provider in PROVIDERS:
        workspace.put_key(provider, provider_key(provider), expect=201)
        workspace.ask(provider)
    seed = random.randrange(1 << 32)
    idle = (server.process.rss_kib(), server.process.descriptors())
    since, results, after = sim.now(), [], []
    traffic = Traffic(seed)
    for _ in range(2):
        load = Load(server.url, workspace.secret, STREAMS, traffic.plan)
        results += asyncio.run(load.run(30 if soak else 5))
        wait_for(lambda: server.metrics()["ownkey_calls_open"] == 0, "no call is open", 20)
        entries = sim.ended(since)
        after.append((server.process.rss_kib(), server.process.descriptors()))
    receipts = [r for r in workspace.receipts() if (r["client_request_id"] or "").startswith("load-")]
    yield {
        "seed": seed, "server": server, "workspace": workspace, "idle": idle, "after": after,
        "results": results, "entries": entries, "receipts": receipts,
    }  # fmt: skip
    server.stop()


def test_the_load_was_one(day, sim, report):
    results = day["results"]
    kinds = Counter("left" if r.left else "whole" if r.whole else "broken" for r in results)
    report(f"streams: {len(results)} calls, {dict(kinds)}, peak at the provider {sim.stats()['peak_open']}, seed {day['seed']}")
    assert sim.stats()["peak_open"] >= STREAMS * 0.7
    assert min(kinds["left"], kinds["whole"], kinds["broken"]) > 10
    assert any(r.left and r.received == 0 for r in results)
    counted = {name for receipt in day["receipts"] for name, count in receipt["usage"].items() if count}
    assert counted >= {"cache_read", "cache_write_5m", "cache_write_1h"}


def test_callers_who_stay_get_a_whole_answer_or_an_error(day):
    """Broken are only those whose provider broke off."""
    def odd(result):
        return "cut" in result.plan.prompt or "error_event" in result.plan.prompt

    broken = [r for r in day["results"] if r.broken and not odd(r)]
    assert broken == [], f"seed {day['seed']}"


def test_receipts_equal_the_providers_log(day):
    found = problems(day["receipts"], day["entries"], day["results"])
    assert found == [], f"{len(found)} of {len(day['entries'])}, seed {day['seed']}: {found[:10]}"


def test_every_attempt_on_a_receipt_was_seen_by_the_provider(day):
    """Also of those who left before the head: what never went out is no attempt."""
    unseen = attempts_nobody_saw(day["receipts"], day["entries"])
    assert unseen == [], f"{len(unseen)} of {len(day['receipts'])}, seed {day['seed']}"


def test_totals_equal_the_receipts(day):
    assert disagreements(day["workspace"]) == []


def test_nothing_is_left_open(day, sim):
    assert sim.stats()["open"] == 0
    metrics = day["server"].metrics()
    assert metrics["ownkey_calls_open"] == 0
    assert metrics["ownkey_receipts_unrecorded_total"] == 0
    assert "panicked" not in day["server"].output()


def test_memory_and_descriptors_are_back(day, soak, report):
    server, (memory, files), after = day["server"], day["idle"], day["after"]
    told = [f"{rss // 1024} MiB" for rss, _ in after]
    report(f"memory: idle {memory // 1024} MiB, after each half of the load {', '.join(told)}")
    assert after[-1][0] < memory + MEMORY_KIB
    assert after[-1][0] < after[0][0] + MEMORY_KIB / 2, "it does not grow from half to half"
    if files is None:
        pytest.skip("only the administrator may count the descriptors of a process that hides its memory")
    ports = [urlsplit(day["server"].sim.base_url(provider)).port for provider in PROVIDERS]

    def few():
        # Connections to the providers that are kept for the next call are no leak; a soak waits until they are gone.
        kept = 0 if soak else sum(connections_to(port) for port in ports)
        return server.process.descriptors() - kept <= files + DESCRIPTORS

    wait_for(few, "descriptors as when idle", 60 if soak else 10)

"""N8: connections stay fresh without anybody noticing: over a day of a thousand of them, and over nodes that die."""

import random
import shutil
import signal
import tempfile
import time
from pathlib import Path

import pytest

from harness import postgres
from harness.api import Api
from harness.clock import LIBRARY, Clock
from harness.identity import Identity, connect, first_person, provider, refreshed_twice, too_early, unhurried, variables
from harness.postgres import Postgres
from harness.process import wait_for
from harness.server import Server
from harness.sim import Simulator

needs_clock = pytest.mark.skipif(not LIBRARY, reason="libfaketime is not installed")
needs_postgres = pytest.mark.skipif(not postgres.server_url(), reason="TEST_POSTGRES_URL names no server")

# How long tokens live, and how many connections have such: in all 1,000 and 40.
FULL = {30: 8, 120: 12, 600: 80, 3_600: 500, 28_800: 200, 86_400: 200}
THIN = {30: 2, 120: 3, 600: 10, 3_600: 20, 86_400: 5}
FULL_S, THIN_S = 24 * 3_600, 3_600
# Shorter than any token is fresh after it is due.
STEP_S = 5
NEXT = "ownkey_connection_next_refresh_seconds"
UNDER_WAY = "ownkey_connection_refreshes_under_way"


def name_of(lives_s: int) -> str:
    return f"lives{lives_s}"


def key_of(server, workspace: str) -> Api:
    body = {"name": "product", "scopes": ["connections:write"]}
    made = server.operator("POST", f"/workspaces/{workspace}/api-keys", body, 201).json()
    return unhurried(Api(server.url, made["secret"]))


def states(server, dana) -> dict[str, str]:
    """Each connection's state."""
    data, cursor = [], None
    while True:
        query = f"?limit=200{f'&cursor={cursor}' if cursor else ''}"
        page = dana("GET", f"/workspaces/current/connections{query}", expect=200).json()
        data, cursor = data + page["data"], page["next_cursor"]
        if not cursor:
            return {item["id"]: item["state"] for item in data}


class Day:
    """Nodes, their database and their provider, whose hours pass together when the test says so."""

    def __init__(self, folder, count: int, names: list[str], settings: str = ""):
        # Where the database's own user may read.
        clocks = Path(tempfile.mkdtemp(prefix="ownkey-clock-", dir="/tmp"))
        clocks.chmod(0o755)
        self.clock = Clock(clocks / "clock", time_passes=True)
        self.postgres = Postgres(self.clock.variables()) if count > 1 else None
        database = self.postgres.new_database() if self.postgres else "sqlite://data/ownkey.db"
        self.sim = Simulator(folder, self.clock.variables())
        self.identity = Identity(self.sim)
        options = {
            "settings": settings + "".join(provider(self.sim, name) for name in names),
            "variables": variables(*names) | self.clock.variables(),
            "database": database,
            "log": "warn",
        }
        self.nodes = [Server(folder / f"node{at}", self.sim, **options) for at in range(count)]
        first = self.nodes[0]
        for node in self.nodes[1:]:
            node.write_kek(first.kek_file.read_text().strip())
            node.operator_token, node.managed_keys = first.operator_token, first.managed_keys
        for node in self.nodes:
            node.start()

    def step(self):
        self.pass_s(STEP_S)
        try:
            self.rest(20)
        except TimeoutError:
            # Whoever reckoned how long to sleep just as the clock was set sleeps that much too long, and no longer.
            self.pass_s(STEP_S)
            self.rest(120)

    def pass_s(self, seconds: int):
        self.clock.set(self.clock.offset_s + seconds)

    def rest(self, seconds: float):
        at_rest = lambda: all(is_at_rest(node, self.clock) for node in self.nodes)  # noqa: E731
        wait_for(at_rest, "what is due is refreshed", seconds, 0.002)

    def end(self):
        for node in self.nodes:
            node.process.kill()
        self.sim.stop()
        if self.postgres:
            self.postgres.remove()
        shutil.rmtree(self.clock.file.parent)


@pytest.fixture
def day(tmp_path):
    made: list[Day] = []

    def make(count: int, names: list[str], settings: str = "") -> Day:
        made.append(Day(tmp_path, count, names, settings))
        return made[-1]

    yield make
    for one in made:
        one.end()


@needs_clock
@pytest.mark.parametrize("nodes", [1, pytest.param(2, marks=needs_postgres)])
def test_a_day_of_connections_uses_no_expired_token_and_refreshes_none_early(day, nodes, soak, report):
    """At the usual times: looked for every five minutes, a minute's margin. Two nodes go by their database's clock."""
    classes, duration_s = (FULL, FULL_S) if soak else (THIN, THIN_S)
    ours = day(nodes, [name_of(lives_s) for lives_s in classes])
    server, identity = ours.nodes[-1], ours.identity
    for lives_s in classes:
        identity.register(name_of(lives_s), server.url, lives_s)
    dana = unhurried(first_person(server))
    workspace = dana("GET", "/session", expect=200).json()["workspaces"][0]["id"]
    connections = [connect(dana, name_of(lives_s)) for lives_s, count in classes.items() for _ in range(count)]
    products, chance = [key_of(node, workspace) for node in ours.nodes], random.Random(8)
    begun, begun_s = time.monotonic(), ours.clock.offset_s
    while (step := ours.clock.offset_s - begun_s) < duration_s:
        ours.step()
        for connection in chance.sample(connections, 2):
            path = f"/workspaces/current/connections/{connection}/token"
            given = chance.choice(products)("POST", path, expect=200).json()["access_token"]
            assert identity.use(given).status_code == 200, f"seed 8, second {step}"
    stats, log = identity.stats(), identity.log()
    assert stats["used_expired"] == 0 and stats["reused"] == 0
    assert too_early(log, poll_s=300, margin_s=60) == [] and refreshed_twice(log) == []
    assert set(states(server, dana).values()) == {"active"}
    # Each as often as it was due, and no oftener.
    least = sum(count * (duration_s // (due_s(lives_s) + 2 * STEP_S)) for lives_s, count in classes.items())
    most = sum(count * ((duration_s + 2 * STEP_S) // due_s(lives_s) + 1) for lives_s, count in classes.items())
    assert least <= stats["refreshed"] <= most
    report(f"N8: {nodes} nodes, {len(connections)} connections, {duration_s // 3600} h, {stats['refreshed']} refreshes, "
           f"{stats['used']} uses, {time.monotonic() - begun:.0f} s")


def due_s(lives_s: int) -> int:
    return lives_s - min(360, lives_s // 2)


def is_at_rest(server, clock) -> bool:
    """Whether nothing is due or being refreshed. Asking also wakes who sleeps."""
    metrics = server.metrics()
    now = time.time() + clock.offset_s
    return metrics[UNDER_WAY] == 0 and all(at > now for name, at in metrics.items() if name.startswith(NEXT))


# Nodes in their own time: tokens that live for seconds, claims that end after three.
SHORT = "[connections]\npoll_s = 2\nmargin_s = 1\ntimeout_s = 1\n"
LIVES_S = 10
COUNT = 40
# Refreshes of one provider that a node has under way at most.
AT_ONCE = 16


@pytest.fixture
def nodes(tmp_path):
    """Two nodes of one installation, with a provider of their own."""
    database, sim = postgres.new_database(), Simulator(tmp_path)
    options = {"settings": SHORT + provider(sim, "calendar"), "variables": variables("calendar"), "database": database}
    pair = [Server(tmp_path / name, sim, **options) for name in ("one", "other")]
    pair[1].write_kek(pair[0].kek_file.read_text().strip())
    pair[1].operator_token, pair[1].managed_keys = pair[0].operator_token, pair[0].managed_keys
    for node in pair:
        node.start()
    yield pair, Identity(sim)
    for node in pair:
        node.process.kill()
    sim.stop()


def connected(node, identity) -> tuple:
    """Connects all accounts through a node: who did, and the workspace."""
    identity.register("calendar", node.url, LIVES_S)
    dana = first_person(node)
    for _ in range(COUNT):
        connect(dana, "calendar")
    return dana, dana("GET", "/session", expect=200).json()["workspaces"][0]["id"]


def refreshed(identity) -> int:
    return identity.stats()["refreshed"]


@needs_postgres
def test_two_nodes_refresh_each_generation_once(nodes):
    (one, other), identity = nodes
    dana, workspace = connected(one, identity)
    wait_for(lambda: refreshed(identity) >= 4 * COUNT, "every connection is refreshed some times", 90, 0.2)
    assert identity.stats()["reused"] == 0 and refreshed_twice(identity.log()) == []
    assert too_early(identity.log(), poll_s=2, margin_s=1) == []
    assert set(states(one, dana).values()) == {"active"}
    path = f"/workspaces/current/connections/{next(iter(states(one, dana)))}/token"
    given = key_of(other, workspace)("POST", path, expect=200).json()["access_token"]
    assert identity.use(given).status_code == 200


@needs_postgres
@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_a_node_that_falls_out_in_mid_refresh_costs_no_avoidable_connection(nodes, how):
    (one, other), identity = nodes
    # Somebody who is signed in at the node that stays.
    dana, _ = connected(other, identity)
    identity.fails("late", ms=300)
    wait_for(lambda: one.metrics()[UNDER_WAY] > 0, "a refresh of that node is under way", 60, 0.005)
    fell_ms = int(time.time() * 1000)
    one.process.child.send_signal(signal.SIGSTOP if how == "stopped" else signal.SIGKILL)
    # What it had claimed is claimed by the other once its time is over, and all goes on.
    base = refreshed(identity)
    wait_for(lambda: refreshed(identity) >= base + 2 * COUNT, "the other node goes on with all of them", 90, 0.2)
    if how == "stopped":
        back_ms = int(time.time() * 1000)
        one.process.child.send_signal(signal.SIGCONT)
        base = refreshed(identity)
        wait_for(lambda: refreshed(identity) >= base + COUNT, "both go on", 90, 0.2)
        late = [entry for entry in identity.log("refresh") if entry["is_reuse"] and entry["at_ms"] >= back_ms]
        assert late == [], "who comes back sends nothing that is used up"
    log = identity.log()
    assert refreshed_twice(log) == []
    # A refresh that the provider has done and whose answer nobody took can't be had again: those, and no others, need
    # somebody.
    reused = [entry for entry in log if entry["is_reuse"]]
    done = {(e["family"], e["generation"]): e["at_ms"] for e in log if e["kind"] == "refresh" and e["result"] == "ok"}
    for entry in reused:
        assert 0 <= done[entry["family"], entry["generation"]] - fell_ms + 1_000 <= 3_000, entry
    needing = [id for id, state in states(other, dana).items() if state != "active"]
    assert len(needing) == len({entry["family"] for entry in reused}) <= AT_ONCE


@needs_clock
@needs_postgres
@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_at_the_usual_times_too(day, how):
    """Looked for every five minutes, a minute's margin; only a provider's time to answer is short, so that a claim's is."""
    lives_s, count = 600, 24
    ours = day(2, [name_of(lives_s)], "[connections]\ntimeout_s = 1\n")
    (one, other), identity = ours.nodes, ours.identity
    identity.register(name_of(lives_s), other.url, lives_s)
    dana = unhurried(first_person(other))
    connections = [connect(dana, name_of(lives_s)) for _ in range(count)]
    identity.fails("late", ms=300)
    ours.pass_s(due_s(lives_s) + STEP_S)
    wait_for(lambda: one.metrics()[UNDER_WAY] > 0, "a refresh of that node is under way", 60, 0.005)
    fell_ms = identity.log()[-1]["at_ms"]
    one.process.child.send_signal(signal.SIGSTOP if how == "stopped" else signal.SIGKILL)
    wait_for(lambda: is_at_rest(other, ours.clock), "the other node goes on with all of them", 60, 0.05)
    identity.works()
    if how == "stopped":
        since = identity.log()[-1]["seq"]
        one.process.child.send_signal(signal.SIGCONT)
        ours.rest(60)
        # What it had claimed is others' by now: it sends nothing of that.
        assert [entry for entry in identity.log("refresh", since) if entry["is_reuse"]] == []
    else:
        ours.nodes.remove(one)
    ours.pass_s(due_s(lives_s) + STEP_S)
    ours.rest(60)
    log = identity.log()
    assert refreshed_twice(log) == [] and too_early(log, poll_s=300, margin_s=60) == []
    # A refresh that the provider has done and whose answer nobody took can't be had again: those, and no others.
    lost = {entry["family"] for entry in log if entry["is_reuse"]}
    done = {(e["family"], e["generation"]): e["at_ms"] for e in log if e["kind"] == "refresh" and e["result"] == "ok"}
    assert all(done[e["family"], e["generation"]] >= fell_ms for e in log if e["is_reuse"])
    needing = [id for id, state in states(other, dana).items() if state != "active"]
    assert len(needing) == len(lost) <= AT_ONCE
    product = key_of(other, dana("GET", "/session", expect=200).json()["workspaces"][0]["id"])
    for connection in set(connections) - set(needing):
        given = product("POST", f"/workspaces/current/connections/{connection}/token", expect=200).json()["access_token"]
        assert identity.use(given).status_code == 200
    assert identity.stats()["used_expired"] == 0


def alone(folder, sim, settings: str, database: str) -> Server:
    """A node by itself, with a provider whose accounts it connects."""
    settings += provider(sim, "calendar")
    return Server(folder / "node", sim, settings=settings, variables=variables("calendar"), database=database).start()


@needs_postgres
def test_an_answer_that_waits_for_the_database_is_written_before_anybody_asks_again(tmp_path):
    sim, database = Simulator(tmp_path), Postgres()
    node = alone(tmp_path, sim, SHORT.replace("timeout_s = 1", "timeout_s = 3"), database.new_database())
    try:
        identity = Identity(sim)
        identity.register("calendar", node.url, 2)
        dana = first_person(node)
        for _ in range(AT_ONCE):
            connect(dana, "calendar")
        identity.fails("slow", ms=1_500)
        wait_for(lambda: node.metrics()[UNDER_WAY] >= AT_ONCE / 2, "many are under way", 30, 0.01)
        database.kill()
        # For longer than a claim lasts: to whoever looks then, these are due and nobody's.
        time.sleep(10)
        identity.works()
        base = refreshed(identity)
        database.start()
        wait_for(lambda: refreshed(identity) >= base + 3 * AT_ONCE, "all of them go on", 60, 0.2)
        assert identity.stats()["reused"] == 0
        assert set(states(node, dana).values()) == {"active"}
    finally:
        node.process.kill()
        sim.stop()
        database.remove()


def test_a_refresh_under_way_outlives_its_configuration_and_not_its_connection(tmp_path):
    sim = Simulator(tmp_path)
    node = alone(tmp_path, sim, SHORT.replace("timeout_s = 1", "timeout_s = 5"), "sqlite://data/ownkey.db")
    try:
        identity = Identity(sim)
        identity.register("calendar", node.url, 4)
        dana = first_person(node)
        connection = connect(dana, "calendar")
        identity.fails("slow", 1, ms=2_500)
        wait_for(lambda: node.metrics()[UNDER_WAY] == 1, "its refresh is under way", 30, 0.01)
        node.reload()
        node.stop()
        node.start()
        base = refreshed(identity)
        wait_for(lambda: refreshed(identity) >= base + 2, "it is refreshed on", 30, 0.1)
        assert identity.stats()["reused"] == 0 and set(states(node, dana).values()) == {"active"}
        identity.fails("slow", 1, ms=1_500)
        wait_for(lambda: node.metrics()[UNDER_WAY] == 1, "it is refreshed again", 30, 0.01)
        dana("DELETE", f"/workspaces/current/connections/{connection}", expect=204)
        wait_for(lambda: node.metrics()[UNDER_WAY] == 0, "the answer is there", 30, 0.1)
        # What came for nobody is given back.
        ended = max(entry["generation"] for entry in identity.log("refresh"))
        assert ended + 1 in {entry["generation"] for entry in identity.log("revoke")}
        assert states(node, dana) == {connection: "revoked"}
    finally:
        node.process.kill()
        sim.stop()

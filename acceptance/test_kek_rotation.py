"""A new KEK under load, with `kill -9` at any moment: no call fails, nothing is lost, and the old KEK can go."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from harness.server import Server, new_kek
from harness.sim import PROVIDERS, provider_key

CALLS_A_SECOND = 20
# Long enough for a rotation of all data keys in one go, so that a kill may also come after it.
ROTATION_S = 0.8


class Traffic:
    """Calls of any workspace, all the time, each with when it began and ended."""

    def __init__(self, workspaces):
        self.workspaces, self.calls, self.ending = workspaces, [], threading.Event()
        self.pool = ThreadPoolExecutor(16)
        self.thread = threading.Thread(target=self._run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()
        self.pool.shutdown()

    def _run(self):
        while not self.ending.wait(1 / CALLS_A_SECOND):
            self.pool.submit(self._call, random.choice(self.workspaces))

    def _call(self, workspace):
        begun = time.monotonic()
        try:
            answer = workspace.ask(random.choice(PROVIDERS))
            told = f"{answer.status_code} {answer.headers.get('x-ownkey-payer')} {answer.text[:200]}"
            good = answer.status_code == 200 and answer.headers["x-ownkey-payer"] == "byok"
        except httpx.TransportError as error:
            told, good = repr(error), False
        self.calls.append((begun, time.monotonic(), good, told))

    def failed(self, up: list[tuple[float, float]]) -> list[str]:
        """Failures of calls that began and ended while the server was up."""
        whole = lambda begun, ended: any(since <= begun and ended <= until for since, until in up)
        return [told for begun, ended, good, told in self.calls if not good and whole(begun, ended)]


class Installation:
    """A server with keys of many workspaces, and the times at which it was up."""

    def __init__(self, folder: Path, sim, workspaces: int):
        self.server = Server(folder / "ownkey", sim, log="warn,ownkey::reload=info").start()
        self.keks = [self.server.kek_file.read_text().strip()]
        self.up, self.since = [], time.monotonic()
        with ThreadPoolExecutor(8) as pool:
            self.workspaces = list(pool.map(self._workspace, range(workspaces)))

    def _workspace(self, number: int):
        workspace = self.server.operator.create_workspace(f"W{number}")
        for provider in PROVIDERS:
            workspace.put_key(provider, provider_key(provider), expect=201)
        return workspace

    def kill(self):
        self.up.append((self.since, time.monotonic()))
        self.server.kill()

    def start(self):
        self.server.start()
        self.since = time.monotonic()

    def new_kek(self):
        """A new KEK before the others, and the server told of it."""
        self.keks.insert(0, f"k{len(self.keks)}:{new_kek()}")
        self.server.write_kek(",".join(self.keks))
        assert f"active=k{len(self.keks) - 1}" in self.server.reload()

    def ask_all(self):
        with ThreadPoolExecutor(8) as pool:
            for answers in pool.map(lambda workspace: [workspace.ask(provider) for provider in PROVIDERS], self.workspaces):
                for answer in answers:
                    assert answer.status_code == 200 and answer.headers["x-ownkey-payer"] == "byok", answer.text


def test_rotated_under_load_and_killed(tmp_path, sim, soak, report):
    kills, workspaces = (30, 250) if soak else (4, 50)
    seed = random.randrange(1 << 32)
    pick = random.Random(seed)
    installation = Installation(tmp_path, sim, workspaces)
    server, finished = installation.server, 0
    try:
        with Traffic(installation.workspaces) as traffic:
            installation.new_kek()
            for number in range(kills):
                rotation = server.begin("vault", "rotate")
                time.sleep(pick.random() * ROTATION_S)
                installation.kill()
                # It may have been done by then; if not, it says that the server went away.
                done = rotation.wait() == 0
                installation.start()
                if done and number + 1 < kills:
                    finished += 1
                    installation.new_kek()
            rotated = server.run("vault", "rotate")
            assert rotated.returncode == 0, rotated.stderr
            assert f"All {workspaces + 1} data keys are under the KEK" in rotated.stdout
            # The old ones are gone, while calls go on.
            server.write_kek(installation.keks[0])
            assert "not valid" not in server.reload()
            installation.ask_all()
            installation.up.append((installation.since, time.monotonic()))
        failed = traffic.failed(installation.up)
        assert len(traffic.calls) > kills and failed == [], f"seed {seed}: {failed[:3]}"
        server.stop()
        server.start()
        installation.ask_all()
        report(f"KEK rotation: {workspaces * 2} secrets, {kills} kills, {finished + 1} rotations, {len(traffic.calls)} calls")
    finally:
        server.kill()


def test_a_kek_that_is_still_needed_stays(tmp_path, sim):
    installation = Installation(tmp_path, sim, 2)
    server, (workspace, _) = installation.server, installation.workspaces
    try:
        old = installation.keks[0]
        server.write_kek(f"next:{new_kek()}")
        told = server.reload()
        assert "nothing was changed" in told
        assert workspace.ask("openai").status_code == 200
        installation.new_kek()
        # The new one is active, but no data key has moved yet.
        server.write_kek(installation.keks[0])
        told = server.reload()
        assert "3 data keys" in told and "vault rotate" in told
        assert workspace.ask("openai").status_code == 200
        server.stop()
        refused = server.run("serve")
        assert refused.returncode != 0 and "3 data keys" in refused.stderr
        # Without a server the command does it by itself.
        server.write_kek(",".join(installation.keks))
        rotated = server.run("vault", "rotate")
        assert rotated.returncode == 0 and "3 were wrapped anew" in rotated.stdout, rotated.stderr
        again = server.run("vault", "rotate")
        assert again.returncode == 0 and "0 were wrapped anew" in again.stdout
        server.write_kek(installation.keks[0])
        server.start()
        assert old not in server.kek_file.read_text()
        installation.ask_all()
    finally:
        server.kill()


def test_a_kek_keeps_the_name_it_was_first_used_under(tmp_path, sim):
    server = Server(tmp_path / "ownkey", sim).start()
    server.stop()
    kek = server.kek_file.read_text().strip()
    for renamed in (f"old:{kek}", f"new:{new_kek()},old:{kek}"):
        server.write_kek(renamed)
        refused = server.run("serve")
        assert refused.returncode != 0 and "knows the KEK `old` as `" in refused.stderr, refused.stderr
    known = refused.stderr.split("knows the KEK `old` as `")[1].split("`")[0]
    for same in (kek, f"{known}:{kek}", f"new:{new_kek()},{kek}"):
        server.write_kek(same)
        server.start()
        server.stop()

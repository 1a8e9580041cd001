"""Programs of the benchmark as child processes, and waiting for them."""

import http.client
import os
import socket
import subprocess
import time
from pathlib import Path

from .machine import tree

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / ".bench" / "peers"
# Nothing else of the surroundings may reach a program that is measured.
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "TMPDIR")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, what: str, seconds: float = 60.0, every: float = 0.02):
    """Waits until a condition gives something true, and returns that."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        time.sleep(every)
    return found


class Process:
    """A child process whose output goes to a file."""

    def __init__(self, command: list, folder: Path, variables: dict | None = None):
        inherited = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        self.log = folder / "log"
        with self.log.open("ab") as log:
            command = list(map(str, command))
            environment = inherited | (variables or {})
            self.child = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    @property
    def pid(self) -> int:
        return self.child.pid

    def check(self):
        """Complains if it has ended."""
        if self.child.poll() is not None:
            raise RuntimeError(f"it ended with {self.child.returncode}:\n{self.log.read_text(errors='replace')[-2000:]}")

    def stop(self):
        """Asks it to end, and insists after a while. Children that outlive it are not left behind."""
        family = tree(self.pid)
        self.child.terminate()
        try:
            self.child.wait(40)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        for orphan in family[1:]:
            try:
                os.kill(orphan, 9)
            except ProcessLookupError:
                continue


def ask(port: int, method: str, path: str, body: bytes | None = None, headers: dict | None = None) -> tuple[int, bytes]:
    """One request to this machine."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()

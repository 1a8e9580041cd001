"""Programs under test as child processes: a folder, a log, an end."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Nothing of the surroundings may reach a program under test.
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "TMPDIR", "LLVM_PROFILE_FILE")


def binary(variable: str, name: str) -> Path:
    """The program to test: what the variable says, seen from the repository, or the release build."""
    return ROOT / (os.environ.get(variable) or Path("target", "release", name))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, what: str, seconds: float = 15.0, every: float = 0.02):
    """Waits until a condition gives something true, and returns that."""
    end = time.monotonic() + seconds
    while True:
        if found := condition():
            return found
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds} s: {what}")
        time.sleep(every)


def connections_to(port: int) -> int:
    """How many connections of this machine are established to a port, seen from the side that made them."""
    return sum(remote == port for _, remote, _ in _established())


def unsent(port: int, peer: int) -> int | None:
    """How many bytes a connection at a port has for its peer's that are not taken; `None` once it is closed there."""
    return next((queue for local, remote, queue in _established() if (local, remote) == (port, peer)), None)


def _established() -> list[tuple[int, int, int]]:
    """Each connection of this machine: its two ports and what it has to send."""
    number = lambda text: int(text.rsplit(":", 1)[1], 16)  # noqa: E731
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    established = "01"
    return [(number(row[1]), number(row[2]), int(row[4].split(":")[0], 16)) for row in rows if row[3] == established]


class Process:
    """A child process whose output goes to files."""

    def __init__(self, command: list, folder: Path, name: str, variables: dict | None = None):
        inherited = {key: os.environ[key] for key in KEPT_VARIABLES if key in os.environ}
        self.stdout, self.stderr = folder / f"{name}.out", folder / f"{name}.err"
        with self.stdout.open("ab") as out, self.stderr.open("ab") as err:
            self.child = subprocess.Popen(
                [str(part) for part in command],
                cwd=folder,
                env=inherited | (variables or {}),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    @property
    def pid(self) -> int:
        return self.child.pid

    def ended(self) -> int | None:
        """The exit code; None while it runs."""
        return self.child.poll()

    def wait(self, seconds: float = 20.0) -> int:
        return self.child.wait(seconds)

    def kill(self):
        """As the kernel would: no chance to clean up."""
        if self.ended() is None:
            self.child.send_signal(signal.SIGKILL)
        self.child.wait()

    def stop(self, seconds: float = 20.0) -> int:
        """Asks it to end; kills it if it does not."""
        if self.ended() is None:
            self.child.send_signal(signal.SIGTERM)
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def output(self) -> str:
        return self.stdout.read_text(errors="replace") + self.stderr.read_text(errors="replace")

    def rss_kib(self) -> int:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        return 0

    def peak_kib(self) -> int:
        """The most memory that it has had at any time."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))

    def descriptors(self) -> int | None:
        """How many files and sockets it has open; `None` where only the administrator may look."""
        try:
            return len(os.listdir(f"/proc/{self.pid}/fd"))
        except PermissionError:
            return None

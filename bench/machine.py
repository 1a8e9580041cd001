"""The machine: which processor runs what, what a process and its children have used, and who else was busy."""

import os
import platform
import resource
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# The load and the upstream on one processor, what is measured on the other.
LOAD_CPU, GATEWAY_CPU = 0, 1
TICKS = os.sysconf("SC_CLK_TCK")
PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024
# Columns of /proc/stat: time in which a processor did nothing that somebody asked for.
IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL = 3, 4, 5, 6, 7


def on(cpu: int, command: list) -> list[str]:
    """The command, bound to a processor together with all it starts."""
    return ["taskset", "--cpu-list", str(cpu), *map(str, command)]


def raise_limits():
    """A thousand streams are two thousand descriptors in a gateway."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@contextmanager
def forgetful():
    """Linux remembers of each address how fast its last connections were, and paces new ones by that: after large bodies, small calls
    take a tenth more of the processor. Here each connection begins without such memories."""
    saving = Path("/proc/sys/net/ipv4/tcp_no_metrics_save")
    before = saving.read_text()
    saving.write_text("1\n")
    try:
        subprocess.run(["ip", "tcp_metrics", "flush"], check=True)
        yield
    finally:
        saving.write_text(before)


def described() -> dict:
    """What figures depend on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {
        "processors": os.cpu_count(),
        "model": models[0] if models else platform.machine(),
        "memory_mib": int(Path("/proc/meminfo").read_text().split()[1]) // 1024,
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", "Linux"),
        "kernel": platform.release(),
    }


def _fields(pid: int) -> list[str]:
    """A process's numbers behind its name, which may hold spaces."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()


def tree(pid: int) -> list[int]:
    """A process and all it has started."""
    children: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                children.setdefault(int(_fields(int(entry.name))[1]), []).append(int(entry.name))
            except (FileNotFoundError, ProcessLookupError):
                continue
    found, open_ = [], [pid]
    while open_:
        found.append(open_.pop())
        open_ += children.get(found[-1], [])
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, its children, and those of them that have ended."""
    ticks = 0
    for one in tree(pid):
        try:
            ticks += sum(map(int, _fields(one)[11:15]))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return ticks / TICKS


def rss_kib(pid: int) -> int:
    """Memory in use by a process and its children; what they share counts for each."""
    total = 0
    for one in tree(pid):
        try:
            total += int(Path(f"/proc/{one}/statm").read_text().split()[1]) * PAGE_KIB
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total


@dataclass
class Usage:
    """What was used while something ran."""

    seconds: float = 0.0
    cpu: float = 0.0
    rss_before_kib: int = 0
    rss_peak_kib: int = 0
    # The part of one processor that others used or the host took.
    others: float = 0.0


class Watch:
    """Measures what the block below it uses: the process tree of `pid`, and all that is neither ours nor a helper's."""

    EVERY = 0.5

    def __init__(self, pid: int | None, helpers: list[int]):
        self.pid, self.ours, self.usage = pid, [os.getpid(), *helpers], Usage()

    def _ours_seconds(self) -> float:
        return sum(map(cpu_seconds, self.ours))

    def __enter__(self) -> Usage:
        if self.pid:
            self.usage.rss_before_kib = self.usage.rss_peak_kib = rss_kib(self.pid)
        self._begun, self._busy, self._used = time.monotonic(), _busy_seconds(), self._ours_seconds()
        self._cpu = cpu_seconds(self.pid) if self.pid else 0.0
        self._over = threading.Event()
        self._looking = threading.Thread(target=self._look, daemon=True)
        self._looking.start()
        return self.usage

    def _look(self):
        while self.pid and not self._over.wait(self.EVERY):
            self.usage.rss_peak_kib = max(self.usage.rss_peak_kib, rss_kib(self.pid))

    def __exit__(self, *_):
        usage = self.usage
        usage.cpu = cpu_seconds(self.pid) - self._cpu if self.pid else 0.0
        usage.seconds = time.monotonic() - self._begun
        ours = self._ours_seconds() - self._used
        usage.others = max(0.0, (_busy_seconds() - self._busy - ours) / usage.seconds)
        self._over.set()
        self._looking.join()


def _busy_seconds() -> float:
    """Time of all processors in which some process ran, or the host took it away. Interrupts are nobody's."""
    numbers = list(map(int, Path("/proc/stat").read_text().splitlines()[0].split()[1:9]))
    return (sum(numbers) - sum(numbers[column] for column in (IDLE, IOWAIT, IRQ, SOFTIRQ))) / TICKS

"""The load: `oha` for throughput and latency, the driver of our own where every byte counts."""

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from .machine import LOAD_CPU, on
from .process import PEERS
from .upstream import TOOL

OHA = PEERS / "oha" / "bin" / "oha"


@dataclass(frozen=True)
class Endpoint:
    """Where a gateway takes the calls of a protocol, and how."""

    path: str
    model: str
    headers: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Load:
    """What callers did: how many answers of the right kind they got, how many others, and how long it took."""

    calls: int
    failures: dict
    seconds: float
    # Microseconds by name and percentile.
    times: dict

    @property
    def failed(self) -> int:
        return sum(self.failures.values())


def prompt(size: int = 0) -> str:
    """The prompt of all calls but those of the driver; it names the same answer each time, a short one."""
    text = "[bench 7 8 0] Tell me words."
    return text + "." * max(0, size - len(text))


def body(model: str, size: int = 0) -> bytes:
    """A call of that many bytes, about."""
    call = {"model": model, "max_tokens": 512, "messages": [{"role": "user", "content": prompt(size)}]}
    return json.dumps(call, separators=(",", ":")).encode()


def oha(
    port: int, endpoint: Endpoint, folder: Path, *, connections: int, seconds: float, rate: int | None = None, size: int = 0
) -> Load:
    """Calls in a closed loop, or at a fixed rate; then latency counts from when a call was due, not from when a slow
    answer at last let it go out."""
    content = folder / "body.json"
    content.write_bytes(body(endpoint.model, size))
    command = [OHA, "--no-tui", "--output-format", "json", "--no-color", "-z", f"{seconds}s", "-w", "-c", connections]
    command += ["-m", "POST", "-T", "application/json", "-D", content, "--redirect", 0]
    if rate:
        command += ["-q", rate, "--latency-correction"]
    for name, value in endpoint.headers.items():
        command += ["-H", f"{name}: {value}"]
    told = _run([*command, f"http://127.0.0.1:{port}{endpoint.path}"])
    statuses = {int(status): count for status, count in told["statusCodeDistribution"].items()}
    failures = {f"status {status}": count for status, count in statuses.items() if status != 200}
    failures |= told["errorDistribution"]
    times = {name: value * 1e6 for name, value in told["latencyPercentiles"].items() if value is not None}
    return Load(statuses.get(200, 0), failures, told["summary"]["total"], {"total": times})


def drive(
    port: int,
    protocol: str,
    endpoint: Endpoint,
    check: str,
    *,
    connections: int,
    seconds: float | None = None,
    calls: int | None = None,
    keys: Path | None = None,
    stream: tuple[int, int] | None = None,
) -> Load:
    """Calls whose answers are looked at; `stream` is how many events and how many milliseconds apart."""
    command = [TOOL, "drive", "--to", f"127.0.0.1:{port}", "--path", endpoint.path, "--protocol", protocol]
    command += ["--model", endpoint.model, "--check", check, "--connections", connections]
    for name, value in endpoint.headers.items():
        command += ["--header", f"{name}: {value}"]
    for option, value in (("--seconds", seconds), ("--calls", calls), ("--keys", keys)):
        command += [] if value is None else [option, value]
    if stream:
        command += ["--stream", "--events", stream[0], "--pace", stream[1]]
    told = _run(command)
    times = {name.removesuffix("_us"): told[name] for name in ("first_us", "total_us", "gap_us")}
    return Load(told["calls"], told["failures"], told["seconds"], times)


def _run(command: list) -> dict:
    done = subprocess.run(on(LOAD_CPU, command), capture_output=True, text=True, timeout=900)
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed: {done.stderr[-1000:]}")
    return json.loads(done.stdout)

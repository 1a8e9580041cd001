"""`python3 -m bench.profile CASE`: where the processor's time of a call goes, by samples of its stacks (Linux' `perf`)."""

import argparse
import os
import re
import shutil
import statistics
import subprocess
from collections import Counter
from pathlib import Path

from . import machine
from .cases import CASES, FULL, Case
from .gateways import ALL, Gateway
from .process import ROOT
from .upstream import Upstream

FOLDER = ROOT / ".bench" / "profile"
SAMPLES_A_SECOND = 997

# Parts of a call: what names them in a frame, looked for from the innermost frame outwards; the first that fits. In the
# system it is told by who asked for it.
SYSTEM = [
    ("sockets: writes", r"tcp_sendmsg|sock_sendmsg|sock_write_iter|__sys_sendto|unix_stream_sendmsg"),
    ("sockets: reads", r"tcp_recvmsg|sock_recvmsg|sock_read_iter|__sys_recvfrom"),
    ("sockets: new and closed", r"__sys_(accept|connect|socket|shutdown)|tcp_close|inet_csk"),
    ("waiting and waking", r"epoll|futex|eventfd|schedule$|sched_yield"),
]
USER = [
    ("receipts: SQLite", r"sqlite3|^(pager|wal|btree|vdbe)\w*$"),
    ("opening the key", r"ownkey_vault::|aws_lc_\w*(aes|sha|hmac|hkdf|HKDF|HMAC|SHA|gcm)"),
    ("checking the platform key", r"platform_key|gateway::identify"),
    ("metering the answer", r"ownkey_providers::(answer|json|unheard|metered|stream|sse|openai|anthropic)"),
    ("the receipt: closed, priced, appended", r"gateway::settle|store::journal::(Journal|frame)|app::\w*ledger"),
    ("receipts: rows and totals", r"ownkey_store|sqlx"),
    ("the gateway's own steps", r"ownkey_(gateway|domain|providers|app)"),
    ("hyper and tokio", r"hyper|tokio|mio::|http::|httparse|h2::|rustls|tower"),
]
HEAP = re.compile(r"^(_rjem_|__rust_|__rdl_|malloc|calloc|realloc|free|cfree|_int_)")
IN_SYSTEM = "[k]"


def part_of(frames: list[str]) -> str:
    """The part of a call that a stack belongs to; its frames from the innermost outwards."""
    system = [frame.removeprefix(IN_SYSTEM) for frame in frames if frame.startswith(IN_SYSTEM)]
    user = [frame for frame in frames if not frame.startswith(IN_SYSTEM)]
    for part, sign in SYSTEM:
        if any(re.search(sign, frame) for frame in system):
            return part
    owner = next((part for frame in user for part, sign in USER if re.search(sign, frame)), "elsewhere")
    if system:
        return {
            "receipts: SQLite": "SQLite's files, in the system",
            "the receipt: closed, priced, appended": "the journal's write, in the system",
        }.get(owner, "elsewhere in the system")
    if user and HEAP.search(user[0]) and owner != "receipts: SQLite":
        return "the allocator"
    return owner


def stacks(script: str) -> Counter:
    """How often `perf script` tells of each stack; its frames from the innermost outwards, marked where they are the system's."""
    found: Counter = Counter()
    for sample in re.split(r"\n{2,}", script.strip("\n")):
        frames = []
        for line in sample.splitlines():
            name, _, place = line.strip().partition(" ")[2].rpartition(" (")
            if name != "[unknown]":
                frames.append((IN_SYSTEM if place.startswith("[") else "") + name)
        if frames:
            found[tuple(frames)] += 1
    return found


def main():
    options = _options()
    if options.samples and not shutil.which("perf"):
        raise SystemExit("`perf` is missing (Debian: linux-perf); --no-samples does without")
    machine.raise_limits()
    os.sched_setaffinity(0, {machine.LOAD_CPU})
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    case = next(case for case in CASES if case.name == options.case)
    kind = next(kind for kind in ALL if kind.name == options.gateway)
    with machine.forgetful():
        upstream = Upstream(FOLDER / "upstream")
        gateway = kind(FOLDER / "gateway", upstream, case.setting)
        try:
            gateway.start()
            case.warm(gateway, FULL)
            costs = [_cost(case, gateway) for _ in range(options.rounds)]
            print(f"{gateway.title}, {case.name}: CPU µs a call: " + " ".join(f"{cost:.1f}" for cost in costs))
            if options.samples:
                _sampled(case, gateway, statistics.median(costs))
        finally:
            gateway.stop()
            upstream.stop()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m bench.profile", description=__doc__)
    parser.add_argument("case", choices=[case.name for case in CASES], nargs="?", default="chat-64")
    parser.add_argument("--gateway", default="ownkey", choices=[kind.name for kind in ALL if kind.name != "direct"])
    parser.add_argument("--rounds", type=int, default=3, help="how often it is timed, without samples")
    parser.add_argument("--no-samples", dest="samples", action="store_false", help="only how much it takes")
    return parser.parse_args()


def _cost(case: Case, gateway: Gateway) -> float:
    """Microseconds of the processor that a call takes, its receipt in the database with it."""
    done = case.run(gateway, FULL)
    if done.load.failed:
        raise RuntimeError(f"calls failed: {done.load.failures}")
    return done.figures["cpu_us"]


def _sampled(case: Case, gateway: Gateway, cost: float):
    recorded = FOLDER / "perf.data"
    command = ["perf", "record", "--quiet", "--freq", SAMPLES_A_SECOND, "--call-graph", "dwarf,16384", "--output", recorded]
    watching = subprocess.Popen(machine.on(machine.LOAD_CPU, [*command, "--pid", gateway.pid]), stderr=subprocess.DEVNULL)
    try:
        _cost(case, gateway)
    finally:
        watching.terminate()
        watching.wait()
    told = subprocess.run(
        ["perf", "script", "--input", recorded, "--fields", "ip,sym,dso", "--demangle"], capture_output=True, text=True, check=True
    )
    found = stacks(told.stdout)
    _fold(found)
    parts: Counter = Counter()
    for stack, count in found.items():
        parts[part_of(list(stack))] += count
    all_ = sum(parts.values())
    print(f"{all_:,} samples")
    for part, count in parts.most_common():
        print(f"| {part} | {count / all_ * cost:.1f} |")
    print(f"| **all** | **{cost:.1f}** |")


def _fold(found: Counter):
    """The form that tools for flame graphs read."""
    lines = [";".join(reversed(stack)).replace(" ", "_") + f" {count}" for stack, count in found.items()]
    (FOLDER / "stacks.folded").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()

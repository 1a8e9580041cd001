"""The ledger by itself: how many calls it can hold credits for and settle, without a gateway around it. The program that
counts is an example of the store's crate; it has both processors, as a node would."""

import re
import subprocess
from collections.abc import Iterable

from .process import ROOT
from .rounds import Row

PROGRAM = ROOT / "target" / "release" / "examples" / "ledger_speed"
TOLD = re.compile(r"SQLite, (\d+) callers: (\d+) pairs/s")


def measured(rounds: int) -> Iterable[Row]:
    """A row for each number of callers and each round; none where the program is not built."""
    for number in range(1, rounds + 1 if PROGRAM.exists() else 1):
        told = subprocess.run([PROGRAM], capture_output=True, text=True, timeout=120, check=False)
        rates = TOLD.findall(told.stdout)
        if told.returncode or not rates or " 0 problems" not in told.stdout:
            yield Row("ledger", "ownkey", number, {}, 0.0, {}, f"the ledger failed: {told.stdout} {told.stderr[-500:]}")
            continue
        figures = {f"pairs_{callers}": float(pairs) for callers, pairs in rates}
        yield Row("ledger", "ownkey", number, figures, 0.0, {})

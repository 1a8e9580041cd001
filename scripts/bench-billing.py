#!/usr/bin/env python3
"""Prints the table of billing (Markdown): every kind of call beside every way it can end, and what it was charged beside
what the simulated provider bills by its own price table. Ends with 1 if any of it is neither exact, nor estimated where the
provider told nothing, nor refused.

The calls, and how their books are compared, are those of acceptance/test_billing.py.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "acceptance"))

from harness import billing  # noqa: E402
from harness.products import settings  # noqa: E402
from harness.server import Server  # noqa: E402
from harness.sim import Simulator  # noqa: E402


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        sim = Simulator(Path(folder))
        server = Server(Path(folder) / "ownkey", sim, settings=settings("niyra") + billing.INSTRUCT).start()
        try:
            rows = billing.run_all(server, sim)
        finally:
            server.stop()
            sim.stop()
    print(f"{billing.table(rows)}\n\n{billing.summary(rows)}")
    return int(not all(map(billing.is_right, rows)))


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Runs the demo as a person would: every line that it prints, in order, and checks who paid.

Uses free ports and a temporary folder, so that a demo that is running is not disturbed.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS_MAX = 1800  # the first start builds


def free_ports(count: int) -> int:
    """The first of so many ports in a row that are free."""
    for first in range(21000, 31000, 10):
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
    sys.exit("no free ports")


class Demo:
    """A demo in the foreground."""

    def __init__(self, environment: dict, log: Path):
        self.log = log
        with log.open("w") as out:
            self.process = subprocess.Popen(
                [ROOT / "scripts/demo.sh"], env=environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )
        end = time.monotonic() + START_SECONDS_MAX
        while "Ctrl-C" not in self.text():
            if self.process.poll() is not None or time.monotonic() > end:
                sys.exit(f"the demo did not start:\n{self.text()}")
            time.sleep(0.1)

    def text(self) -> str:
        return self.log.read_text()

    def commands(self) -> list[str]:
        """The printed command lines, continuation lines joined."""
        return re.findall(r"^  (curl (?:.*\\\n)*.*)$", self.text(), re.MULTILINE)

    def stop(self):
        """What Ctrl-C does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        check(self.process.wait(60) == 0, "the demo ends well on Ctrl-C")


def check(holds: bool, what: str, shown=""):
    if not holds:
        sys.exit(f"demo: not so: {what}\n{shown}")


def run(command: str) -> str:
    done = subprocess.run(["bash", "-c", f"{command} -sS --noproxy '*' --max-time 60"], capture_output=True, text=True)
    check(done.returncode == 0, f"`{command}` works", done.stderr)
    return done.stdout


def payer(answer: str) -> str | None:
    head = answer.split("\r\n\r\n")[0]
    check(" 200 " in head.splitlines()[0] + " ", "the model answers", answer)
    check("message_stop" in answer, "the answer ends as it should", answer)
    found = re.search(r"^x-ownkey-payer: (\w+)\r?$", head, re.MULTILINE | re.IGNORECASE)
    return found and found[1]


def tour(demo: Demo):
    """The printed lines in the order that the text around them tells."""
    check(len(demo.commands()) == 4, "the demo prints four lines to try", demo.text())
    ask, paste, remove, receipts = demo.commands()
    before = len(json.loads(run(receipts))["data"])
    payers = [payer(run(ask))]
    pasted = json.loads(run(paste))
    check(pasted.get("state") == "active", "the pasted key works", pasted)
    key = re.search(r'"key":"([^"]+)"', paste)[1]
    check(key not in json.dumps(pasted) + run(receipts), "the key is not shown again", pasted)
    payers.append(payer(run(ask)))
    removed = run(remove)
    check(" 204" in removed.splitlines()[0], "the key is removed", removed)
    payers.append(payer(run(ask)))
    check(payers == ["managed", "byok", "managed"], "the right one pays each time", payers)

    listed = json.loads(run(receipts))["data"]
    check(len(listed) == before + 3, "each call has a receipt", listed)
    newest = sorted(listed, key=lambda receipt: receipt["id"])[-3:]
    check([receipt["payer"] for receipt in newest] == payers, "the receipts agree", newest)
    check(all(receipt["outcome"] == "complete" for receipt in newest), "the receipts are complete", newest)
    check(newest[1]["credential"] is not None and newest[1]["credits"] == "0", "an own key costs no credits", newest[1])


def main():
    first = free_ports(4)
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "DEMO_DIR": f"{folder}/demo",
            "DEMO_PORT": str(first + 3),
            "DEMO_SIM_PORT": str(first),
        }
        for name in [name for name in environment if name.startswith("OWNKEY_") or name in ("DEMO", "DEMO_DETACH")]:
            del environment[name]
        demo = Demo(environment, Path(folder) / "first.log")
        try:
            tour(demo)
            second = subprocess.run(
                [ROOT / "scripts/demo.sh"], env=environment | {"DEMO_DIR": f"{folder}/other"}, capture_output=True, text=True
            )
            check(second.returncode == 1 and f"port {first + 3} is taken" in second.stderr, "a taken port is told", second)
        finally:
            demo.stop()
        demo = Demo(environment, Path(folder) / "second.log")
        try:
            tour(demo)
        finally:
            demo.stop()
    print("demo: managed, byok, managed; receipts agree; restarts with its data; a taken port is told")


main()

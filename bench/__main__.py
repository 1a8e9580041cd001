"""`python3 -m bench`: what `make bench` runs once everything is built and installed."""

import argparse
import dataclasses
import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

from . import ledger, machine
from .cases import CASES, FULL, QUICK
from .gateways import ALL, Gateway, Ownkey
from .process import ROOT
from .report.charts import charts
from .report.document import filled
from .report.tables import Tables
from .rounds import Rounds, Row, say
from .summary import Summary

RESULTS = ROOT / ".bench" / "results"
DOCUMENT = ROOT / "docs" / "performance.md"
ROUNDS = 3
# What others are compared with is always there.
ALWAYS = ("direct", "ownkey")


def main():
    options = _options()
    machine.raise_limits()
    times = QUICK if options.quick else FULL
    Ownkey.workspaces = times.workspaces
    cases = [case for case in CASES if not options.cases or case.name in options.cases]
    kinds, versions = _installed(options.peers)
    rounds = options.rounds or (1 if options.quick else ROUNDS)
    # Before this process is bound: what it starts would be too.
    rows = list(ledger.measured(rounds)) if not options.cases else []
    # What watches must not run beside what is measured.
    os.sched_setaffinity(0, {machine.LOAD_CPU})
    with machine.forgetful():
        rows += _measure(Rounds(ROOT / ".bench" / "run", cases, kinds, times), rounds)
    whole = not (options.cases or options.peers or options.quick)
    _write(rows, kinds, versions, whole)


def _options() -> argparse.Namespace:
    words = lambda text: text.replace(",", " ").split()  # noqa: E731
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--cases", type=words, default=[], help="only these: " + ", ".join(case.name for case in CASES))
    names = [kind.name for kind in ALL if kind.name not in ALWAYS]
    parser.add_argument("--peers", type=words, default=[], help="only these beside Ownkey, or `none`: " + ", ".join(names))
    parser.add_argument("--quick", action="store_true", help="one short round: shows that everything works, and measures nothing")
    parser.add_argument("--rounds", type=int, help=f"how many; {ROUNDS} if absent")
    options = parser.parse_args()
    for given, known in ((options.cases, [case.name for case in CASES]), (options.peers, [*names, "none"])):
        for name in given:
            if name not in known:
                parser.error(f"there is no `{name}`; there are {', '.join(known)}")
    return options


def _installed(peers: list[str]) -> tuple[list[type[Gateway]], dict[str, str]]:
    """What takes part, and its versions."""
    kinds, versions = [], {}
    for kind in ALL:
        if peers and kind.name not in [*peers, *ALWAYS]:
            continue
        version = kind.version()
        if version is None:
            say(f"{kind.title} is not installed and is left out")
            continue
        kinds.append(kind)
        versions[kind.name] = version
    return kinds, versions


def _measure(rounds: Rounds, count: int) -> list[Row]:
    rows = []
    try:
        for row in rounds.run(count):
            rows.append(row)
            figures = ", ".join(f"{name} {value:,.4g}" for name, value in row.figures.items())
            say(f"{row.round}  {row.gateway:10} {row.case:20} {'VOID: ' + row.void if row.void else figures}")
    finally:
        rounds.stop()
    return rows


def _write(rows: list[Row], kinds: list, versions: dict, whole: bool):
    summary = Summary(rows)
    about = machine.described()
    told = f"{about['processors']} × {about['model']}, {about['memory_mib']:,} MiB, {about['system']}, Linux {about['kernel']}."
    ended = datetime.now(UTC).strftime("%Y-%m-%d")
    tables = {"machine": f"{told} Measured on {ended}.", **Tables(summary, kinds, versions).all()}
    shutil.rmtree(RESULTS, ignore_errors=True)
    _put(RESULTS, rows, about, versions, charts(summary, kinds))
    report = "\n\n".join(f"## {name.capitalize()}\n\n{text}" for name, text in tables.items())
    (RESULTS / "report.md").write_text(report + "\n")
    print(report)
    if whole:
        _put(DOCUMENT.with_suffix(""), rows, about, versions, charts(summary, kinds))
        DOCUMENT.write_text(filled(DOCUMENT.read_text(), tables | {"charts": _pictures(charts(summary, kinds))}))
        say(f"The figures are in {DOCUMENT.relative_to(ROOT)} now.")
    say(f"Everything is in {RESULTS.relative_to(ROOT)}.")


def _put(folder: Path, rows: list[Row], about: dict, versions: dict, pictures: dict[str, str]):
    folder.mkdir(parents=True, exist_ok=True)
    told = {"machine": about, "versions": versions, "rows": [dataclasses.asdict(row) for row in rows]}
    (folder / "results.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    for name, picture in pictures.items():
        (folder / f"{name}.svg").write_text(picture)


def _pictures(pictures: dict[str, str]) -> str:
    return "\n\n".join(f"![{name}](performance/{name}.svg)" for name in pictures)


if __name__ == "__main__":
    main()

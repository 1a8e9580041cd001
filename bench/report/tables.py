"""The tables, as Markdown."""

from collections.abc import Callable

from ..cases import CASES
from ..goals import GOALS
from ..summary import Missing, Summary

NONE = "–"
# A column: its heading, and what stands in it for a gateway.
Column = tuple[str, Callable[[str], str]]


class Tables:
    def __init__(self, summary: Summary, kinds: list, versions: dict[str, str]):
        self.summary, self.versions = summary, versions
        self.kinds = [kind for kind in kinds if any(gateway == kind.name for _, gateway in summary.cells)]

    def all(self) -> dict[str, str]:
        """Every table by the name of its place in the document."""
        return {
            "goals": self.goals(),
            "gateways": self.gateways(),
            "throughput": self.throughput(),
            "latency": self.latency(),
            "streams": self.streams(),
            "memory": self.memory(),
            "bodies": self.bodies(),
            "settings": self.settings(),
            "holds": self.holds(),
            "voids": self.voids(),
        }

    def goals(self) -> str:
        rows = []
        for goal in GOALS:
            value, enough = goal.reached(self.summary)
            bound = f"{'≤' if goal.at_most else '≥'} {goal.limit:g}{goal.unit}"
            word = {None: "not measured", True: "yes", False: "**no**"}[enough]
            rows.append([goal.text, bound, NONE if value is None else f"{number(value)}{goal.unit}", word])
        return _markdown(["", "goal", "here", "reached"], rows)

    def gateways(self) -> str:
        rows = [[kind.title, self.versions.get(kind.name) or NONE, kind.does] for kind in self.kinds]
        return _markdown(["", "version", "what it does besides"], rows, ":--")

    def throughput(self) -> str:
        return self._table(
            [
                ("chat, calls/s", self._of("chat-64", "rate")),
                ("messages, calls/s", self._of("messages-64", "rate")),
                ("upstream over TLS, calls/s", self._of("tls-64", "rate")),
                ("CPU µs a call", self._of("chat-64", "cpu_us")),
                ("its processor busy", self._of("chat-64", "cpu_share", 100, " %")),
                ("p99 ms", self._of("chat-64", "total_p99_ms")),
                ("spread", self._spread("chat-64", "rate")),
                ("rounds", self._rounds("chat-64")),
                ("asked 10,000/s: calls/s", self._of("chat-10000", "rate")),
                ("CPU µs then", self._of("chat-10000", "cpu_us")),
            ]
        )

    def latency(self) -> str:
        columns = []
        for heading, case in (("1 connection", "chat-1"), ("500/s", "chat-500")):
            for of, name in ((self._of, "{} ms"), (self._added, "added {} µs")):
                columns += [(f"{heading}: {name.format(p)}", of(case, f"total_{p}_ms")) for p in ("p50", "p99")]
        return self._table([*columns, ("calls/s of 500", self._of("chat-500", "rate"))])

    def streams(self) -> str:
        return self._table(
            [
                ("one: added first byte p50 µs", self._added("streams-1", "first_p50_ms")),
                ("added whole p50 µs", self._added("streams-1", "total_p50_ms")),
                ("64 paced: added first byte p50 µs", self._added("streams-64", "first_p50_ms")),
                ("added first byte p99 µs", self._added("streams-64", "first_p99_ms")),
                ("whole p50 ms", self._of("streams-64", "total_p50_ms")),
                ("longest gap p99 ms", self._of("streams-64", "gap_p99_ms")),
                ("CPU µs a stream", self._of("streams-64", "cpu_us")),
                ("messages: CPU µs a stream", self._of("messages-streams-64", "cpu_us")),
                ("1,000: longest gap p99 ms", self._of("streams-open", "gap_p99_ms")),
            ]
        )

    def memory(self) -> str:
        return self._table(
            [
                ("at rest MiB", self._of("start", "rss_idle_mib")),
                ("at 64 connections MiB", self._of("chat-64", "rss_peak_mib")),
                ("KiB an open stream", self._of("streams-open", "kib_a_stream")),
                ("start to first answer ms", self._of("start", "start_ms")),
            ]
        )

    def bodies(self) -> str:
        columns = []
        for size in ("1k", "64k", "1m", "20m"):
            columns += [(f"{size}: calls/s", self._of(f"body-{size}", "rate")), ("CPU µs", self._of(f"body-{size}", "cpu_us"))]
        return self._table(columns)

    def settings(self) -> str:
        """Ownkey in other settings than the plain one."""
        rows = []
        figures = ("rate", "total_p50_ms", "total_p99_ms", "cpu_us", "rss_peak_mib")
        for case in CASES:
            if case.name == "chat-64" or case.setting not in ("plain", "open", "tls"):
                values = [self._of(case.name, figure)("ownkey") for figure in figures]
                rows.append([case.title, *values, self._rounds(case.name)("ownkey")])
        return _markdown(["", "calls/s", "p50 ms", "p99 ms", "CPU µs a call", "memory MiB", "rounds"], rows)

    def holds(self) -> str:
        """What a hold adds to a call, and how many the ledger takes."""
        rows = []
        for database, own, managed in (("SQLite", "chat", "managed"), ("PostgreSQL", "postgres", "managed-postgres")):
            for heading, load in (("one connection", "1"), ("500 calls a second", "500")):
                row = [f"{database}, {heading}"]
                for percent in ("p50", "p99"):
                    times = [self._of(f"{kind}-{load}", f"total_{percent}_ms")("ownkey") for kind in (own, managed)]
                    row += [*times, self._held(f"{own}-{load}", f"{managed}-{load}", f"total_{percent}_ms")]
                rows.append(row)
        head = ["", *(f"{what} {percent} ms" for percent in ("p50", "p99") for what in ("own key", "managed", "**a hold adds**"))]
        pairs = [[callers, self._of("ledger", f"pairs_{callers}")("ownkey")] for callers in ("1", "64", "512")]
        return _markdown(head, rows) + "\n\n" + _markdown(["calls at once", "held and settled a second"], pairs)

    def _held(self, own: str, managed: str, figure: str) -> str:
        return self._told(lambda: number(self.summary(managed, "ownkey", figure) - self.summary(own, "ownkey", figure)))

    def voids(self) -> str:
        """What does not count, and what counts with a reserve."""
        lines = []
        for (case, gateway), cell in sorted(self.summary.cells.items()):
            for void in sorted(set(cell.voids)):
                lines.append(f"- {gateway}, {case}: {cell.voids.count(void)} of {cell.rounds} rounds void: {_one_line(void)}")
            if cell.used and cell.noise > 0.1:
                lines.append(f"- {gateway}, {case}: no quiet round; others took {cell.noise:.0%} of a processor")
        return "\n".join(lines) or "Nothing: every round counts, and was quiet."

    def _table(self, columns: list[Column]) -> str:
        rows = [[kind.title, *(value(kind.name) for _, value in columns)] for kind in self.kinds]
        return _markdown(["", *(heading for heading, _ in columns)], [row for row in rows if set(row[1:]) != {NONE}])

    def _of(self, case: str, figure: str, times: float = 1, unit: str = "") -> Callable[[str], str]:
        return lambda gateway: self._told(lambda: number(self.summary(case, gateway, figure) * times) + unit)

    def _added(self, case: str, figure: str) -> Callable[[str], str]:
        return lambda gateway: NONE if gateway == "direct" else self._told(lambda: number(self.summary.added(case, gateway, figure) * 1000))

    def _spread(self, case: str, figure: str) -> Callable[[str], str]:
        def told(gateway: str) -> str:
            spread = self.summary.figure(case, gateway, figure).spread
            return NONE if spread is None else f"{spread:.0%}"

        return lambda gateway: self._told(lambda: told(gateway))

    def _rounds(self, case: str) -> Callable[[str], str]:
        def told(gateway: str) -> str:
            cell = self.summary.cell(case, gateway)
            return f"{cell.used} of {cell.rounds}" if cell else NONE

        return told

    @staticmethod
    def _told(value: Callable[[], str]) -> str:
        try:
            return value()
        except Missing:
            return NONE


def number(value: float) -> str:
    """Three digits that say something; the others are noise."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300].replace("|", "\\|")


def _markdown(head: list[str], rows: list[list[str]], align: str = "--:") -> str:
    if not rows:
        return "Not measured in this run."
    lines = ["| " + " | ".join(head) + " |", f"|---{f'|{align}' * (len(head) - 1)}|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])

"""What Ownkey means to reach, as ratios within one run: they hold on other machines too."""

from collections.abc import Callable
from dataclasses import dataclass

from .summary import Missing, Summary

PEERS = ("llmg", "tensorzero", "portkey", "litellm")


@dataclass(frozen=True)
class Goal:
    text: str
    limit: float
    value: Callable[[Summary], float]
    at_most: bool = True
    unit: str = "×"

    def reached(self, summary: Summary) -> tuple[float | None, bool | None]:
        """What it came to, and whether that is enough; nothing where it was not measured."""
        try:
            value = self.value(summary)
        except Missing:
            return None, None
        return value, value <= self.limit if self.at_most else value >= self.limit


def _cpu(summary: Summary, gateway: str) -> float:
    return summary("chat-64", gateway, "cpu_us")


def _cpu_alike(summary: Summary, gateway: str) -> float:
    return summary("chat-10000", gateway, "cpu_us")


def _rate(summary: Summary, gateway: str) -> float:
    return summary("chat-64", gateway, "rate")


def _ownkey(summary: Summary, case: str) -> float:
    return summary(case, "ownkey", "rate")


def _whole(summary: Summary, gateway: str) -> float:
    return summary("streams-64", gateway, "total_p50_ms")


def _measured(summary: Summary, of: Callable[[Summary, str], float]) -> list[float]:
    values = []
    for peer in PEERS:
        try:
            values.append(of(summary, peer))
        except Missing:
            continue
    if not values:
        raise Missing
    return values


def _at_least(text: str, limit: float, value: Callable[[Summary], float], unit: str = "×") -> Goal:
    return Goal(text, limit, value, at_most=False, unit=unit)


def _faster_than(peer: str, limit: float) -> Goal:
    return _at_least(f"throughput at 64 connections, beside {peer}'s", limit, lambda s: _rate(s, "ownkey") / _rate(s, peer))


def _added(case: str, figure: str) -> Callable[[Summary], float]:
    def value(summary: Summary) -> float:
        nginx = summary.added(case, "nginx", figure)
        if nginx <= 0:
            # Without a gateway it took longer: what was measured is the machine.
            raise Missing
        return summary.added(case, "ownkey", figure) / nginx

    return value


GOALS = [
    Goal("CPU a call, beside nginx's", 2.5, lambda s: _cpu(s, "ownkey") / _cpu(s, "nginx")),
    Goal("CPU a call, beside the cheapest LLM gateway's", 1.0, lambda s: _cpu(s, "ownkey") / min(_measured(s, _cpu))),
    Goal("the same where all get 10,000 calls a second, beside nginx's", 2.5, lambda s: _cpu_alike(s, "ownkey") / _cpu_alike(s, "nginx")),
    Goal("and beside the cheapest LLM gateway's", 1.0, lambda s: _cpu_alike(s, "ownkey") / min(_measured(s, _cpu_alike))),
    _at_least("throughput at 64 connections, beside the fastest LLM gateway's", 1.6, lambda s: _rate(s, "ownkey") / max(_measured(s, _rate))),
    _faster_than("tensorzero", 4),
    _faster_than("portkey", 20),
    _faster_than("litellm", 150),
    _faster_than("nginx", 0.4),
    Goal("added p50 at one connection, beside nginx's", 1.4, _added("chat-1", "total_p50_ms")),
    Goal("added p99 at 500 calls a second, beside nginx's", 2.0, _added("chat-500", "total_p99_ms")),
    Goal("added p50 of a stream's first byte, beside nginx's", 1.4, _added("streams-1", "first_p50_ms")),
    Goal("64 paced streams, whole time, beside no gateway", 1.02, lambda s: _whole(s, "ownkey") / _whole(s, "direct")),
    _at_least("managed with holds, beside the own key", 0.5, lambda s: _ownkey(s, "managed-64") / _rate(s, "ownkey")),
    _at_least("calls held and settled a second by the ledger, both processors", 5000, lambda s: s("ledger", "ownkey", "pairs_64"), ""),
    Goal("memory of an open stream", 40, lambda s: s("streams-open", "ownkey", "kib_a_stream"), unit=" KiB"),
    Goal("memory at rest", 30, lambda s: s("start", "ownkey", "rss_idle_mib"), unit=" MiB"),
    Goal("memory under load", 80, lambda s: s("chat-64", "ownkey", "rss_peak_mib"), unit=" MiB"),
    Goal("from start to the first answer", 100, lambda s: s("start", "ownkey", "start_ms"), unit=" ms"),
    _at_least("100,000 workspaces, beside one", 0.8, lambda s: _ownkey(s, "workspaces-warm") / _ownkey(s, "workspaces-one")),
]

"""The cases: what is done to a gateway, and which figures that gives."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from .gateways.base import Gateway
from .load import Load, drive, oha
from .machine import Usage, Watch

KIB, MIB = 1 << 10, 1 << 20
EVENTS, PACE_MS = 32, 20
# Streams that are held open send little, so that what they cost is memory.
OPEN_STREAMS, OPEN_PACE_MS = 1000, 250
WARM_STREAMS = 10


@dataclass(frozen=True)
class Times:
    """How long things are done."""

    warm: float
    seconds: float
    # How many streams are held open, and how many workspaces are called.
    streams: int
    workspaces: int
    # How often a noisy case is done again before it is taken as it is.
    again: int


FULL = Times(warm=1, seconds=5, streams=OPEN_STREAMS, workspaces=100_000, again=2)
QUICK = Times(warm=0.3, seconds=1.5, streams=100, workspaces=500, again=0)


@dataclass(frozen=True)
class Done:
    """A case as it was done once."""

    load: Load
    usage: Usage
    figures: dict


@dataclass(frozen=True)
class Case:
    name: str
    title: str
    # How the gateway is set up for it.
    setting: str
    protocol: str
    do: Callable[[Gateway, Times], tuple[Load, dict]]
    streams: bool = False
    # Can't be done again, and needs no warming up.
    once: bool = False

    def warm(self, gateway: Gateway, times: Times):
        """The same for a moment, so that caches and pools are filled."""
        self.do(gateway, replace(times, seconds=times.warm, streams=min(times.streams, WARM_STREAMS)))

    def fits(self, gateway: Gateway) -> bool:
        return self.setting in gateway.settings and self.protocol in gateway.endpoints and (gateway.streams or not self.streams)

    def run(self, gateway: Gateway, times: Times) -> Done:
        with Watch(gateway.pid, gateway.helpers()) as usage:
            load, figures = self.do(gateway, times)
            gateway.rest()
        if gateway.pid and load.calls:
            figures["cpu_us"] = usage.cpu * 1e6 / load.calls
            figures["cpu_share"] = usage.cpu / load.seconds
            figures["rss_peak_mib"] = usage.rss_peak_kib / KIB
            if self.name == "streams-open":
                figures["kib_a_stream"] = (usage.rss_peak_kib - usage.rss_before_kib) / times.streams
        return Done(load, usage, figures)


def _throughput(protocol: str, connections: int, size: int = 0):
    def do(gateway: Gateway, times: Times):
        endpoint = gateway.endpoints[protocol]
        load = oha(gateway.port, endpoint, gateway.folder, connections=connections, seconds=times.seconds, size=size)
        figures = {"rate": load.calls / load.seconds, **_milliseconds(load, "total")}
        if size:
            figures["mib_per_s"] = figures["rate"] * size / MIB
        return load, figures

    return do


def _fixed_rate(rate: int):
    def do(gateway: Gateway, times: Times):
        load = oha(gateway.port, gateway.endpoints["chat"], gateway.folder, connections=64, seconds=times.seconds, rate=rate)
        return load, {"rate": load.calls / load.seconds, **_milliseconds(load, "total")}

    return do


def _streams(protocol: str, connections: int, pace_ms: int):
    def do(gateway: Gateway, times: Times):
        load = drive(
            gateway.port, protocol, gateway.endpoints[protocol], gateway.check,
            connections=connections, seconds=times.seconds, stream=(EVENTS, pace_ms),
        )
        figures = {"rate": load.calls / load.seconds}
        for what in ("first", "total", "gap"):
            figures |= _milliseconds(load, what)
        return load, figures

    return do


def _open_streams(gateway: Gateway, times: Times):
    load = drive(
        gateway.port, "chat", gateway.endpoints["chat"], gateway.check,
        connections=times.streams, calls=times.streams, stream=(EVENTS, OPEN_PACE_MS),
    )
    return load, _milliseconds(load, "first") | _milliseconds(load, "gap")


def _spread(rounds: int):
    """Calls spread over all workspaces, each as often as the others."""

    def do(gateway: Gateway, times: Times):
        calls = {"calls": times.workspaces * rounds} if rounds else {"seconds": times.seconds}
        load = drive(
            gateway.port, "chat", gateway.endpoints["chat"], gateway.check,
            connections=64, keys=gateway.keys if rounds else gateway.one_key, **calls,
        )
        return load, {"rate": load.calls / load.seconds, **_milliseconds(load, "total")}

    return do


def _milliseconds(load: Load, what: str) -> dict:
    times = load.times[what]
    return {f"{what}_{percent}_ms": times[percent] / 1000 for percent in ("p50", "p99") if times.get(percent) is not None}


CASES = [
    Case("chat-64", "Throughput, chat, 64 connections", "plain", "chat", _throughput("chat", 64)),
    Case("messages-64", "Throughput, messages, 64 connections", "plain", "messages", _throughput("messages", 64)),
    Case("chat-1", "Latency, one connection", "plain", "chat", _throughput("chat", 1)),
    Case("chat-500", "Latency at 500 calls a second", "plain", "chat", _fixed_rate(500)),
    # What a call costs depends on how busy the other processor is, which must be woken if it sleeps: here all are asked alike.
    Case("chat-10000", "10,000 calls a second", "plain", "chat", _fixed_rate(10_000)),
    Case("streams-1", "One stream at a time, without pauses", "plain", "chat", _streams("chat", 1, 0), True),
    Case("streams-64", f"64 streams, events {PACE_MS} ms apart", "plain", "chat", _streams("chat", 64, PACE_MS), True),
    Case("messages-streams-64", "64 such streams of messages", "plain", "messages", _streams("messages", 64, PACE_MS), True),
    Case("streams-open", f"{OPEN_STREAMS:,} streams open at once", "open", "chat", _open_streams, True, once=True),
    Case("body-1k", "Bodies of 1 KiB, 4 connections", "plain", "chat", _throughput("chat", 4, KIB)),
    Case("body-64k", "Bodies of 64 KiB, 4 connections", "plain", "chat", _throughput("chat", 4, 64 * KIB)),
    Case("body-1m", "Bodies of 1 MiB, 4 connections", "plain", "chat", _throughput("chat", 4, MIB)),
    Case("body-20m", "Bodies of 20 MiB, 4 connections", "plain", "chat", _throughput("chat", 4, 20 * MIB)),
    Case("tls-64", "Throughput, upstream over TLS, 64 connections", "tls", "chat", _throughput("chat", 64)),
    Case("managed-64", "Managed with holds, 64 connections", "managed", "chat", _throughput("chat", 64)),
    Case("managed-1", "Managed with holds, one connection", "managed", "chat", _throughput("chat", 1)),
    Case("managed-500", "Managed with holds, 500 calls a second", "managed", "chat", _fixed_rate(500)),
    Case("postgres-64", "On PostgreSQL, 64 connections", "postgres", "chat", _throughput("chat", 64)),
    Case("postgres-1", "On PostgreSQL, one connection", "postgres", "chat", _throughput("chat", 1)),
    Case("postgres-500", "On PostgreSQL, 500 calls a second", "postgres", "chat", _fixed_rate(500)),
    Case("managed-postgres-64", "Managed on PostgreSQL, 64 connections", "managed-postgres", "chat", _throughput("chat", 64)),
    Case("managed-postgres-1", "Managed on PostgreSQL, one connection", "managed-postgres", "chat", _throughput("chat", 1)),
    Case("managed-postgres-500", "Managed on PostgreSQL, 500 calls a second", "managed-postgres", "chat", _fixed_rate(500)),
    Case("workspaces-one", "One of many workspaces is called", "workspaces", "chat", _spread(0)),
    Case("workspaces-cold", "All workspaces are called for the first time", "workspaces", "chat", _spread(1), once=True),
    Case("workspaces-warm", "All workspaces are called again", "workspaces", "chat", _spread(2), once=True),
]

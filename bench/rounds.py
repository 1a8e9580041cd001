"""The rounds: each gateway is started, goes through its cases and is stopped, one after the other, and then all again.
So what changes on the machine in the course of a run changes for all of them."""

import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .cases import Case, Done, Times
from .gateways.base import Gateway
from .upstream import Counts, Upstream

# With more of a processor taken by others, a figure says more about them.
NOISE_MAX = 0.1


@dataclass(frozen=True)
class Row:
    """A case of a gateway in one round."""

    case: str
    gateway: str
    round: int
    figures: dict
    noise: float
    failures: dict
    # Why the figures do not count; `None` if they do.
    void: str | None = None

    @property
    def quiet(self) -> bool:
        return self.noise <= NOISE_MAX


class Rounds:
    def __init__(self, folder: Path, cases: list[Case], gateways: list[type[Gateway]], times: Times):
        self.folder, self.cases, self.gateways, self.times = folder, cases, gateways, times
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.upstream = Upstream(folder / "upstream")

    def run(self, count: int) -> Iterable[Row]:
        settings = list(dict.fromkeys(case.setting for case in self.cases))
        for number in range(1, count + 1):
            for setting in settings:
                for kind in self.gateways:
                    if setting in kind.settings:
                        yield from self._one(kind, setting, number)

    def _one(self, kind: type[Gateway], setting: str, number: int) -> Iterable[Row]:
        folder = self.folder / f"{number}-{setting}-{kind.name}"
        gateway = kind(folder, self.upstream, setting)
        try:
            try:
                figures = gateway.start()
            except (RuntimeError, TimeoutError, OSError) as error:
                yield Row("start", kind.name, number, {}, 0.0, {}, f"does not start ({setting}): {error}")
                return
            if setting == "plain" and gateway.pid:
                yield Row("start", kind.name, number, figures, 0.0, {})
            for case in self.cases:
                if case.setting == setting and case.fits(gateway):
                    yield self._case(case, gateway, number)
        finally:
            gateway.stop()

    def _case(self, case: Case, gateway: Gateway, number: int) -> Row:
        row = self._once(case, gateway, number)
        for _ in range(0 if case.once else self.times.again):
            if row.quiet or row.void:
                break
            say(f"   {gateway.name}, {case.name}: others took {row.noise:.0%} of a processor; again")
            row = self._once(case, gateway, number)
        return row

    def _once(self, case: Case, gateway: Gateway, number: int) -> Row:
        try:
            if not case.once:
                case.warm(gateway, self.times)
            before = self._both(gateway)
            done = case.run(gateway, self.times)
        except (RuntimeError, OSError) as error:
            return Row(case.name, gateway.name, number, {}, 0.0, {}, str(error))
        void = self._void(done, gateway, before)
        return Row(case.name, gateway.name, number, done.figures, done.usage.others, done.load.failures, void)

    def _void(self, done: Done, gateway: Gateway, before: tuple[Counts, Counts | None]) -> str | None:
        """What makes figures worthless: calls that failed, or books that say something else than the upstream."""
        if done.load.failed or not done.load.calls:
            return f"{done.load.failed} of {done.load.calls + done.load.failed} calls failed: {done.load.failures}"
        said = self.upstream.counts().since(before[0])
        if said.calls != done.load.calls:
            return f"{done.load.calls} answers came, the upstream gave {said.calls}"
        written = before[1] and gateway.books().since(before[1])
        return None if written in (None, said) else f"the upstream says {said}, the receipts say {written}"

    def _both(self, gateway: Gateway) -> tuple[Counts, Counts | None]:
        """What the upstream has said and what the gateway has written down of it, once that is at rest."""
        gateway.rest()
        return self.upstream.counts(), gateway.books()

    def stop(self):
        self.upstream.stop()


def say(text: str):
    print(text, file=sys.stderr, flush=True)

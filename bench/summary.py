"""What rounds come to: medians of those that count, and how far they lie apart."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from .rounds import Row


@dataclass(frozen=True)
class Figure:
    median: float
    # The distance of the extremes as a part of the median; `None` for a single round.
    spread: float | None


@dataclass(frozen=True)
class Cell:
    """A case of a gateway over all rounds."""

    figures: dict[str, Figure]
    used: int
    rounds: int
    # The most that others took of a processor in a round that was used.
    noise: float
    voids: tuple[str, ...]


class Missing(Exception):
    """A figure that this run did not measure, or that does not count."""


class Summary:
    def __init__(self, rows: Iterable[Row]):
        grouped = defaultdict(list)
        for row in rows:
            grouped[row.case, row.gateway].append(row)
        self.cells = {place: _cell(rows) for place, rows in grouped.items()}

    def cell(self, case: str, gateway: str) -> Cell | None:
        return self.cells.get((case, gateway))

    def __call__(self, case: str, gateway: str, figure: str) -> float:
        return self.figure(case, gateway, figure).median

    def figure(self, case: str, gateway: str, figure: str) -> Figure:
        cell = self.cell(case, gateway)
        if not cell or figure not in cell.figures:
            raise Missing
        return cell.figures[figure]

    def added(self, case: str, gateway: str, figure: str) -> float:
        """What a gateway adds to what it takes without one."""
        return self(case, gateway, figure) - self(case, "direct", figure)


def _cell(rows: list[Row]) -> Cell:
    counting = [row for row in rows if not row.void]
    # Noisy rounds are better than none, and are told.
    used = [row for row in counting if row.quiet] or counting
    names = {name for row in used for name in row.figures}
    figures = {name: _figure([row.figures[name] for row in used if name in row.figures]) for name in sorted(names)}
    noise = max((row.noise for row in used), default=0.0)
    return Cell(figures, len(used), len(rows), noise, tuple(row.void for row in rows if row.void))


def _figure(values: list[float]) -> Figure:
    middle = median(values)
    apart = (max(values) - min(values)) / abs(middle) if len(values) > 1 and middle else None
    return Figure(middle, apart)

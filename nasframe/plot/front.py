"""Several objectives: all candidates of a search, and those on its Pareto front."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from nasframe.files.words import are_fractions
from nasframe.pareto import SCORE, Point, pareto_front
from nasframe.plot.canvas import readable
from nasframe.plot.palette import BLUE, CHOSEN, FAINT


@dataclass(frozen=True)
class TradeOff:
    """What the candidates of a search have of its objectives."""

    objectives: tuple[str, ...]
    """The score first."""
    points: tuple[Point, ...]
    """All that were evaluated with success and the largest budget."""
    front: tuple[Point, ...]
    """Those that none of them dominates, the highest score first."""

    @property
    def costs(self) -> tuple[str, ...]:
        """The objectives that are minimised."""
        return self.objectives[1:]

    @property
    def percent(self) -> bool:
        """Whether scores are fractions."""
        return are_fractions(point.values[SCORE] for point in self.points)


def compute(events: Iterable[Mapping[str, Any]]) -> TradeOff | None:
    """The trade-off that a search's records of evaluations tell; None: there was one objective, or no success.

    Candidates of smaller spaces that the space grows through are left out.
    """
    points = [
        Point(event["step"], event["genotype"], event["budget"], event["objectives"])
        for event in events
        if event.get("event") == "evaluated" and len(event.get("objectives", ())) > 1 and "stage" not in event
    ]
    front = pareto_front(points)
    if not front:
        return None
    costs = [name for name in front[0].values if name != SCORE]
    compared = tuple(point for point in points if point.budget == front[0].budget)
    return TradeOff((SCORE, *costs), compared, tuple(front))


def draw(found: TradeOff, cost: str, axes: Axes) -> None:
    """Scores over one of the costs; the front is a line only where there is no other cost."""
    scored = [(point.values[cost], point.values[SCORE]) for point in found.points]
    axes.plot(*zip(*scored, strict=True), "o", color=FAINT, markersize=4, label="candidate")
    best = sorted((point.values[cost], point.values[SCORE]) for point in found.front)
    line = "-" if len(found.costs) == 1 else ""
    axes.plot(*zip(*best, strict=True), line, color=BLUE, drawstyle="steps-post")
    axes.plot(*zip(*best, strict=True), "o", color=CHOSEN, markersize=5, label="on the front")
    axes.set_xlabel(readable(cost))
    axes.set_ylabel(readable(SCORE))
    if found.percent:
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.legend(loc="lower right")

"""How far genotypes and seeds differ, and what ranks as full trainings do: dots with bars."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from nasframe.files.words import are_fractions
from nasframe.pareto import SCORE
from nasframe.plot.canvas import readable
from nasframe.plot.palette import BLUE, CHOSEN, FAINT, INK

Values = npt.NDArray[np.float64]
MOST_LABELS = 40
"""With more genotypes their numbers are not written."""
Interval = tuple[str, float, float, float]
"""Name, value, lower end, upper end."""


@dataclass(frozen=True)
class Spread:
    """Scores of genotypes, the worst first."""

    genotypes: tuple[int, ...]
    """Their numbers, from 1."""
    scores: Values
    """Shape (genotypes, seeds)."""

    @property
    def means(self) -> Values:
        """Shape (genotypes,)."""
        means: Values = self.scores.mean(1)
        return means

    @property
    def deviations(self) -> Values:
        """Standard deviations between seeds, shape (genotypes,)."""
        deviations: Values = self.scores.std(1, ddof=1)
        return deviations

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the figure, in inches."""
        return min(9.0, 3.0 + 0.2 * len(self.genotypes)), 3.0


@dataclass(frozen=True)
class Whiskers:
    """Correlations with their intervals, in the order given."""

    rows: tuple[Interval, ...]

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the figure, in inches."""
        return 7.0, 0.8 + 0.28 * len(self.rows)


def compute(scores: Mapping[int, Sequence[float]]) -> Spread:
    """Genotypes by their mean score.

    Args:
        scores: by the number of the genotype, from 0, its scores by seed.
    """
    order = sorted(scores, key=lambda number: (np.mean(scores[number]), number))
    values = np.array([scores[number] for number in order], dtype=np.float64)
    return Spread(tuple(number + 1 for number in order), values)


def whiskers(rows: Iterable[Interval]) -> Whiskers:
    """Those that have a value: NaN is none."""
    return Whiskers(tuple(row for row in rows if np.isfinite(row[1])))


def draw(found: Spread, axes: Axes) -> None:
    """A dot for each training, beside the mean with a bar of one standard deviation to each side."""
    places = np.arange(len(found.genotypes))
    axes.errorbar(places, found.means, found.deviations, fmt="_", color=INK, markersize=9, elinewidth=1.1)
    for scores in found.scores.T:
        axes.plot(places, scores, "o", color=BLUE, markersize=4, alpha=0.75)
    labels = [str(number) if len(places) <= MOST_LABELS else "" for number in found.genotypes]
    axes.set_xticks(places, labels)
    axes.set_xlim(-0.7, len(places) - 0.3)
    axes.tick_params("x", length=0)
    axes.set_xlabel("genotype, the worst first")
    axes.set_ylabel(readable(SCORE))
    if are_fractions(found.scores.flat):
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))


def draw_whiskers(found: Whiskers, axes: Axes) -> None:
    """A row for each correlation, the first at the top."""
    axes.axvline(0, color=FAINT, linewidth=1)
    places = range(len(found.rows), 0, -1)
    for place, (_, value, low, high) in zip(places, found.rows, strict=True):
        axes.plot([low, high], [place, place], "-", color=BLUE, linewidth=2)
        axes.plot([value], [place], "o", color=CHOSEN, markersize=5)
    axes.set_yticks(list(places), [readable(name) for name, *_ in found.rows])
    axes.set_ylim(0.4, len(found.rows) + 0.6)
    axes.set_xlim(-1.05, 1.05)
    axes.grid(True, axis="x")
    axes.grid(False, axis="y")
    axes.set_xlabel("Spearman's rank correlation, 95 %")

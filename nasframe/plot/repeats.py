"""Repeated searches: what each arm found with each seed, and the differences in pairs with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from nasframe.plot.palette import BLUE, CHOSEN, FAINT, INK


@dataclass(frozen=True)
class Repeats:
    """What is drawn."""

    scores: Mapping[str, Sequence[float]]
    """By arm, the search first, the mean score of each seed's network."""
    differences: Mapping[str, tuple[float, float, float]]
    """By opponent, search minus opponent: mean, lower and upper end of the interval."""
    unit: str = "points"
    """Of all these numbers; empty: none is named."""

    def titled(self, title: str) -> str:
        """What an axis is titled, with the unit."""
        return f"{title}, {self.unit}" if self.unit else title


def draw_scores(found: Repeats, axes: Axes) -> None:
    """A column for each arm; what belongs to one seed is joined by a line."""
    arms = list(found.scores)
    for seed in zip(*found.scores.values(), strict=True):
        axes.plot(range(len(arms)), seed, "-", color=FAINT, linewidth=1)
    for place, arm in enumerate(arms):
        scores = found.scores[arm]
        axes.plot([place] * len(scores), scores, "o", color=BLUE if place else CHOSEN, markersize=4)
        mean = sum(scores) / len(scores)
        axes.plot([place - 0.2, place + 0.2], [mean, mean], "-", color=INK, linewidth=2)
    axes.set_xticks(range(len(arms)), arms)
    axes.set_xlim(-0.5, len(arms) - 0.5)
    axes.set_ylabel(found.titled("score"))
    axes.set_title("What was found, by seed")


def draw_differences(found: Repeats, axes: Axes) -> None:
    """A row for each opponent, the first at the top."""
    axes.axvline(0, color=FAINT)
    places = range(len(found.differences), 0, -1)
    for place, (mean, low, high) in zip(places, found.differences.values(), strict=True):
        axes.plot([low, high], [place, place], "-", color=BLUE, linewidth=2)
        axes.plot([mean], [place], "o", color=CHOSEN, markersize=5)
    axes.set_yticks(list(places), list(found.differences))
    axes.set_ylim(0.4, len(found.differences) + 0.6)
    axes.grid(True, axis="x")
    axes.grid(False, axis="y")
    axes.set_xlabel(f"{found.titled('search minus opponent')}, 95 %")
    axes.set_title("Differences in pairs")

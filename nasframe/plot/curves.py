"""Curves of a phase: losses, learning rates, scores and whatever else its steps tell, each kind on its own panel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from nasframe.files.words import are_fractions, is_fraction
from nasframe.plot.canvas import readable, text_width
from nasframe.plot.palette import colours, dashes

Values = npt.NDArray[np.float64]
Points = dict[float, float]
"""A value by its step."""

_MOST_POINTS = 1000
_BINS = 400
_SMOOTH_FROM = 40
_MARKERS_UP_TO = 25
_MOST_PANELS = 6
_SHORT = 0.8
"""Inches."""
_BEST = "best_"
LOSS, SCORE, FRACTIONS, RATE = _KINDS = "loss", "score", "fractions", "learning rate"
"""The titles of the panels that gather metrics of one kind; fractions have their own where scores are none."""


@dataclass(frozen=True)
class Curve:
    """One metric over the steps, thinned so that it can be drawn.

    All arrays have the shape (N,), N at most 1,000.
    """

    name: str
    steps: Values
    values: Values
    """Each step's value, or the median of a bin of steps."""
    low: Values
    """10th percentile of the bin; the value itself where nothing was thinned."""
    high: Values
    """90th percentile."""
    smooth: Values | None
    """Running mean; None where the values are few or smooth by themselves."""


@dataclass(frozen=True)
class Panel:
    """Curves that share an axis."""

    title: str
    curves: tuple[Curve, ...]
    percent: bool
    """The values are fractions, to be shown in percent."""

    @property
    def legend_rows(self) -> int:
        """How many lines of text the legend below the panel has."""
        return -(-len(self.curves) // self.legend_columns) if len(self.curves) > 1 or self.title == SCORE else 0

    @property
    def legend_columns(self) -> int:
        """Two where the names are short enough to stand side by side."""
        return 2 if all(text_width(readable(curve.name), 8) < _SHORT for curve in self.curves) else 1


def compute(events: Iterable[Mapping[str, Any]], phase: str) -> tuple[Panel, ...]:
    """The panels of a phase, at most six: loss first, then scores, learning rates and the rest by name.

    Args:
        events: records of ``events.jsonl``; values that are no finite numbers are left out, and so are metrics
            with fewer than two values.
        phase: ``"search"`` or ``"retrain"``.
    """
    series: dict[str, Points] = {}
    for event in events:
        if event.get("phase") != phase or not isinstance(event.get("step"), int | float):
            continue
        metrics = event.get("metrics")
        for name, value in metrics.items() if isinstance(metrics, Mapping) else ():
            if isinstance(value, int | float) and np.isfinite(value):
                series.setdefault(str(name), {})[float(event["step"])] = float(value)
    series = {name: points for name, points in _without_doubles(series).items() if len(points) > 1}
    scores = [value for name, points in series.items() if SCORE in _words(name) for value in points.values()]
    fractions = SCORE if are_fractions(scores) else FRACTIONS
    groups: dict[tuple[int, str], list[Curve]] = {}
    for name, points in series.items():
        steps, values = np.array(sorted(points.items()), dtype=np.float64).T
        groups.setdefault(_group(name, fractions), []).append(_curve(name, steps, values))
    panels = [_panel(title, tuple(curves)) for (_, title), curves in sorted(groups.items(), key=lambda item: item[0])]
    return tuple(panel for panel in panels if _says_something(panel))[:_MOST_PANELS]


def draw(panel: Panel, axes: Axes) -> None:
    """One panel: the raw values faint behind their running mean."""
    names = [curve.name for curve in panel.curves]
    colour, style = colours(names), dashes(names)
    for curve in panel.curves:
        _draw_curve(curve, axes, {"color": colour[curve.name], "linestyle": style[curve.name]})
    axes.set_title(panel.title)
    axes.set_xlabel("step")
    axes.margins(x=0.02)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    if panel.percent:
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    if panel.legend_rows:
        columns = panel.legend_columns
        axes.legend(loc="upper left", bbox_to_anchor=(0, -0.24), borderaxespad=0, ncols=columns, columnspacing=1.2)


def _draw_curve(curve: Curve, axes: Axes, paint: dict[str, Any]) -> None:
    label = readable(curve.name)
    if curve.smooth is not None:
        if np.array_equal(curve.low, curve.high):
            axes.plot(curve.steps, curve.values, linewidth=0.8, alpha=0.3, **paint)
        else:
            axes.fill_between(curve.steps, curve.low, curve.high, color=paint["color"], alpha=0.18, linewidth=0)
        axes.plot(curve.steps, curve.smooth, linewidth=1.7, label=label, **paint)
    elif curve.name.startswith(_BEST):
        axes.plot(curve.steps, curve.values, linewidth=1.7, drawstyle="steps-post", label=label, **paint)
    else:
        noisy = _is_noisy(curve.name, curve.values)
        marker, width = "o" if noisy or len(curve.steps) <= _MARKERS_UP_TO else "", 0.6 if noisy else 1.7
        axes.plot(curve.steps, curve.values, linewidth=width, marker=marker, markersize=3.5, label=label, **paint)


def _without_doubles(series: Mapping[str, Points]) -> dict[str, Points]:
    """One of each series that are the same: the first, but rather a metric, or what is minus it, than ``score``."""
    kept: dict[str, Points] = {}
    for name in sorted(series, key=lambda name: name == SCORE):
        opposite = {step: -value for step, value in series[name].items()}
        if series[name] not in kept.values() and not (name == SCORE and opposite in kept.values()):
            kept[name] = series[name]
    return {name: kept[name] for name in series if name in kept}


def _words(name: str) -> list[str]:
    return [word for word in name.lower().split("_") if word != "val"] or [name]


def _group(name: str, fractions: str) -> tuple[int, str]:
    """The rank and the title of the panel on which a metric is drawn; of an unknown kind, its first word.

    Args:
        fractions: the title of the panel with fractions.
    """
    words = _words(name)
    if LOSS in words:
        return 0, LOSS
    if SCORE in words:
        return 1, SCORE
    if is_fraction(name):
        return 1, fractions
    return (2, RATE) if "lr" in words else (3, words[0])


def _panel(title: str, curves: tuple[Curve, ...]) -> Panel:
    values = np.concatenate([curve.values for curve in curves])
    fractions = any(is_fraction(curve.name) for curve in curves) and bool(((values >= 0) & (values <= 1)).all())
    known = title in _KINDS or len(curves) > 1
    return Panel(title if known else readable(curves[0].name), curves, fractions)


def _says_something(panel: Panel) -> bool:
    """Whether a panel is of a known kind, or its values change: not so the number of images at each validation."""
    return panel.title in _KINDS or any(np.ptp(curve.values) > 0 for curve in panel.curves)


def _curve(name: str, steps: Values, values: Values) -> Curve:
    low = high = values
    if len(steps) > _MOST_POINTS:
        bins = np.array_split(values, _BINS)
        steps = np.array([part.mean() for part in np.array_split(steps, _BINS)])
        values, low, high = (np.array([np.quantile(part, q) for part in bins]) for q in (0.5, 0.1, 0.9))
    smooth = _running_mean(values) if len(steps) >= _SMOOTH_FROM and _is_noisy(name, values) else None
    return Curve(name, steps, values, low, high, smooth)


def _is_noisy(name: str, values: Values) -> bool:
    """Whether most changes are undone by the next one or so; a schedule and a best-so-far are not noisy."""
    changes = np.diff(values)
    turns = np.sign(changes[1:]) * np.sign(changes[:-1]) < 0
    return not name.startswith(_BEST) and len(turns) > 0 and bool(turns.mean() > 0.2)


def _running_mean(values: Values) -> Values:
    """The mean of a window around each value, about a twentieth of all; cut off at the ends."""
    half = max(2, len(values) // 40)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    at = np.arange(len(values))
    first, last = np.maximum(at - half, 0), np.minimum(at + half, len(values) - 1)
    mean: Values = (sums[last + 1] - sums[first]) / (last + 1 - first)
    return mean

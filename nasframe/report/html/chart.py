"""Lines over steps as SVG whose colours and letters are the page's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.ticker import MaxNLocator

from nasframe.files import words
from nasframe.plot.canvas import readable, text_width
from nasframe.plot.curves import Panel
from nasframe.report.html.markup import Markup, joined, tag
from nasframe.report.html.tables import folded, table

Values = npt.NDArray[np.float64]

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 520.0, 230.0, 52.0, 12.0, 34.0
_FONT = 12.0
_MARKERS_UP_TO = 25
_COLOURS, _DASHES = 8, 4


@dataclass(frozen=True)
class ChartLine:
    """One quantity."""

    name: str
    steps: Values
    values: Values
    """NaN where there is none."""
    faint: Values | None = None
    """The raw values behind a smoothed line."""


@dataclass(frozen=True)
class Chart:
    """Lines that share their axes."""

    title: str
    lines: tuple[ChartLine, ...]
    percent: bool = False
    lowest: float | None = None
    """Lower end of the axis; None: as the values need."""
    highest: float | None = None
    limit: float | None = None
    """A value to be marked."""
    follows: bool = False
    """Whether a line marks the snapshot that the slider is at."""


def of_panel(panel: Panel) -> Chart:
    """A panel of a phase's curves."""
    lines = (
        ChartLine(c.name, c.steps, c.values if c.smooth is None else c.smooth, None if c.smooth is None else c.values)
        for c in panel.curves
    )
    return Chart(panel.title, tuple(lines), panel.percent)


def figure(chart: Chart) -> Markup:
    """The chart with its title, and its main numbers in a table for those who do not see it."""
    svg = _Drawing(chart).svg()
    rows = [
        (readable(line.name), *(_number(chart, value) for value in _main_numbers(line.values))) for line in chart.lines
    ]
    columns = ("curve", "first", "last", "smallest", "largest")
    numbers = folded("Numbers", table(columns, rows, numbers_from=1, caption=f"{chart.title}: main numbers"))
    return tag("figure", tag("figcaption", readable(chart.title)), svg, numbers, class_="chart")


class _Drawing:
    """A chart's scales and what is drawn on them."""

    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        labels = max(text_width(readable(line.name), _FONT) * 72 for line in chart.lines)
        self.right = _WIDTH - min(labels + 32, 0.5 * _WIDTH)
        self.bottom = _HEIGHT - _BOTTOM
        steps = np.concatenate([line.steps for line in chart.lines])
        self.first, self.last = float(steps.min()), float(max(steps.max(), steps.min() + 1))
        every = [line.values for line in chart.lines] + [line.faint for line in chart.lines if line.faint is not None]
        values = np.concatenate([*every, [] if chart.limit is None else [chart.limit]])
        low = chart.lowest if chart.lowest is not None else float(np.nanmin(values, initial=np.inf))
        high = chart.highest if chart.highest is not None else float(np.nanmax(values, initial=-np.inf))
        low, high = (low, high) if low <= high else (0.0, 1.0)
        if high == low:
            low, high = low - (abs(low) * 0.1 or 0.5), high + (abs(high) * 0.1 or 0.5)
        slack = 0.26 * (high - low)  # an axis that goes on to the next mark, unless that leaves much of it empty
        self.ticks = [tick for tick in MaxNLocator(4).tick_values(low, high) if low - slack <= tick <= high + slack]
        self.low, self.high = min(low, *self.ticks), max(high, *self.ticks)

    def svg(self) -> Markup:
        """The chart as an element ``svg``."""
        cursor = None
        if self.chart.follows:
            x = self.x(self.last)
            scale = {"data_from": self.first, "data_to": self.last, "data_left": _LEFT, "data_right": self.right}
            cursor = tag("line", class_="cursor", x1=x, x2=x, y1=_TOP, y2=self.bottom, **scale)
        names = ", ".join(readable(line.name) for line in self.chart.lines)
        return tag(
            "svg",
            self.axes(),
            self.limit(),
            cursor,
            (self.line(i, line) for i, line in enumerate(self.chart.lines)),
            self.names(),
            viewBox=f"0 0 {_WIDTH:g} {_HEIGHT:g}",
            role="img",
            aria_label=f"{readable(self.chart.title)} over the steps: {names}",
        )

    def x(self, step: float) -> float:
        return round(_LEFT + (step - self.first) / (self.last - self.first) * (self.right - _LEFT), 1)

    def y(self, value: float) -> float:
        return round(self.bottom - (value - self.low) / (self.high - self.low) * (self.bottom - _TOP), 1)

    def axes(self) -> Markup:
        pieces = []
        for value in self.ticks:
            y = self.y(value)
            pieces.append(tag("line", class_="grid", x1=_LEFT, x2=self.right, y1=y, y2=y))
            pieces.append(tag("text", self.tick(value), x=_LEFT - 6, y=y + 4, text_anchor="end", class_="tick"))
        for step in MaxNLocator(5, integer=True).tick_values(self.first, self.last):
            if self.first <= step <= self.last:
                mark = tag("text", f"{step:,.0f}", x=self.x(step), y=self.bottom + 16, text_anchor="middle")
                pieces.append(tag("g", mark, class_="tick"))
        pieces.append(tag("text", "step", x=_LEFT - 16, y=self.bottom + 16, text_anchor="end", class_="tick"))
        return joined(*pieces)

    def tick(self, value: float) -> str:
        return f"{100 * value:g} %" if self.chart.percent else f"{round(value, 10):g}".replace("-", "−")

    def limit(self) -> Markup | None:
        if self.chart.limit is None:
            return None
        y = self.y(self.chart.limit)
        return tag("line", class_="limit", x1=_LEFT, x2=self.right, y1=y, y2=y)

    def line(self, index: int, line: ChartLine) -> Markup:
        look = _look(index)
        pieces = []
        if line.faint is not None:
            pieces.append(tag("path", d=self.path(line.steps, line.faint), class_=f"faint {look}"))
        pieces.append(tag("path", d=self.path(line.steps, line.values), class_=f"line {look}"))
        if len(line.steps) <= _MARKERS_UP_TO and line.faint is None:
            known = zip(line.steps, line.values, strict=True)
            dots = (tag("circle", cx=self.x(s), cy=self.y(v), r=2.5) for s, v in known if np.isfinite(v))
            pieces.append(tag("g", dots, class_=f"dots {look}"))
        return joined(*pieces)

    def path(self, steps: Values, values: Values) -> str:
        """A line through the values, broken where there is none."""
        strokes, pen = [], "M"
        for step, value in zip(steps, values, strict=True):
            if np.isfinite(value):
                strokes.append(f"{pen}{self.x(step):g} {self.y(value):g}")
                pen = "L"
            else:
                pen = "M"
        return "".join(strokes)

    def names(self) -> Markup:
        """The names at the ends of their lines, pushed apart."""
        ends = []
        for i, line in enumerate(self.chart.lines):
            known = line.values[np.isfinite(line.values)]
            ends.append((self.y(float(known[-1])) if len(known) else self.bottom, i))
        pieces = []
        for y, i in _apart(sorted(ends), _FONT + 3, _TOP, self.bottom):
            x = self.right + 6
            pieces.append(tag("path", d=f"M{x:g} {y:g}h18", class_=f"line {_look(i)}"))
            name = readable(self.chart.lines[i].name)
            pieces.append(tag("text", name, x=x + 22, y=y + 4, class_="name"))
        return joined(*pieces)


def _look(index: int) -> str:
    """Colour and dashes: no two lines of a chart are told apart by colour alone."""
    return f"c{index % _COLOURS} d{index % _DASHES}"


def _apart(ends: Sequence[tuple[float, int]], distance: float, top: float, bottom: float) -> list[tuple[float, int]]:
    """Heights in their order, at least a distance apart and inside the drawing as far as they fit."""
    placed: list[float] = []
    for y, _ in ends:
        placed.append(max(y, placed[-1] + distance if placed else top))
    below = bottom
    for i in range(len(placed) - 1, -1, -1):
        placed[i] = min(placed[i], below)
        below = placed[i] - distance
    return [(y, i) for y, (_, i) in zip(placed, ends, strict=True)]


def _main_numbers(values: Values) -> tuple[float, ...]:
    known = values[np.isfinite(values)]
    if not len(known):
        return (float("nan"),) * 4
    return float(known[0]), float(known[-1]), float(known.min()), float(known.max())


def _number(chart: Chart, value: float) -> str:
    return words.number(value, fraction=chart.percent)

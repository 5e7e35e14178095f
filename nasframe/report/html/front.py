"""The Pareto front on the page: a picture for each cost, and the table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

from nasframe.files import words
from nasframe.files.words import quantity
from nasframe.pareto import SCORE
from nasframe.plot.canvas import readable
from nasframe.plot.front import TradeOff, compute
from nasframe.report import trade_off
from nasframe.report.html.markup import Markup, joined, tag, with_code
from nasframe.report.html.tables import table
from nasframe.report.record import RunRecord

_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 520.0, 260.0, 58.0, 12.0, 500.0, 214.0


def section(record: RunRecord) -> Iterator[Markup]:
    """The section's content; nothing where there was one objective."""
    found = compute(record.events)
    if found is None:
        return
    yield tag("p", trade_off.said(found), class_="note")
    yield tag("div", (_picture(found, cost) for cost in found.costs), class_="charts")
    rows = [tuple(with_code(cell) for cell in row) for row in trade_off.rows(record, found)]
    yield table(trade_off.columns(found), rows, numbers_from=1, caption="Candidates on the Pareto front")


def _picture(found: TradeOff, cost: str) -> Markup:
    """Scores over a cost: all candidates faint, those on the front in colour."""
    across = _Scale([point.values[cost] for point in found.points], _LEFT, _RIGHT)
    up = _Scale([point.values[SCORE] for point in found.points], _BOTTOM, _TOP)
    front = {point.candidate for point in found.front}
    dots = [
        tag("circle", cx=across(point.values[cost]), cy=up(point.values[SCORE]), r=2.5 + chosen)
        for chosen in (False, True)
        for point in found.points
        if (point.candidate in front) is chosen
    ]
    count, candidates = len(found.points) - len(front), quantity(len(found.points), "candidate")
    svg = tag(
        "svg",
        _axes(found, cost, across, up),
        tag("g", dots[:count], class_="dots other"),
        tag("g", dots[count:], class_="dots c1"),
        viewBox=f"0 0 {_WIDTH:g} {_HEIGHT:g}",
        role="img",
        aria_label=f"Score over {readable(cost)} of {candidates}, {len(front)} on the front",
    )
    return tag("figure", tag("figcaption", f"score over {readable(cost)}"), svg, class_="chart")


def _axes(found: TradeOff, cost: str, across: _Scale, up: _Scale) -> Markup:
    pieces = []
    for value in up.ticks:
        y = up(value)
        pieces.append(tag("line", class_="grid", x1=_LEFT, x2=_RIGHT, y1=y, y2=y))
        shown = f"{100 * value:g} %" if found.percent else f"{value:g}"
        pieces.append(tag("text", shown, x=_LEFT - 6, y=y + 4, text_anchor="end", class_="tick"))
    for value in across.ticks:
        pieces.append(
            tag("text", words.amount(value), x=across(value), y=_BOTTOM + 18, text_anchor="middle", class_="tick")
        )
    name = readable(cost)
    pieces.append(tag("text", name, x=_RIGHT, y=_BOTTOM + 36, text_anchor="end", class_="tick"))
    return joined(*pieces)


class _Scale:
    """Values to places on an axis."""

    def __init__(self, values: Sequence[float], begin: float, end: float) -> None:
        low, high = float(np.min(values)), float(np.max(values))
        slack = 0.04 * (high - low) or abs(high) * 0.1 or 0.5
        self._low, self._high = low - slack, high + slack
        self._begin, self._end = begin, end
        ticks = MaxNLocator(4).tick_values(self._low, self._high)
        self.ticks = [float(tick) for tick in ticks if self._low <= tick <= self._high]

    def __call__(self, value: float) -> float:
        share = (value - self._low) / (self._high - self._low)
        return round(self._begin + share * (self._end - self._begin), 1)

"""Charts of a search: how undecided it was at each snapshot, what it preferred, and whether it collapsed."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from nasframe.plot.canvas import readable
from nasframe.report.html import collapse
from nasframe.report.html.chart import Chart, ChartLine, figure
from nasframe.report.html.frames import Frames
from nasframe.report.html.markup import Markup, tag
from nasframe.report.record import RunRecord


def preferences(frames: Frames) -> Iterator[Chart]:
    """The entropies, the gap to the next best path, and the mean weight of each operation."""
    steps = np.array(frames.steps, dtype=np.float64)
    if len(steps) < 2:
        return
    entropies = [
        ChartLine(f"operations ({readable(name)})", steps, operations.entropy())
        for name, operations in frames.cells.items()
        if len(operations.names) > 1
    ]
    if frames.network is not None and all(frames.network.routes):
        routes = [r for r in frames.network.routes if r]
        most = math.log(frames.network.count) if frames.network.count and frames.network.count > 1 else 1.0
        entropies.append(ChartLine("path", steps, np.array([r.entropy for r in routes]) / most))
        gaps = np.array([r.best[0].gap if math.isfinite(r.best[0].gap) else math.nan for r in routes])
        yield Chart(
            "Gap of the best path to the next (log-probability)",
            (ChartLine("gap", steps, gaps),),
            lowest=0.0,
            follows=True,
        )
    if entropies:
        title = "Entropy: 1 undecided, 0 decided"
        yield Chart(title, tuple(entropies), lowest=0.0, highest=1.0, follows=True)
    for name, operations in frames.cells.items():
        means = operations.means()
        lines = tuple(ChartLine(op, steps, means[:, k]) for k, op in enumerate(operations.names))
        even = 1 / len(lines)
        yield Chart(f"Mean weight of each operation ({readable(name)}); dotted: even", lines, limit=even, follows=True)


def idle_operations(record: RunRecord, frames: Frames) -> Iterator[Markup]:
    """The share of the operations that compute nothing, and the verdict."""
    steps = np.array(frames.steps, dtype=np.float64)
    found = {name: shares for name, o in frames.cells.items() if (shares := collapse.shares(o)) is not None}
    if not found:
        return
    yield tag("h3", "Operations that compute nothing")
    charts = []
    for name, shares in found.items():
        lines = (
            ChartLine("skip", steps, shares.skip),
            ChartLine("zero", steps, shares.zero),
            ChartLine("skip, of the rest", steps, shares.skip_of_rest),
            ChartLine("edges won by skip", steps, shares.won),
        )
        title = f"Share of skip and zero ({readable(name)})"
        if len(steps) > 1:
            charts.append(figure(Chart(title, lines, True, 0.0, 1.0, collapse.LIMIT, follows=True)))
    if charts:
        yield tag("div", charts, class_="charts")
    warned = any(collapse.warnings(name, frames.steps, shares, record.genotype) for name, shares in found.items())
    verdict = "The search has collapsed; see the warning above." if warned else "No collapse."
    yield tag("p", tag("strong", verdict), " ", collapse.RULE)

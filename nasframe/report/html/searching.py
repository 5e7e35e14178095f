"""The search over time: the trellis and the cells under a slider, and how they got there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from nasframe.files.words import quantity
from nasframe.plot.canvas import readable
from nasframe.report.html import cell_section, search_charts, telling, trellis_section
from nasframe.report.html.cell_section import title
from nasframe.report.html.chart import figure
from nasframe.report.html.frames import Frames
from nasframe.report.html.markup import Markup, tag
from nasframe.report.record import RunRecord


def player(frames: Frames) -> Markup:
    """The slider; it is hidden until the page's script is there to serve it."""
    last = len(frames.steps) - 1
    play = tag("button", "Play", type="button", id="play")
    slider = tag(
        "input", type="range", id="step", min=0, max=last, value=last, aria_valuetext=f"step {frames.steps[-1]}"
    )
    label = tag("label", "Step of the search", for_="step")
    shown = tag("output", f"{frames.steps[-1]:,}", for_="step", id="now", aria_live="off")
    hint = tag("span", f"of {frames.steps[-1]:,} · arrow keys go from snapshot to snapshot", class_="hint")
    return tag("div", play, label, slider, shown, hint, class_="player", id="player", hidden=True)


def over_time(record: RunRecord, frames: Frames) -> Iterator[Markup]:
    """The section's content."""
    first = f"{quantity(len(frames.steps), 'snapshot')} from step {frames.steps[0]:,} to {frames.steps[-1]:,}."
    yield tag("p", first, " Without the slider, and in print, the last one is shown.", class_="note")
    yield player(frames)
    if frames.network is not None:
        yield tag("h3", "Trellis")
        yield from trellis_section.section(record, frames, frames.network)
    for name, operations in frames.cells.items():
        yield tag("h3", title(name))
        yield from cell_section.section(record, name, operations)
    yield tag("h3", "Entropy and preferences")
    yield tag("div", (figure(chart) for chart in search_charts.preferences(frames)), class_="charts")
    yield from search_charts.idle_operations(record, frames)


def data(record: RunRecord, frames: Frames) -> dict[str, Any]:
    """What the page's script shows of each snapshot."""
    told: dict[str, Any] = {"steps": list(frames.steps), "cells": {}}
    if frames.network is not None:
        labels = telling.path_labels(record.weighted[-1][1])
        told["moves"] = _rounded(frames.network.moves)
        told["marginals"] = [_rounded(r.marginals) if r else [] for r in frames.network.routes]
        told["routes"] = [[list(route.nodes) for route in r.best] if r else [] for r in frames.network.routes]
        told["rows"] = [telling.rows(r, labels) for r in frames.network.routes]
        told["said"] = [telling.sentence(frames, frames.network, i) for i in range(len(frames.steps))]
    for name, operations in frames.cells.items():
        names = [readable(op) for op in operations.names]
        told["cells"][name] = {"names": names, "weights": _rounded(operations.weights)}
    return told


def _rounded(values: np.ndarray) -> Any:
    return np.round(values, 3).tolist()

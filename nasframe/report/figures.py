"""The figures of a run: computed from its record, drawn, and written where the report finds them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from matplotlib.axes import Axes

from nasframe.graph import parts
from nasframe.plot import cell, curves, front, heatmap, trellis, weights
from nasframe.plot.canvas import save_figure
from nasframe.report.record import RunRecord

T = TypeVar("T")

_WIDTH = 9.0
_PANEL_HEIGHT = 2.4
_LEGEND_ROW = 0.19


@dataclass(frozen=True)
class Figures:
    """The figures that were made, as paths relative to the report."""

    trellis: str | None = None
    cells: dict[str, str] = field(default_factory=dict)
    """By part."""
    operations: dict[str, str] = field(default_factory=dict)
    """Maps of the operations' weights, by part."""
    curves: dict[str, str] = field(default_factory=dict)
    """By phase."""
    weights: str | None = None
    confusion: dict[str, str] = field(default_factory=dict)
    """By table."""
    front: str | None = None
    """Scores over costs, where there were several objectives."""


def write_figures(record: RunRecord) -> Figures:
    """Draw all that the record has data for, into ``figures`` in its folder.

    Raises:
        RunError: they cannot be written.
    """
    folder = record.layout.figures
    return Figures(
        _trellis(record, folder),
        _cells(record, folder),
        _operations(record, folder),
        {phase: path for phase in ("search", "retrain") if (path := _curves(record, phase, folder))},
        _weights(record, folder),
        _confusion(record, folder),
        _front(record, folder),
    )


def _trellis(record: RunRecord, folder: Path) -> str | None:
    graph = record.last_weights or record.graph or record.genotype
    found = trellis.compute(graph, record.genotype) if graph is not None else None
    if found is None:
        return None
    with save_figure(folder / "trellis.svg", *found.size) as (axes,):
        trellis.draw(found, axes)
    return _linked(folder / "trellis.svg")


def _cells(record: RunRecord, folder: Path) -> dict[str, str]:
    graph = record.genotype or record.last_weights or record.graph
    paths = {}
    for name in parts(graph) if graph is not None else ():
        if name == "network":
            continue
        found = cell.compute(graph, name, record.last_weights)
        path = folder / f"cell-{_file_name(name)}.svg"
        with save_figure(path, *found.size) as (axes,):
            cell.draw(found, axes)
        paths[name] = _linked(path)
    return paths


def _operations(record: RunRecord, folder: Path) -> dict[str, str]:
    paths = {}
    for name in parts(record.last_weights) if record.last_weights is not None else ():
        found = heatmap.of_operations(record.last_weights, name, record.genotype)
        if found is not None:
            paths[name] = _heatmap(found, folder / f"operations-{_file_name(name)}.svg")
    return paths


def _confusion(record: RunRecord, folder: Path) -> dict[str, str]:
    paths = {}
    for name, table in record.metrics.get("tables", {}).items():
        found = heatmap.of_confusion(table)
        if found is not None:
            paths[name] = _heatmap(found, folder / f"table-{_file_name(name)}.svg")
    return paths


def _heatmap(found: heatmap.Heatmap, path: Path) -> str:
    with save_figure(path, *found.size) as (axes,):
        heatmap.draw(found, axes)
    return _linked(path)


def _curves(record: RunRecord, phase: str, folder: Path) -> str | None:
    panels = curves.compute(record.events, phase)
    height = _PANEL_HEIGHT + _LEGEND_ROW * max((panel.legend_rows for panel in panels), default=0)
    return _panels(panels, curves.draw, folder / f"curves-{phase}.svg", (3, height))


def _front(record: RunRecord, folder: Path) -> str | None:
    found = front.compute(record.events)
    if found is None:
        return None
    return _panels(found.costs, partial(front.draw, found), folder / "front.svg", (2, 3.2))


def _weights(record: RunRecord, folder: Path) -> str | None:
    if len(record.weighted) < 2:
        return None
    return _panels(weights.compute(record.weighted), weights.draw, folder / "weights.svg", (2, _PANEL_HEIGHT))


def _panels(panels: Sequence[T], draw: Callable[[T, Axes], None], path: Path, shape: tuple[int, float]) -> str | None:
    """Panels in rows; shape: how many fit side by side (fewer are not stretched), and the height of a row."""
    if not panels:
        return None
    across, height = shape
    rows = -(-len(panels) // across)
    columns = -(-len(panels) // rows)
    with save_figure(path, _WIDTH * columns / across, height * rows, (rows, columns)) as all_axes:
        for axes in all_axes[len(panels) :]:
            axes.set_axis_off()
        for panel, axes in zip(panels, all_axes, strict=False):
            draw(panel, axes)
    return _linked(path)


def _linked(path: Path) -> str:
    """How the report, which lies beside the folder of figures, links to one."""
    return f"{path.parent.name}/{path.name}"


def _file_name(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name)

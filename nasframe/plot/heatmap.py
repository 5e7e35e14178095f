"""A matrix as a map of colours: the weights of operations on edges, or how often each class was taken for each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import matplotlib
import networkx as nx
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from nasframe.graph import Edge, edges
from nasframe.plot import operations
from nasframe.plot.canvas import labels, readable, text_width
from nasframe.plot.palette import CHOSEN, INK, PAPER, SEQUENTIAL

_FONT = 7.5
_ROW = 0.235
_WRITTEN_UP_TO = 26
_LABELLED_UP_TO = 60


@dataclass(frozen=True)
class Heatmap:
    """A matrix with names for its rows and columns."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: npt.NDArray[np.float64]
    """Shape (rows, columns), from 0 on; NaN: there is no such place."""
    marked: tuple[tuple[int, int], ...]
    """Row and column of the places to point out."""
    groups: tuple[int, ...]
    """The rows before which a new group begins."""
    titles: tuple[str, str]
    """Of the rows and of the columns."""
    percent: bool
    """Values are written as whole percents; else with two decimals."""

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in inches of a figure in which the labels have room."""
        rows, columns = len(self.rows), len(self.columns)
        if max(rows, columns) > _LABELLED_UP_TO:
            return 8.0, 8.0 * rows / columns
        side = max((text_width(name, _FONT) for name in self.rows), default=0) + 0.6
        below = max((text_width(name, _FONT) for name in self.columns), default=0) + 0.6
        return side + columns * self._column_width + 0.3, below * 0.75 + rows * _ROW + 0.3

    @property
    def _column_width(self) -> float:
        return 0.3 if self.percent else 0.42


def of_operations(weighted: nx.DiGraph, name: str, chosen: nx.DiGraph | None = None) -> Heatmap | None:
    """The weights of the operations on a part's edges; the chosen operations are marked.

    Args:
        weighted: the space's graph with weights (``nasframe.graph.with_weights``).
        name: which part.
        chosen: a genotype's graph.

    Returns:
        None where no edge has weights.
    """
    found = operations.compute([weighted], name)
    if found is None:
        return None
    names = found.names
    taken = {edge: data.get("operation") for edge, data in edges(chosen)} if chosen is not None else {}
    marked = [(i, names.index(str(taken[edge]))) for i, edge in enumerate(found.edges) if taken.get(edge) in names]
    groups = [i for i, (edge, other) in enumerate(pairwise(found.edges), 1) if edge[1] != other[1]]
    label = labels(weighted)
    return Heatmap(
        tuple(_name_of(edge, weighted, label) for edge in found.edges),
        tuple(readable(operation) for operation in names),
        found.weights[0],
        tuple(marked),
        tuple(groups) if len(groups) < len(found.edges) - 1 else (),
        ("edge", "operation"),
        percent=False,
    )


def _name_of(edge: Edge, graph: nx.DiGraph, label: Mapping[str, str]) -> str:
    """An edge in words, with its key where another edge joins the same nodes."""
    before, node, *key = edge
    shown = f", {key[0]}" if graph.number_of_edges(before, node) > 1 else ""
    return f"{label[before]} → {label[node]}{shown}"


def of_confusion(table: Mapping[str, Any]) -> Heatmap | None:
    """A table of counts in which the rows' names are the columns' names, as shares of each row.

    Args:
        table: ``columns`` (the rows' title, then names) and ``rows`` (a name, then numbers); columns after the
            last row's name, such as one for "none of these", are kept.

    Returns:
        None for any other table.
    """
    names = [str(row[0]) for row in table["rows"] if row]
    columns = [str(column) for column in table["columns"][1:]]
    if len(names) < 2 or len(names) != len(table["rows"]) or columns[: len(names)] != names:
        return None
    cells = [list(row[1:]) for row in table["rows"]]
    if any(len(row) != len(columns) or not all(_is_count(value) for value in row) for row in cells):
        return None
    counts = np.array(cells, dtype=np.float64)
    totals = counts.sum(1, keepdims=True)
    shares = np.divide(counts, totals, out=np.full_like(counts, np.nan), where=totals > 0)
    return Heatmap(tuple(names), tuple(columns), shares, (), (), ("truth", "prediction"), percent=True)


def draw(heatmap: Heatmap, axes: Axes) -> None:
    """Draw it, the first row on top; the numbers are written in where they are legible."""
    rows, columns = heatmap.values.shape
    large = max(rows, columns) > _LABELLED_UP_TO
    colours = matplotlib.colormaps[SEQUENTIAL].with_extremes(bad="#F3F3F3")
    top = max(0.5, float(np.nanmax(heatmap.values, initial=0.0)))
    axes.pcolormesh(
        heatmap.values,
        cmap=colours,
        vmin=0,
        vmax=top / 0.85,
        edgecolors=PAPER,
        linewidth=0 if large else 0.8,
        rasterized=large,
    )
    axes.invert_yaxis()
    if max(rows, columns) <= _WRITTEN_UP_TO:
        _write(heatmap, axes, top)
    for row, column in heatmap.marked:
        axes.add_patch(
            Rectangle((column, row), 1, 1, fill=False, edgecolor=CHOSEN, linewidth=2, zorder=4, clip_on=False)
        )
    for row in heatmap.groups:
        axes.axhline(row, color=INK, linewidth=0.8)
    _name(heatmap, axes, every=math.ceil(2 * max(rows, columns) / _LABELLED_UP_TO) if large else 1)


def _write(heatmap: Heatmap, axes: Axes, top: float) -> None:
    for (row, column), value in np.ndenumerate(heatmap.values):
        if np.isnan(value) or (heatmap.percent and value < 0.005):
            continue
        text = f"{100 * value:.0f}" if heatmap.percent else f"{value:.2f}"
        colour = PAPER if value > 0.6 * top else INK
        axes.text(column + 0.5, row + 0.5, text, size=6.5, ha="center", va="center", color=colour, in_layout=False)


def _name(heatmap: Heatmap, axes: Axes, every: int) -> None:
    axes.grid(visible=False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_yticks(*_ticks(heatmap.rows, every), size=_FONT)
    turn: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    axes.set_xticks(*_ticks(heatmap.columns, every), size=_FONT, **turn)
    axes.set_ylabel(heatmap.titles[0])
    axes.set_xlabel(heatmap.titles[1])


def _ticks(names: Sequence[str], every: int) -> tuple[list[float], list[str]]:
    return [i + 0.5 for i in range(0, len(names), every)], list(names[::every])


def _is_count(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0

"""Several paths on one trellis, side by side where they go the same way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import networkx as nx
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from nasframe.plot import trellis
from nasframe.plot.palette import colours, dashes

_APART, _ROOM = 0.085, 0.55
"""Levels between two paths that go the same way; levels that all together may take."""
_LEGEND_ROW = 0.2


@dataclass(frozen=True)
class PathLine:
    """One path."""

    name: str
    points: tuple[tuple[float, float], ...]
    """Layer and level, moved apart from the others."""


@dataclass(frozen=True)
class Paths:
    """All there is to draw."""

    trellis: trellis.Trellis
    lines: tuple[PathLine, ...]

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in inches of a figure in which nothing touches."""
        width, height = self.trellis.size
        return width, height + _LEGEND_ROW * len(self.lines)


def compute(graph: nx.DiGraph, paths: Mapping[str, Sequence[str]]) -> Paths | None:
    """Paths on the trellis of a space.

    Args:
        graph: of the whole space.
        paths: the nodes of each, by its name.

    Returns:
        None where the space has no states to move between.
    """
    found = trellis.compute(graph)
    if found is None:
        return None
    apart = min(_APART, _ROOM / max(1, len(paths)))
    lines = []
    for index, (name, nodes) in enumerate(paths.items()):
        shift = apart * (index - (len(paths) - 1) / 2)
        at = [graph.nodes[node] for node in nodes]
        lines.append(PathLine(name, tuple((data["layer"], data["level"] + shift) for data in at)))
    return Paths(found, tuple(lines))


def draw(paths: Paths, axes: Axes) -> None:
    """Draw the trellis and the paths over it, the first on top."""
    trellis.draw(paths.trellis, axes)
    names = [line.name for line in paths.lines]
    colour, style = colours(names), dashes(names)
    handles = []
    for rank, line in enumerate(paths.lines):
        x, y = zip(*line.points, strict=True)
        paint = {"color": colour[line.name], "linestyle": style[line.name], "linewidth": 2.2}
        axes.plot(x, y, marker="o", markersize=4, zorder=5 - rank / 100, **paint)  # under the stems' and heads' boxes
        handles.append(Line2D([], [], marker="o", markersize=4, label=line.name, **paint))
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(0, -0.2), borderaxespad=0, handlelength=3)

"""Several networks on one trellis, side by side where they go the same way."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import networkx as nx
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D

from nasframe.graph import NETWORK, part
from nasframe.plot import trellis
from nasframe.plot.layout import Point
from nasframe.plot.palette import colours, dashes

_APART, _ROOM = 0.085, 0.55
"""Levels between two paths that go the same way; levels that all together may take."""
_LEGEND_ROW = 0.2
_PIECES = 16
"""Straight pieces of a bent line."""


@dataclass(frozen=True)
class PathLine:
    """One network: a path, and what it has beside it."""

    name: str
    points: tuple[Point, ...]
    """Layer and level of each of its places, moved apart from the others."""
    wires: tuple[tuple[Point, ...], ...]
    """Of each of its edges the points that it leads through, two where it is straight."""
    optional: tuple[bool, ...]
    """Of each of its edges whether it is optional: drawn thin."""


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


def compute(graph: nx.DiGraph, paths: Mapping[str, Collection[tuple[str, str]]]) -> Paths | None:
    """Networks on the trellis of a space.

    Args:
        graph: of the whole space.
        paths: the edges of each network, by its name.

    Returns:
        None where the space has no states to move between.
    """
    found = trellis.compute(graph)
    if found is None:
        return None
    apart = min(_APART, _ROOM / max(1, len(paths)))
    lines = []
    places = {node: spot for node, spot in zip(part(graph, NETWORK), found.places, strict=True)}
    moves = dict(zip(part(graph, NETWORK).edges, found.moves, strict=True))
    for index, (name, edges) in enumerate(paths.items()):
        shift = apart * (index - (len(paths) - 1) / 2)
        taken = [(places[a], places[b], moves[a, b]) for a, b in moves if (a, b) in edges]
        points = dict.fromkeys((spot.layer, spot.level + shift) for a, b, _ in taken for spot in (a, b))
        wires = tuple(_wire((a.layer, a.level + shift), (b.layer, b.level + shift), move.bend) for a, b, move in taken)
        lines.append(PathLine(name, tuple(points), wires, tuple(move.optional for *_, move in taken)))
    return Paths(found, tuple(lines))


def _wire(start: Point, end: Point, bend: float) -> tuple[Point, ...]:
    """A straight line, or a bent one (a quadratic Bézier curve)."""
    if not bend:
        return start, end
    (x0, y0), (x2, y2) = start, end
    x1, y1 = (x0 + x2) / 2, (y0 + y2) / 2 + bend * (x2 - x0)
    shares = [step / _PIECES for step in range(_PIECES + 1)]
    return tuple(
        ((1 - t) ** 2 * x0 + 2 * t * (1 - t) * x1 + t * t * x2, (1 - t) ** 2 * y0 + 2 * t * (1 - t) * y1 + t * t * y2)
        for t in shares
    )


def draw(paths: Paths, axes: Axes) -> None:
    """Draw the trellis and the paths over it, the first on top."""
    trellis.draw(paths.trellis, axes)
    names = [line.name for line in paths.lines]
    colour, style = colours(names), dashes(names)
    handles = []
    for rank, line in enumerate(paths.lines):
        x, y = zip(*line.points, strict=True)
        paint = {"color": colour[line.name], "linestyle": style[line.name], "linewidth": 2.2}
        above = 5 - rank / 100  # under the stems' and heads' boxes
        axes.plot(x, y, marker="o", markersize=4, zorder=above, color=paint["color"], linestyle="none")
        wires = LineCollection(line.wires, zorder=above, colors=paint["color"], linestyles=[paint["linestyle"]])
        wires.set_linewidths([1.0 if optional else 2.2 for optional in line.optional])
        axes.add_collection(wires)
        handles.append(Line2D([], [], marker="o", markersize=4, label=line.name, **paint))
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(0, -0.2), borderaxespad=0, handlelength=3)

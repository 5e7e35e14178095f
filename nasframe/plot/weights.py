"""How the mixing weights went over a search: how undecided they are, and how much each operation has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from nasframe.graph import parts
from nasframe.plot import operations
from nasframe.plot.canvas import readable
from nasframe.plot.operations import Values, mean_entropy
from nasframe.plot.palette import colours, dashes


@dataclass(frozen=True)
class Lines:
    """Some quantities between 0 and 1 over the snapshots."""

    title: str
    steps: tuple[int, ...]
    lines: tuple[tuple[str, Values], ...]
    """Name and values, shape (snapshots,)."""
    top: float | None
    """Upper end of the axis; None: as the values need."""


def compute(weighted: Sequence[tuple[int, nx.DiGraph]]) -> tuple[Lines, ...]:
    """The entropy of all choices, and the mean weight of each operation in each part.

    Args:
        weighted: for each snapshot its step and the space's graph with its weights, in order.
    """
    if not weighted:
        return ()
    steps, graphs = zip(*weighted, strict=True)
    cells = {name: found for name in parts(graphs[-1]) if (found := operations.compute(graphs, name)) is not None}
    entropies = [(f"operations ({name})", cell.entropy()) for name, cell in cells.items() if len(cell.names) > 1]
    if (forks := _forks(graphs)) is not None:
        entropies.append(("moves", mean_entropy(forks)))
    panels = [Lines("mean entropy: 1 undecided, 0 decided", steps, tuple(entropies), 1.0)] if entropies else []
    for name, cell in cells.items():
        lines = tuple(zip(cell.names, cell.means().T, strict=True))
        panels.append(Lines(f"mean weight of each operation ({readable(name)})", steps, lines, None))
    return tuple(panels)


def draw(lines: Lines, axes: Axes) -> None:
    """Draw the lines and their legend onto one panel."""
    names = [name for name, _ in lines.lines]
    colour, style = colours(names), dashes(names)
    paint: dict[str, Any] = {"linewidth": 1.6, "markersize": 3, "marker": "o" if len(lines.steps) <= 20 else ""}
    for name, values in lines.lines:
        axes.plot(lines.steps, values, color=colour[name], linestyle=style[name], label=readable(name), **paint)
    axes.set_title(lines.title)
    axes.set_xlabel("step")
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    highest = lines.top or max(float(np.nanmax(values, initial=0.0)) for _, values in lines.lines)
    axes.set_ylim(0, 1.05 * highest or 1.0)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), borderaxespad=0)


def _forks(graphs: Sequence[nx.DiGraph]) -> Values | None:
    """Of each node with several moves their weights, shape (snapshots, nodes, moves); NaN: there is no such move."""
    forks = [node for node, moves in _moves(graphs[-1]).items() if len(moves) > 1]
    if not forks:
        return None
    found = [_moves(graph) for graph in graphs]
    most = max(len(moves[node]) for moves in found for node in forks)
    return np.array([[moves[node] + [np.nan] * (most - len(moves[node])) for node in forks] for moves in found])


def _moves(graph: nx.DiGraph) -> dict[str, list[float]]:
    """The weights of the moves out of each node; NaN: it is no number."""
    return {
        node: [
            value if np.isfinite(value) else np.nan
            for _, _, value in graph.out_edges(node, data="value")
            if isinstance(value, float)
        ]
        for node in graph
    }

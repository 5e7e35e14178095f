"""How the mixing weights went over a search: how undecided they are, and how much each operation has."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from nasframe.graph import parts
from nasframe.plot.canvas import readable
from nasframe.plot.palette import colours, dashes

Values = npt.NDArray[np.float64]


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
    steps = tuple(step for step, _ in weighted)
    entropies = [_entropies(graph) for _, graph in weighted]
    names = list(dict.fromkeys(name for entropy in entropies for name in entropy))
    found = []
    if names:
        lines = tuple((name, np.array([entropy.get(name, np.nan) for entropy in entropies])) for name in names)
        found.append(Lines("mean entropy: 1 undecided, 0 decided", steps, lines, 1.0))
    for name in parts(weighted[0][1]) if weighted else ():
        means = [_operation_means(graph, name) for _, graph in weighted]
        operations = list(dict.fromkeys(operation for mean in means for operation in mean))
        if operations:
            lines = tuple((op, np.array([mean.get(op, np.nan) for mean in means])) for op in operations)
            found.append(Lines(f"mean weight of each operation ({readable(name)})", steps, lines, None))
    return tuple(found)


def draw(lines: Lines, axes: Axes) -> None:
    """One panel."""
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


def _entropies(graph: nx.DiGraph) -> dict[str, float]:
    """The mean entropy of the operations on each part's edges, and of the moves out of states.

    Each as a share of the largest possible, that of equal weights.
    """
    rows: dict[str, list[float]] = {}
    for a, _, value in graph.edges(data="value"):
        if isinstance(value, tuple) and len(value) > 1:
            rows.setdefault(f"operations ({graph.nodes[a]['part']})", []).append(_entropy(value))
    for node in graph:
        moves = [value for _, _, value in graph.out_edges(node, data="value") if isinstance(value, float)]
        if len(moves) > 1:
            rows.setdefault("moves", []).append(_entropy(moves))
    return {name: float(np.mean(values)) for name, values in rows.items()}


def _entropy(weights: Sequence[float]) -> float:
    total = sum(weights)
    if not total > 0:  # nor is NaN
        return math.nan
    shares = [weight / total for weight in weights if weight > 0]
    return -sum(share * math.log(share) for share in shares) / math.log(len(weights))


def _operation_means(graph: nx.DiGraph, name: str) -> dict[str, float]:
    rows: dict[str, list[float]] = {}
    for a, _, data in graph.edges(data=True):
        if graph.nodes[a]["part"] == name and isinstance(data.get("value"), tuple):
            for operation, weight in zip(data.get("operations", ()), data["value"], strict=False):
                rows.setdefault(operation, []).append(weight)
    return {operation: float(np.mean(values)) for operation, values in rows.items()}

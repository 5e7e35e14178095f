"""The operations on a cell's edges over the snapshots of a search: what each weighs, and how undecided they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np
import numpy.typing as npt

from nasframe.graph import Edge, edges, part

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Operations:
    """The operations on the edges of a cell over the snapshots."""

    edges: tuple[Edge, ...]
    """By block, then by key, then by input, in reading order."""
    names: tuple[str, ...]
    weights: Values
    """Shape (snapshots, edges, names); NaN where an edge does not offer an operation."""
    skips: tuple[str, ...] = ()
    """Those of the names that hand on what they get, and those that give nothing, as far as the space says so."""
    zeros: tuple[str, ...] = ()

    def entropy(self) -> Values:
        """See ``mean_entropy``; shape (snapshots,)."""
        return mean_entropy(self.weights)

    def means(self) -> Values:
        """Of each operation its mean weight over the edges that offer it, shape (snapshots, names)."""
        offered = np.isfinite(self.weights).sum(1)
        means: Values = np.nan_to_num(self.weights).sum(1) / np.where(offered, offered, np.nan)
        return means


def compute(graphs: Sequence[nx.DiGraph], name: str) -> Operations | None:
    """The operations of one part; None where its edges have no weights in the last snapshot.

    Args:
        graphs: of the space with its weights, one a snapshot, in order.
        name: which part.
    """
    last = part(graphs[-1], name)
    place = {node: (data["layer"], i) for i, (node, data) in enumerate(last.nodes(data=True))}
    found = [
        edge
        for edge, data in edges(last)
        if isinstance(data.get("value"), tuple) and len(data["value"]) == len(data.get("operations", ()))
    ]
    found.sort(key=lambda edge: (place[edge[1]], edge[2:], place[edge[0]]))
    names = tuple(dict.fromkeys(name for edge in found for name in last.edges[edge]["operations"]))
    if not names:
        return None
    weights = np.full((len(graphs), len(found), len(names)), np.nan)
    for frame, graph in enumerate(graphs):
        for row, edge in enumerate(found):
            data = graph.edges[edge]
            for name, value in zip(data["operations"], data.get("value", ()), strict=False):
                weights[frame, row, names.index(name)] = value if np.isfinite(value) else np.nan
    return Operations(tuple(found), names, weights, named(last, "skips"), named(last, "zeros"))


def mean_entropy(weights: Values) -> Values:
    """The mean over the rows of their entropies, each as a share of that of equal weights.

    Args:
        weights: shape (snapshots, rows, options); NaN: no such option. Rows with one option or without any weight
            have nothing to decide and do not count.

    Returns:
        Shape (snapshots,); NaN where no row counts.
    """
    filled = np.nan_to_num(weights)
    offered = np.isfinite(weights).sum(-1)
    totals = filled.sum(-1, keepdims=True)
    shares = np.divide(filled, totals, out=np.zeros_like(filled), where=totals > 0)
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    rows = -(shares * logs).sum(-1) / np.log(np.maximum(offered, 2))
    counted = (offered > 1) & (totals[..., 0] > 0)
    count = counted.sum(-1)
    mean: Values = np.divide((rows * counted).sum(-1), count, out=np.full(len(count), np.nan), where=count > 0)
    return mean


def named(graph: nx.DiGraph, attribute: str) -> tuple[str, ...]:
    """The operations that a graph names as ``skips`` or ``zeros``; none where it does not say."""
    names = graph.graph.get(attribute)
    return names if isinstance(names, tuple) else ()

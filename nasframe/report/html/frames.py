"""What a search's weights were at each snapshot: the moves, where paths go, the best of them, and the operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np

from nasframe.decode import count_paths, k_best, marginals, terminals, visits
from nasframe.errors import GraphError
from nasframe.graph import part, parts
from nasframe.plot import operations
from nasframe.plot.operations import Operations, Values

MOST_FRAMES = 100
_MOST_NUMBERS = 150_000
PATHS = 5
"""How many of the best paths are told."""


@dataclass(frozen=True)
class BestPath:
    """One of the best paths."""

    nodes: tuple[int, ...]
    """Indices among the nodes of the network."""
    log_probability: float
    """Of being drawn, among all paths; natural logarithm."""
    gap: float
    """To the next best; infinite: there is none."""


@dataclass(frozen=True)
class Routes:
    """Where paths go at one snapshot."""

    marginals: Values
    """Of each node of the network the probability that a path visits it, shape (nodes,)."""
    best: tuple[BestPath, ...]
    entropy: float
    """Of the whole path, in nats."""


@dataclass(frozen=True)
class Network:
    """The trellis over the snapshots."""

    nodes: tuple[str, ...]
    moves: Values
    """The weight of each edge, in the order of the graph, shape (snapshots, edges); NaN: it has none."""
    routes: tuple[Routes | None, ...]
    """None: the weights are not those of a trellis with one start."""
    count: int | None
    """How many paths there are, whatever their weights."""


@dataclass(frozen=True)
class Frames:
    """A search's snapshots, evenly spread, the last one among them."""

    steps: tuple[int, ...]
    network: Network | None
    """None: no move has a weight."""
    cells: Mapping[str, Operations]
    """By part; those whose edges have weights."""


def compute(weighted: Sequence[tuple[int, nx.DiGraph]]) -> Frames | None:
    """The frames of a search; None where no snapshot has weights that the graph refers to.

    Args:
        weighted: for each snapshot its step and the space's graph with its weights, in order.
    """
    if not weighted:
        return None
    last = weighted[-1][1]
    numbers = sum(np.size(value) for _, _, value in last.edges(data="value") if value is not None)
    if not numbers:
        return None
    most = max(2, min(MOST_FRAMES, _MOST_NUMBERS // numbers, len(weighted)))
    spread = sorted({round(float(i)) for i in np.linspace(0, len(weighted) - 1, most)}) if len(weighted) > 1 else [0]
    graphs = [weighted[i][1] for i in spread]
    cells = {name: found for name in parts(last) if (found := operations.compute(graphs, name))}
    return Frames(tuple(weighted[i][0] for i in spread), _network([part(g, "network") for g in graphs]), cells)


def _network(graphs: Sequence[nx.DiGraph]) -> Network | None:
    moves = np.array(
        [[v if isinstance(v, float) else np.nan for *_, v in g.edges(data="value")] for g in graphs], dtype=np.float64
    )
    moves = np.where(np.isfinite(moves), moves, np.nan)
    if np.isnan(moves).all():
        return None
    nodes = tuple(graphs[-1])
    try:
        count = count_paths(graphs[-1], *terminals(graphs[-1]))
    except GraphError:
        count = None
    return Network(nodes, moves, tuple(_routes(graph, nodes) for graph in graphs), count)


def _routes(trellis: nx.DiGraph, nodes: Sequence[str]) -> Routes | None:
    try:
        start, ends = terminals(trellis)
        found = marginals(trellis, start, ends)
        best = k_best(trellis, start, ends, PATHS)
    except GraphError:
        return None
    index = {node: i for i, node in enumerate(nodes)}
    visited = visits(trellis, found)
    shares = np.array([visited.get(node, np.nan) for node in nodes])
    routes = (
        BestPath(tuple(index[node] for node in path.nodes), path.log_probability - found.log_partition, path.gap)
        for path in best
    )
    return Routes(shares, tuple(routes), found.entropy)

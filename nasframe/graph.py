"""Graphs of spaces and genotypes: the attributes they carry, and the best path through a trellis.

``SearchSpace.graph()`` returns one plain ``networkx.DiGraph`` whose nodes are strings. It holds the trellis
(``part="network"``) and the cells (``part`` is the cell's name, ``"cell"`` where there is one), not joined by edges.

Of a node:
    part: ``"network"``, or the name of the cell it belongs to.
    kind: in the network ``"stem"``, ``"state"`` (a place in the trellis) or ``"head"``; in a cell ``"input"``,
        ``"block"`` or ``"output"``.
    layer: position along the depth; stems 0 and below, states from 1 on; in a cell the rank in reading order from 0.
    level: the row: resolution level from 0, the finest; in a cell 0.
    label: a short text for drawing.

Of an edge:
    kind: ``"move"`` (in the trellis, chosen), ``"operation"`` (in a cell, carries one operation) or ``"link"``
        (always there).
    operations: of an operation edge: the names of all primitives, a tuple.
    operation: of an operation edge in a genotype's graph: the one chosen.
    weight: where a snapshot holds the mixing weight, ``(array name, index, ...)``; for an operation edge, the row
        over ``operations``. Absent where nothing is relaxed.
    value: after ``with_weights``: the weight, a float, or the row, a tuple of floats.

The graph of a genotype is a subgraph of the space's: the same node names, fewer edges.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Any

import networkx as nx
import numpy as np

__all__ = ["best_path", "from_json", "part", "parts", "to_json", "with_weights"]


def part(graph: nx.DiGraph, name: str) -> nx.DiGraph:
    """A copy of one part: ``"network"`` or a cell's name."""
    # Not ``subgraph``, whose order of nodes may follow a set of strings, which differs from process to process.
    found = graph.copy()
    found.remove_nodes_from([node for node, of in graph.nodes(data="part") if of != name])
    return found


def parts(graph: nx.DiGraph) -> list[str]:
    """The names of the parts, in the order of their first nodes."""
    return list(dict.fromkeys(of for _, of in graph.nodes(data="part")))


def with_weights(graph: nx.DiGraph, arrays: Mapping[str, np.ndarray]) -> nx.DiGraph:
    """A copy whose edges carry ``value``, read from a snapshot's arrays where their ``weight`` says."""
    weighted = graph.copy()
    for _, _, data in weighted.edges(data=True):
        if "weight" in data and data["weight"][0] in arrays:
            name, *index = data["weight"]
            value = arrays[name][tuple(index)]
            data["value"] = float(value) if np.ndim(value) == 0 else tuple(float(v) for v in value)
    return weighted


def best_path(trellis: nx.DiGraph, start: str, ends: Iterable[str], weight: str = "value") -> tuple[list[str], float]:
    """The most probable path (Viterbi): the maximum of the product of the edges' probabilities.

    Compares exact products, because sums of rounded logarithms decide a third of all ties by their last digit.
    Ties are broken towards the smaller level (then the smaller layer): of the predecessor at each node, and of
    the end.

    Args:
        trellis: acyclic; every edge goes from a smaller ``layer`` to a larger one.
        start: the first node of the path.
        ends: where it may end.
        weight: the edge attribute that holds the probability, from 0 to 1.

    Returns:
        The nodes from start to end, and the natural logarithm of the path's probability.

    Raises:
        ValueError: no end can be reached with a probability above 0.
    """
    best = {start: Fraction(1)}
    came_from: dict[str, str] = {}
    place = {node: (data["level"], data["layer"]) for node, data in trellis.nodes(data=True)}
    for node in sorted(trellis, key=lambda node: trellis.nodes[node]["layer"]):
        for before in sorted(trellis.predecessors(node), key=place.__getitem__):
            probability = trellis.edges[before, node][weight]
            if before not in best or probability <= 0:
                continue
            product = best[before] * Fraction(float(probability))
            if product > best.get(node, 0):
                best[node], came_from[node] = product, before
    reached = sorted((end for end in ends if end in best), key=place.__getitem__)
    if not reached:
        raise ValueError(f"no path of positive probability from {start!r} to any of the ends")
    end = max(reached, key=lambda node: best[node])
    path = [end]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    path.reverse()
    return path, math.fsum(math.log(trellis.edges[move][weight]) for move in pairwise(path))


def to_json(graph: nx.DiGraph) -> str:
    """The graph as node-link JSON, without loss: ``from_json`` gives an equal graph."""
    return json.dumps(nx.node_link_data(graph, edges="edges"), indent=1)


def from_json(text: str) -> nx.DiGraph:
    """The inverse of ``to_json``; lists in attributes become the tuples they were."""
    graph = nx.node_link_graph(json.loads(text), edges="edges")
    for data in (graph.graph, *(d for _, d in graph.nodes(data=True)), *(d for _, _, d in graph.edges(data=True))):
        data.update({key: _tuples(value) for key, value in data.items()})
    return graph


def _tuples(value: Any) -> Any:
    return tuple(_tuples(inner) for inner in value) if isinstance(value, list) else value

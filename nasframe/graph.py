"""Graphs of spaces and genotypes: the attributes they carry, and their form in files.

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

Of the graph, where a space says so:
    skips, zeros: the names of the operations that hand on what they get, and of those that give nothing; tuples.

The graph of a genotype is a subgraph of the space's: the same node names, fewer edges.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import networkx as nx
import numpy as np


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


def log_weight(weighted: nx.DiGraph, genotype: nx.DiGraph) -> float | None:
    """The sum of the natural logarithms of the weights of all that a genotype takes: its moves and its operations.

    Args:
        weighted: the space's graph after ``with_weights``.
        genotype: the genotype's graph.

    Returns:
        None where something that it takes has no weight, or the weight 0.
    """
    total = 0.0
    for before, node, data in genotype.edges(data=True):
        if data["kind"] == "link":
            continue
        edge = weighted.edges[before, node]
        value = edge.get("value")
        if isinstance(value, tuple):
            value = value[edge["operations"].index(data["operation"])]
        if not value:
            return None
        total += math.log(value)
    return total


def to_json(graph: nx.DiGraph) -> str:
    """The graph as node-link JSON, without loss: ``from_json`` gives an equal graph."""
    return json.dumps(nx.node_link_data(graph, edges="edges"), indent=1)


def from_json(text: str) -> nx.DiGraph:
    """The inverse of ``to_json``; lists in attributes become the tuples they were."""
    return from_data(json.loads(text))


def from_data(data: Any) -> nx.DiGraph:
    """The graph that the plain data of a JSON text stand for.

    Raises:
        ValueError: they are not what ``to_json`` writes.
    """
    try:
        graph = nx.node_link_graph(data, edges="edges")
        rows = len(data["nodes"]), len(data["edges"])
        for held in (graph.graph, *(d for _, d in graph.nodes(data=True)), *(d for _, _, d in graph.edges(data=True))):
            held.update({key: _tuples(value) for key, value in held.items()})
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, nx.NetworkXError) as error:
        raise ValueError(f"found no graph in node-link form ({type(error).__name__}: {error})") from error
    require_whole(graph, *rows)
    return graph


def require_whole(graph: nx.DiGraph, nodes: int, edges: int) -> None:
    """See that a graph that was read is directed and has as many nodes and edges as its file.

    Raises:
        ValueError: it is not, or something stands twice, or the end of an edge is no node.
    """
    if not graph.is_directed() or graph.is_multigraph():
        raise ValueError(f"found a {type(graph).__name__}, expected a directed graph with one edge between two nodes")
    if names := [node for node in graph if not isinstance(node, str)]:
        raise ValueError(f"found the node {names[0]!r}; names of nodes are strings")
    if (nodes, edges) != (graph.number_of_nodes(), graph.number_of_edges()):
        raise ValueError("a node or an edge stands twice, or the end of an edge is no node; each node stands once")


def _tuples(value: Any) -> Any:
    return tuple(_tuples(inner) for inner in value) if isinstance(value, list) else value

"""Graphs of spaces and genotypes: the attributes they carry, and their form in files.

``SearchSpace.graph()`` returns one plain ``networkx.DiGraph`` whose nodes are strings. It holds the trellis
(``part="network"``) and the cells (``part`` is the cell's name, ``"cell"`` where there is one), not joined by edges.
Where several edges join the same two nodes, as in PNASNet-5's block ``sep_7x7(h) + max_pool_3x3(h)``, it is a
``networkx.MultiDiGraph``, which is a ``DiGraph`` too; whoever reads graphs takes both.

Of a node:
    part: ``"network"``, or the name of the cell it belongs to.
    kind: in the network ``"stem"``, ``"state"`` (a place in the trellis) or ``"head"``; in a cell ``"input"``,
        ``"block"`` or ``"output"``.
    layer: position along the depth; stems 0 and below, states from 1 on; in a cell the rank in reading order from 0.
    level: the row: resolution level from 0, the finest; in a cell 0.
    label: a short text for drawing.
    combine: of a block: how it joins what its edges bring, ``"add"`` or ``"concat"`` (along the channels); absent:
        ``"add"``. In the graph of a space whose genotypes choose it: a tuple of both.

Of an edge:
    kind: ``"move"`` (in the trellis, chosen), ``"operation"`` (in a cell, carries one operation) or ``"link"``
        (always there, or following from what is chosen). The links into a cell's output are what it concatenates:
        one from each of these states, be it a block or an input.
    operations: of an operation edge: the names of all primitives, a tuple.
    operation: of an operation edge in a genotype's graph: the one chosen.
    weight: where a snapshot holds the mixing weight, ``(array name, index, ...)``; for an operation edge, the row
        over ``operations``. Absent where nothing is relaxed.
    value: after ``with_weights``: the weight, a float, or the row, a tuple of floats.

Of the graph, where a space says so:
    skips, zeros: the names of the operations that hand on what they get, and of those that give nothing; tuples.

An edge's *name* is ``(before, node)``; in a MultiDiGraph ``(before, node, key)``, where the key is a string. ``edges``
and ``edges_into`` give names with attributes, and ``graph.edges[name]`` takes them back, whichever of the two it is.

Keys: where the operation edges into a block have more than one key, each key is one of its inputs, like ``"left"`` and
``"right"``: the graph of a space has, under each key, an edge from every node that the input may come from, and a
genotype keeps one of them. Where all of them have one key, the key says nothing, and a genotype keeps as many as its
space wants. Moves, and links, never join two nodes twice, and their keys say nothing.

The graph of a genotype is a subgraph of the space's: the same names of nodes, fewer edges, by name and key. Both are
of the same class.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import networkx as nx
import numpy as np

from nasframe.errors import GraphError

Edge = tuple[str, str] | tuple[str, str, str]
"""An edge's name: the node it leaves, the node it enters and, in a MultiDiGraph, its key."""
NETWORK = "network"
"""The part that is a trellis."""


def edges(graph: nx.DiGraph) -> Iterator[tuple[Edge, dict[str, Any]]]:
    """Every edge: its name and its attributes, in the order of the graph."""
    yield from graph.edges.items()


def edges_into(graph: nx.DiGraph, node: str) -> Iterator[tuple[Edge, dict[str, Any]]]:
    """The edges that enter a node: their names and attributes."""
    for before, between in graph.pred[node].items():
        if graph.is_multigraph():
            yield from (((before, node, key), data) for key, data in between.items())
        else:
            yield (before, node), between


def part(graph: nx.DiGraph, name: str) -> nx.DiGraph:
    """A copy of one part: a cell, of the graph's own class, or the trellis (``"network"``), always without keys.

    Raises:
        GraphError: two edges of the trellis join the same nodes.
    """
    # Not ``subgraph``, whose order of nodes may follow a set of strings, which differs from process to process.
    found = graph.copy()
    found.remove_nodes_from([node for node, of in graph.nodes(data="part") if of != name])
    return _plain(found) if name == NETWORK and found.is_multigraph() else found


def _plain(trellis: nx.MultiDiGraph) -> nx.DiGraph:
    """The same without keys."""
    plain = nx.DiGraph()
    plain.graph.update(trellis.graph)
    plain.add_nodes_from(trellis.nodes(data=True))
    plain.add_edges_from(trellis.edges(data=True))
    if plain.number_of_edges() < trellis.number_of_edges():
        twice = next((a, b) for a, b in plain.edges if trellis.number_of_edges(a, b) > 1)
        raise GraphError(
            f"found several edges from {twice[0]!r} to {twice[1]!r} in the trellis; one was expected: only in a cell "
            "may several edges join two nodes"
        )
    return plain


def parts(graph: nx.DiGraph) -> list[str]:
    """The names of the parts, in the order of their first nodes."""
    return list(dict.fromkeys(of for _, of in graph.nodes(data="part")))


def with_weights(graph: nx.DiGraph, arrays: Mapping[str, np.ndarray]) -> nx.DiGraph:
    """A copy whose edges carry ``value``, read from a snapshot's arrays where their ``weight`` says."""
    weighted = graph.copy()
    for _, data in edges(weighted):
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
    for name, data in edges(genotype):
        if data["kind"] == "link":
            continue
        edge = weighted.edges[name]
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
        for held in (graph.graph, *(d for _, d in graph.nodes(data=True)), *(d for _, d in edges(graph))):
            held.update({key: _tuples(value) for key, value in held.items()})
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, nx.NetworkXError) as error:
        raise ValueError(f"found no graph in node-link form ({type(error).__name__}: {error})") from error
    require_whole(graph, *rows)
    return graph


def require_whole(graph: nx.DiGraph, node_count: int, edge_count: int) -> None:
    """See that a graph that was read is directed, is named by strings and has as many nodes and edges as its file.

    Raises:
        ValueError: it is not, or something stands twice, or the end of an edge is no node.
    """
    if not graph.is_directed():
        raise ValueError(f"found a {type(graph).__name__}, expected a directed graph")
    if names := [
        name for name in (*graph, *(name for edge in graph.edges for name in edge)) if not isinstance(name, str)
    ]:
        raise ValueError(f"found {names[0]!r}; names of nodes are strings, and so are keys of edges")
    if (node_count, edge_count) != (graph.number_of_nodes(), graph.number_of_edges()):
        raise ValueError("a node or an edge stands twice, or the end of an edge is no node; each node stands once")


def _tuples(value: Any) -> Any:
    return tuple(_tuples(inner) for inner in value) if isinstance(value, list) else value

"""The trellis of layers and resolution levels (Auto-DeepLab, section 3.2): its moves, written once, as a graph.

A state ``l3/s8`` is layer 3 at stride 8. Every move stays at a level or goes one finer or one coarser.
"""

from __future__ import annotations

from collections.abc import Set

import networkx as nx

STEM = "stem1"
"""The first stem layer, at stride 2."""
ENTRY = "stem2"
"""The second stem layer, at stride 4: where every path starts."""
HEAD = "head"
FINEST = 4
"""Stride of level 0."""
STEPS = (-1, 0, 1)
"""The three kinds of move out of a node, as changes of the level: the columns of the table of betas."""


def state(layer: int, stride: int) -> str:
    """The name of a state."""
    return f"l{layer}/s{stride}"


def level_of(stride: int) -> int:
    """The row of a stride; stems at finer ones stand in the finest."""
    return max(0, (stride // FINEST).bit_length() - 1)


def trellis(layers: int, levels: int) -> nx.DiGraph:
    """All states and moves, with the attributes of ``nasframe.graph`` and each network node's ``stride``.

    The ``weight`` of a move is ``("move", row, column)``: a row for each node that has moves, in reading order,
    and a column for each of ``STEPS``.
    """
    graph = nx.DiGraph()
    _add(graph, STEM, "stem", layer=-1, stride=FINEST // 2)
    _add(graph, ENTRY, "stem", layer=0, stride=FINEST)
    graph.add_edge(STEM, ENTRY, kind="link")
    row, sources = 0, [ENTRY]
    for layer in range(1, layers + 1):
        targets: dict[str, None] = {}
        for source in sources:
            for column, step in enumerate(STEPS):
                level = graph.nodes[source]["level"] + step
                if 0 <= level < levels:
                    target = state(layer, FINEST << level)
                    _add(graph, target, "state", layer, FINEST << level)
                    graph.add_edge(source, target, kind="move", weight=("move", row, column))
                    targets[target] = None
            row += 1
        sources = list(targets)
    _add(graph, HEAD, "head", layers + 1, FINEST)
    graph.add_edges_from(((last, HEAD) for last in sources), kind="link")
    return graph


def moves(graph: nx.DiGraph) -> nx.DiGraph:
    """A copy with the moves alone, and the nodes that they join."""
    return keep_edges(graph, {edge for edge in graph.edges if graph.edges[edge]["kind"] == "move"})


def keep_edges(graph: nx.DiGraph, kept: Set[tuple[str, str]]) -> nx.DiGraph:
    """A copy with some of the edges and the nodes that they join, in the order of the graph.

    (networkx's own subgraphs have the order of a set, which differs from one process to the next.)
    """
    smaller = graph.copy()
    smaller.remove_edges_from([edge for edge in graph.edges if edge not in kept])
    smaller.remove_nodes_from(list(nx.isolates(smaller)))
    return smaller


def states(graph: nx.DiGraph) -> list[str]:
    """The states in reading order: layer by layer, the finest first."""
    return [node for node, kind in graph.nodes(data="kind") if kind == "state"]


def last_states(graph: nx.DiGraph) -> list[str]:
    """The states of the last layer, the finest first."""
    return list(graph.predecessors(HEAD))


def skipped(graph: nx.DiGraph, node: str) -> str:
    """The node that a state reads as H^{l-2}: the same level two layers before, or else the nearest finer one.

    In layer 1 that is the first stem layer, in layer 2 the second (the authors' answer; see the README).
    """
    layer, stride = graph.nodes[node]["layer"], graph.nodes[node]["stride"]
    finer: dict[str, int] = {
        other: int(at["stride"]) for other, at in graph.nodes(data=True) if at["layer"] == layer - 2
    }
    return max((other for other in finer if finer[other] <= stride), key=finer.__getitem__)


def _add(graph: nx.DiGraph, node: str, kind: str, layer: int, stride: int) -> None:
    level, label = level_of(stride), _label(node, kind, stride)
    graph.add_node(node, part="network", kind=kind, layer=layer, level=level, stride=stride, label=label)


def _label(node: str, kind: str, stride: int) -> str:
    return str(stride) if kind == "state" else node

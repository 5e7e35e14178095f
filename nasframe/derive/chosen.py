"""What mixing weights favour, as the graph of a genotype: for runs that have not derived one yet."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx

from nasframe import decode
from nasframe.derive.compute import strongest_cells
from nasframe.errors import GraphError
from nasframe.graph import NETWORK, edges, part


def favoured(graph: nx.DiGraph) -> nx.DiGraph | None:
    """The most probable path and the strongest edges of each block, as ``decode.strongest`` keeps them: a subgraph.

    Args:
        graph: of a whole space, with the values of a snapshot.

    Returns:
        None where nothing has a weight.
    """
    network = part(graph, NETWORK)
    operations = {
        name: operation
        for blocks in strongest_cells(graph).values()
        for block in blocks
        for name, operation in block.operations().items()
    }
    moves = set(pairwise(_best_path(network)))
    if not moves and not operations:
        return None
    passed = {node for move in moves for node in move}
    passed |= {node for node, kind in graph.nodes(data="kind") if kind != "state"}
    chosen = graph.copy()
    for name, data in edges(graph):
        ends = name[:2]
        kept = {"move": ends in moves, "operation": name in operations, "link": passed.issuperset(ends)}
        if not kept[data["kind"]]:
            chosen.remove_edge(*name)
    chosen.remove_nodes_from(list(nx.isolates(chosen)))
    nx.set_edge_attributes(chosen, operations, "operation")
    return chosen


def _best_path(network: nx.DiGraph) -> tuple[str, ...]:
    """Without the label bias left alone: the literal rule; no nodes where there is no weighted trellis."""
    try:
        return decode.k_best(network, *decode.terminals(network))[0].nodes
    except GraphError:
        return ()

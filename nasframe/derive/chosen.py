"""What mixing weights favour, as the graph of a genotype: for runs that have not derived one yet."""

from __future__ import annotations

import networkx as nx

from nasframe import decode
from nasframe.derive.compute import strongest_cells
from nasframe.derive.paths import on_the_way, taken
from nasframe.errors import GraphError
from nasframe.graph import NETWORK, edges, part, unused


def favoured(graph: nx.DiGraph) -> nx.DiGraph | None:
    """The most probable path and the strongest edges of each block that it uses (``decode.strongest``): a subgraph.

    With them go the optional edges that are more probable than not.

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
    path = _best_path(network)
    kept = set(taken(graph, path))
    if not kept and not operations:
        return None
    passed = on_the_way(graph, path)
    chosen = graph.copy()
    chosen.remove_nodes_from(unused(graph, passed))
    chosen.remove_nodes_from([node for node in network if node not in passed])
    for name, data in list(edges(chosen)):
        if name not in kept and name not in operations and data["kind"] != "link":
            chosen.remove_edge(*name)
    chosen.remove_nodes_from(list(nx.isolates(chosen)))
    nx.set_edge_attributes(chosen, {name: op for name, op in operations.items() if chosen.has_edge(*name)}, "operation")
    return chosen


def _best_path(network: nx.DiGraph) -> tuple[str, ...]:
    """Without the label bias left alone: the literal rule; no nodes where there is no weighted trellis."""
    try:
        return decode.k_best(network, *decode.terminals(network))[0].nodes
    except GraphError:
        return ()

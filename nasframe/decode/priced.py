"""Priced trellises: several nodes may stand for one place, because what a move costs depends on the way before it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import networkx as nx

from nasframe.decode.kbest import count_paths
from nasframe.decode.moves import terminals
from nasframe.errors import GraphError


def with_values_of(priced: nx.DiGraph, trellis: nx.DiGraph) -> nx.DiGraph:
    """A copy of a priced trellis with all that its places and their moves carry in the trellis, the values above all.

    Raises:
        GraphError: its paths are not the trellis' paths.
    """
    valued = priced.copy()
    for node, data in valued.nodes(data=True):
        if _place(priced, node) not in trellis:
            raise GraphError(f"the priced trellis has the place {_place(priced, node)!r}; the trellis has not")
        data.update({**trellis.nodes[_place(priced, node)], **data})
    for before, node, data in valued.edges(data=True):
        move = _place(priced, before), _place(priced, node)
        if not trellis.has_edge(*move):
            raise GraphError(f"the priced trellis goes from {move[0]!r} to {move[1]!r}; the trellis has no such move")
        data.update({**trellis.edges[move], **data})
    counts = [count_paths(graph, *terminals(graph)) for graph in (priced, trellis)]
    if counts[0] != counts[1]:
        raise GraphError(
            f"the number of paths is {counts[0]} in the priced trellis, {counts[1]} in the trellis; expected the same"
        )
    return valued


def places(priced: nx.DiGraph, nodes: Iterable[str]) -> tuple[str, ...]:
    """The places that the nodes of a path stand for; of a trellis that is not priced, the nodes."""
    return tuple(_place(priced, node) for node in nodes)


def priced_path(priced: nx.DiGraph, path: Sequence[str]) -> tuple[str, ...]:
    """The nodes of the one path that goes through given places.

    Raises:
        GraphError: there is no such path.
    """
    start, ends = terminals(priced)
    ways: list[tuple[str, ...]] = [(start,)] if _place(priced, start) == path[0] else []
    for place in path[1:]:
        ways = [(*way, node) for way in ways for node in priced.successors(way[-1]) if _place(priced, node) == place]
    whole = [way for way in ways if way[-1] in ends]
    if len(whole) != 1:
        raise GraphError(
            f"the number of paths through {', '.join(path)} of the priced trellis is {len(whole)}; expected one"
        )
    return whole[0]


def _place(priced: nx.DiGraph, node: str) -> str:
    return str(priced.nodes[node].get("place", node))

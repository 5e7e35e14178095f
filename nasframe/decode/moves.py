"""The part of a trellis that paths can use, checked once; every decoder works on it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import networkx as nx
import numpy as np

from nasframe.errors import GraphError, listed


@dataclass(frozen=True)
class Moves:
    """All moves that lie on a path from a start to one of some ends."""

    start: str
    ends: tuple[str, ...]
    """The ends that can be reached."""
    after: Mapping[str, Mapping[str, float]]
    """Of each node the moves that leave it, with their values; nodes by layer, so each after all before it."""
    before: Mapping[str, Mapping[str, float]]
    """Of each node the moves that arrive; the same order."""
    depth: Mapping[str, int]
    """Of each node its layer, counted from 0 at the start without gaps."""
    rank: Mapping[str, int]
    """Of each node its place in the order that breaks ties: by level, then layer, then the graph's own order. Nodes
    of a priced trellis that stand for one place have one rank."""


def moves_between(trellis: nx.DiGraph, start: str, ends: Iterable[str], weighted: bool = True) -> Moves:
    """The usable part of a trellis.

    Args:
        trellis: nodes carry ``layer`` and ``level``; edges of kind ``"move"`` or of no kind are moves and carry
            ``value``; edges of other kinds are passed over, so a space's whole graph will do, if its edges have no
            keys.
        start: where paths begin.
        ends: where they may end; an end may have moves of its own.
        weighted: keep only moves of positive value. Otherwise all moves, each with the value 1.

    Raises:
        GraphError: edges with keys, an unknown node, a move that goes to no later layer, a value that is missing,
            negative or not finite, or no end within reach.
    """
    require_plain(trellis)
    ends = tuple(dict.fromkeys(ends))
    if unknown := [node for node in (start, *ends) if node not in trellis]:
        raise GraphError(f"the trellis has no node {unknown[0]!r}; it has {listed(trellis, repr)}")
    order = sorted(trellis, key=lambda node: trellis.nodes[node]["layer"])
    reached = {start}
    leaving: dict[str, dict[str, float]] = {}
    for node in order:
        if node in reached:
            leaving[node] = dict(_leaving(trellis, node, weighted))
            reached.update(leaving[node])
    useful = reached.intersection(ends)
    for node in reversed(order):
        if node in reached and not useful.isdisjoint(leaving[node]):
            useful.add(node)
    if not useful:
        positive = " by moves of positive value" if weighted else ""
        raise GraphError(f"none of the ends ({listed(ends, repr)}) can be reached from {start!r}{positive}")
    return _usable(trellis, start, ends, {node: leaving[node] for node in order if node in useful})


def terminals(trellis: nx.DiGraph) -> tuple[str, tuple[str, ...]]:
    """The start and the ends that a trellis' moves imply: no move arrives at the start, none leaves an end.

    Raises:
        GraphError: it has no moves, or more than one node where they begin.
    """
    require_plain(trellis)
    moves = [(before, after) for before, after, data in trellis.edges(data=True) if is_move(data)]
    sources = dict.fromkeys(before for before, _ in moves)
    targets = {after for _, after in moves}
    starts = [node for node in sources if node not in targets]
    if len(starts) != 1:
        raise GraphError(
            "a trellis has one node where its moves begin; this graph has "
            f"{listed(starts, repr) or 'no moves at all'}; name the start and the ends"
        )
    return starts[0], tuple(node for node in trellis if node in targets and node not in sources)


def log_probability(trellis: nx.DiGraph, nodes: Iterable[str]) -> float:
    """The sum of the natural logarithms of a path's values; -inf where one of them is 0.

    Raises:
        GraphError: two nodes that follow each other are not joined by a move, or its value is wrong.
    """
    require_plain(trellis)
    values = []
    for before, after in pairwise(nodes):
        if not trellis.has_edge(before, after) or not is_move(trellis.edges[before, after]):
            raise GraphError(f"the trellis has no move from {before!r} to {after!r}")
        values.append(_value(trellis, before, after))
    return math.fsum(map(math.log, values)) if all(values) else -math.inf


def require_plain(trellis: nx.DiGraph) -> None:
    """See that the edges of a trellis have no keys.

    Raises:
        GraphError: they have.
    """
    if trellis.is_multigraph():
        raise GraphError(
            f"found a {type(trellis).__name__}; paths lead through a trellis without keys: give "
            "nasframe.graph.part(graph, 'network')"
        )


def is_move(edge: Mapping[str, object]) -> bool:
    """Whether an edge's attributes make it a move: its kind is ``"move"``, or it says none."""
    return edge.get("kind", "move") == "move"


def _usable(
    trellis: nx.DiGraph, start: str, ends: tuple[str, ...], leaving: Mapping[str, Mapping[str, float]]
) -> Moves:
    after = {node: {other: value for other, value in leaving[node].items() if other in leaving} for node in leaving}
    before: dict[str, dict[str, float]] = {node: {} for node in after}
    for node, targets in after.items():
        for target, value in targets.items():
            before[target][node] = value
    layers = {node: trellis.nodes[node]["layer"] for node in after}
    depths = {layer: depth for depth, layer in enumerate(dict.fromkeys(layers.values()))}
    ranked = sorted(after, key=lambda node: trellis.nodes[node]["level"])  # stable: then by layer, then as in the graph
    places = {node: str(trellis.nodes[node].get("place", node)) for node in ranked}
    ranks = {place: rank for rank, place in enumerate(dict.fromkeys(places.values()))}
    return Moves(
        start=start,
        ends=tuple(end for end in ends if end in after),
        after=after,
        before=before,
        depth={node: depths[layer] for node, layer in layers.items()},
        rank={node: ranks[place] for node, place in places.items()},
    )


def _leaving(trellis: nx.DiGraph, node: str, weighted: bool) -> Iterator[tuple[str, float]]:
    layers = trellis.nodes(data="layer")
    for after, data in trellis.adj[node].items():
        if not is_move(data):
            continue
        if layers[after] <= layers[node]:
            raise GraphError(
                f"the move from {node!r} to {after!r} goes from layer {layers[node]} to {layers[after]}; "
                "every move of a trellis goes to a later layer"
            )
        value = _value(trellis, node, after) if weighted else 1.0
        if value > 0:
            yield after, value


def _value(trellis: nx.DiGraph, before: str, after: str) -> float:
    data = trellis.edges[before, after]
    if "value" not in data:
        raise GraphError(
            f"the move from {before!r} to {after!r} carries no 'value'; nasframe.graph.with_weights() sets the values "
            "from a snapshot"
        )
    value = data["value"]
    if not isinstance(value, int | float | np.number) or not 0 <= value < math.inf:
        raise GraphError(
            f"the move from {before!r} to {after!r} has the value {value!r}; a number from 0 on was expected"
        )
    return float(value)

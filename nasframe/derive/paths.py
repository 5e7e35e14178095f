"""The best paths of a trellis with all that is said of them: probabilities, gaps, costs, known designs beside them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import networkx as nx

from nasframe import decode
from nasframe.decode import Bound, Design, Distance
from nasframe.decode.bounds import exact_bound
from nasframe.decode.moves import is_move, moves_between
from nasframe.derive.bounds import limited
from nasframe.errors import GraphError
from nasframe.graph import NETWORK, Edge, edges, part

_EVEN = 0.5


@dataclass(frozen=True)
class FoundPath:
    """One path through a space's trellis."""

    nodes: tuple[str, ...]
    """As in the space's graph, from the start to an end."""
    levels: tuple[int, ...]
    """After each move."""
    labels: tuple[str, ...]
    """Of all nodes but the first: strides, where the space says strides."""
    log_probability: float
    """The sum of the natural logarithms of its moves' values; -inf where one of them is 0."""
    probability: float
    """To be drawn; the probabilities of all paths sum to 1."""
    gap: float | None
    """How far ``log_probability`` is ahead of the next path within the bounds; None: no next one is known."""
    costs: Mapping[str, float]


@dataclass(frozen=True)
class KnownPath:
    """A known design, or what the run itself derived, as a path of the same trellis."""

    name: str
    title: str
    published: bool
    path: FoundPath
    distance: Distance
    """To the best path."""


@dataclass(frozen=True)
class Route:
    """A trellis with values, and what its paths cost."""

    trellis: nx.DiGraph
    """Plain, or priced."""
    start: str
    ends: tuple[str, ...]
    bounds: Sequence[Bound]
    log_partition: float

    def best(self, k: int) -> list[FoundPath]:
        """The k best paths within the bounds.

        Raises:
            GraphError: no path is within the bounds; names the cheapest.
        """
        try:
            found = decode.k_best(self.trellis, self.start, self.ends, k, self.bounds)
        except GraphError as error:
            bounded = limited(self.bounds)
            if not bounded:
                raise
            raise GraphError("\n".join([str(error), *map(self._cheapest_line, bounded)])) from error
        return [self._described(path.nodes, path.gap) for path in found]

    def through(self, places: Sequence[str]) -> FoundPath:
        """A given path.

        Raises:
            GraphError: the trellis has no such path.
        """
        return self._described(decode.priced_path(self.trellis, places), math.inf)

    def _described(self, nodes: Sequence[str], gap: float) -> FoundPath:
        names = decode.places(self.trellis, nodes)
        log = decode.log_probability(self.trellis, nodes)
        steps = [(None, nodes[0]), *pairwise(nodes)]
        costs = {
            bound.name: float(sum(Fraction(bound.price(before, node)) for before, node in steps))
            for bound in self.bounds
        }
        return FoundPath(
            nodes=names,
            levels=decode.levels_of(self.trellis, nodes),
            labels=tuple(str(self.trellis.nodes[node].get("label", node)) for node in nodes[1:]),
            log_probability=log,
            probability=math.exp(log - self.log_partition),
            gap=None if math.isinf(gap) else gap,
            costs=costs,
        )

    def _cheapest_line(self, bound: Bound) -> str:
        """The path that costs least or, where a bound asks for at least so much, most; of equals the most probable."""
        moves = moves_between(self.trellis, self.start, self.ends)
        exact = exact_bound(moves, bound)
        low = min(exact.cheapest[end] for end in moves.ends) / exact.unit
        high = max(exact.dearest[end] for end in moves.ends) / exact.unit
        word, bound = (
            ("cheapest", Bound(bound.name, bound.price, most=low))
            if bound.most < math.inf
            else ("dearest", Bound(bound.name, bound.price, least=high))
        )
        others = [replaced for other in self.bounds if (replaced := _unlimited(other)).name != bound.name]
        found = decode.k_best(self.trellis, self.start, self.ends, 1, [bound, *others])[0]
        path = self._described(found.nodes, math.inf)
        costs = ", ".join(f"{name} {cost:.10g}" for name, cost in path.costs.items())
        return f"The {word} path by {bound.name}: {' '.join(path.labels)} ({costs})"


def path_of(genotype: nx.DiGraph) -> tuple[str, ...]:
    """The nodes of the path that the moves in a genotype's graph make; none where they make no path, but branch."""
    moves = [(before, node) for before, node, kind in genotype.edges(data="kind") if kind == "move"]
    after = dict(moves)
    path = [node for node in after if node not in after.values()][:1]
    while path and path[-1] in after:
        path.append(after[path[-1]])
    return tuple(path) if len(path) == len(moves) + 1 else ()


def on_the_way(graph: nx.DiGraph, path: Sequence[str]) -> set[str]:
    """The nodes of the network that an architecture with a path has: the path, and what links join to its ends.

    Stems and heads are always on the way; where nothing moves, so is everything.

    Args:
        graph: of a whole space.
        path: its nodes; empty: it is not known.
    """
    network = part(graph, NETWORK)
    if not any(is_move(data) for *_, data in network.edges(data=True)):
        return set(network)
    links = network.edge_subgraph([(a, b) for a, b, kind in network.edges(data="kind") if kind == "link"])
    found = {*path, *(node for node, kind in network.nodes(data="kind") if kind != "state")}
    found |= nx.ancestors(links, path[0]) if path and path[0] in links else set()
    found |= nx.descendants(links, path[-1]) if path and path[-1] in links else set()
    return found


def taken(graph: nx.DiGraph, path: Sequence[str]) -> list[Edge]:
    """The moves of a path, and the optional edges on its way that are as probable as not, or more so.

    Args:
        graph: of a whole space, with the values of a snapshot.
        path: its nodes.
    """
    moves, way = set(pairwise(path)), on_the_way(graph, path)
    found = []
    for name, data in edges(graph):
        probable = data["kind"] == "optional" and data.get("value", 0.0) >= _EVEN and way.issuperset(name[:2])
        if probable or (data["kind"] == "move" and name[:2] in moves):
            found.append(name)
    return found


def known_designs(designs: Iterable[Design], route: Route, trellis: nx.DiGraph, best: FoundPath) -> list[KnownPath]:
    """The designs that fit a trellis.

    Args:
        designs: that the space knows.
        trellis: not priced.
    """
    found = []
    for design in designs:
        try:
            places = decode.path_of_levels(trellis, route.start, design.levels)
        except GraphError:
            continue  # of another depth, or of levels that this trellis has not
        path = route.through(places)
        distance = decode.distance(path.levels, best.levels)
        found.append(KnownPath(design.name, design.title, design.published, path, distance))
    return found


def _unlimited(bound: Bound) -> Bound:
    return Bound(bound.name, bound.price)

"""The k best paths through a trellis, also under bounds: exact, and with the gap to the next.

A best-first search (A*) from the ends back to the start. The bound of a partial path is its own product of values
times the best product that leads up to it, so without bounds it walks straight to the answers. Under bounds, a
partial path is dropped when no way to it can meet them, or when k others to the same node come before it and serve
every such way as well (label setting with dominance).

Values are floats, and floats are fractions: their products are compared as whole numbers, without rounding. Sums of
rounded logarithms would decide ties by their last digit.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice, pairwise
from typing import NamedTuple

import networkx as nx

from nasframe.decode.bounds import Bound, ExactBound, exact_bound, infeasible
from nasframe.decode.moves import Moves, moves_between


@dataclass(frozen=True)
class Path:
    """One way through a trellis."""

    nodes: tuple[str, ...]
    """From the start to an end."""
    log_probability: float
    """The sum of the natural logarithms of its moves' values."""
    gap: float = math.inf
    """By how much ``log_probability`` exceeds that of the next best path; infinite: there is no other."""
    costs: Mapping[str, float] = field(default_factory=dict)
    """What it costs, by the bounds' names."""


def k_best(
    trellis: nx.DiGraph, start: str, ends: Iterable[str], k: int = 1, bounds: Sequence[Bound] = ()
) -> list[Path]:
    """The k most probable paths, best first; fewer where there are no more.

    The order is exact. Of paths with equal products the one comes first that ends at the smaller level; then the
    one whose last move comes from the smaller level, and so on towards the start.

    Args:
        trellis: as ``moves_between`` describes it; only moves of positive value are used.
        start: where paths begin.
        ends: where they may end.
        k: how many; at least 1.
        bounds: what paths may cost; all hold at once. The gap is then that between paths within the bounds.

    Raises:
        GraphError: the trellis is wrong, no end can be reached, or no path is within the bounds.
    """
    if k < 1:
        raise ValueError(f"k is {k}; the number of paths is at least 1")
    moves = moves_between(trellis, start, ends)
    found = list(islice(_search(moves, bounds, k + 1), k + 1))
    if not found:
        raise infeasible(moves, bounds)
    logs = [path.log_probability for path in found] + [-math.inf]
    # Two products may differ by less than the rounding of their logarithms: a gap is never below 0.
    gaps = (max(0.0, log - following) for log, following in pairwise(logs))
    return [Path(path.nodes, path.log_probability, gap, path.costs) for path, gap in zip(found[:k], gaps, strict=False)]


def count_paths(trellis: nx.DiGraph, start: str, ends: Iterable[str]) -> int:
    """How many paths there are, whatever their values; exact. Auto-DeepLab's trellis of 12 layers has 75,025."""
    moves = moves_between(trellis, start, ends, weighted=False)
    ways = {moves.start: 1}
    for node, sources in moves.before.items():
        if node != moves.start:
            ways[node] = sum(ways[before] for before in sources)
    return sum(ways[end] for end in moves.ends)


class _Rest(NamedTuple):
    """The rest of a path, from some node to its end; as tuples they are ordered as the search takes them."""

    bound: int
    """Minus the product of the best path with this rest."""
    ranks: tuple[int, ...]
    """Its nodes, as tie-breaking ranks, from the end back."""
    product: int
    costs: tuple[int, ...]
    """After the node, not at it: what arriving there costs depends on the way."""
    nodes: tuple[str, ...]
    """Its nodes, from the end back."""


def _search(moves: Moves, bounds: Sequence[Bound], k: int) -> Iterator[Path]:
    """The paths within the bounds in order; of the first k none is missing."""
    exact = [exact_bound(moves, bound) for bound in bounds]
    values, upto, scale = _products(moves)
    deepest = max(moves.depth.values())
    queue: list[_Rest] = []
    for end in moves.ends:
        product = scale ** (deepest - moves.depth[end])  # as if every path were equally long
        heapq.heappush(queue, _Rest(-product * upto[end], (moves.rank[end],), product, (0,) * len(exact), (end,)))
    taken: dict[str, list[tuple[int, ...]]] = {node: [] for node in moves.before}
    while queue:
        rest = heapq.heappop(queue)
        node = rest.nodes[-1]
        if not _allowed(exact, node, rest.costs) or _dominated(exact, node, rest.costs, taken[node], k):
            continue
        taken[node].append(rest.costs)
        if node == moves.start:
            yield _path(moves, rest.nodes[::-1], exact, rest.costs)
            continue
        for before in moves.before[node]:
            product = rest.product * values[before, node]
            costs = tuple(cost + limit.arriving[before, node] for cost, limit in zip(rest.costs, exact, strict=True))
            ranks = (*rest.ranks, moves.rank[before])
            heapq.heappush(queue, _Rest(-product * upto[before], ranks, product, costs, (*rest.nodes, before)))


def _allowed(exact: Sequence[ExactBound], node: str, costs: Sequence[int]) -> bool:
    return all(limit.allows(node, cost) for limit, cost in zip(exact, costs, strict=True))


def _dominated(
    exact: Sequence[ExactBound], node: str, costs: Sequence[int], taken: Iterable[Sequence[int]], k: int
) -> bool:
    """Whether k of the rests taken at a node, all of them better by product or by tie, serve as well."""
    if not exact:
        return sum(1 for _ in taken) >= k
    dominating = (
        other
        for other in taken
        if all(limit.as_good(node, good, cost) for limit, good, cost in zip(exact, other, costs, strict=True))
    )
    return sum(1 for _ in islice(dominating, k)) == k


def _products(moves: Moves) -> tuple[dict[tuple[str, str], int], dict[str, int], int]:
    """The values as whole numbers, the best product up to each node, and the scale: a layer multiplies by it once."""
    fractions = {
        (before, node): Fraction(value) for node, into in moves.before.items() for before, value in into.items()
    }
    scale = math.lcm(*(fraction.denominator for fraction in fractions.values()))
    values = {
        (before, node): int(fraction * scale ** (moves.depth[node] - moves.depth[before]))
        for (before, node), fraction in fractions.items()
    }
    upto = {moves.start: 1}
    for node, sources in moves.before.items():
        if node != moves.start:
            upto[node] = max(upto[before] * values[before, node] for before in sources)
    return values, upto, scale


def _path(moves: Moves, nodes: Sequence[str], exact: Sequence[ExactBound], costs: Sequence[int]) -> Path:
    log = math.fsum(math.log(moves.after[before][node]) for before, node in pairwise(nodes))
    totals = {limit.name: limit.total(cost, moves.start) for limit, cost in zip(exact, costs, strict=True)}
    return Path(tuple(nodes), log, costs=totals)

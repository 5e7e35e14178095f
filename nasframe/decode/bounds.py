"""What a path costs, and how much it may cost.

A cost is a function ``cost(before, node)``: what it costs to arrive at a node by the move from ``before``, or, with
``before`` None, to start there. A path costs the sum over its nodes, rounded once, to the nearest float.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import networkx as nx
import numpy as np

from nasframe.decode.moves import Moves, is_move, require_plain
from nasframe.errors import GraphError

Price = Callable[[str | None, str], float]
"""What a move between two places costs; from None: what its end costs by itself."""


@dataclass(frozen=True)
class Bound:
    """What a path may cost; without limits the cost is only reported.

    Raises:
        GraphError: a limit is not a number, or the least is more than the most.
    """

    name: str
    price: Price
    most: float = math.inf
    least: float = -math.inf

    def __post_init__(self) -> None:
        if not self.least <= self.most:
            raise GraphError(
                f"the bound {self.name!r} asks for at least {self.least!r} and at most {self.most!r}; nothing is both"
            )


def attribute_cost(trellis: nx.DiGraph, name: str) -> Price:
    """The cost that nodes and moves carry as an attribute; where it is absent, 0.

    Raises:
        GraphError: no node and no move carries it, or not as a number.
    """
    require_plain(trellis)
    nodes: dict[str, float] = {node: data[name] for node, data in trellis.nodes(data=True) if name in data}
    joined = ((before, node, data) for before, node, data in trellis.edges(data=True) if is_move(data))
    moves: dict[tuple[str, str], float] = {(before, node): data[name] for before, node, data in joined if name in data}
    if not nodes and not moves:
        raise GraphError(f"no node and no move of the trellis carries the attribute {name!r}; it is no cost")
    if wrong := [value for value in (*nodes.values(), *moves.values()) if not _is_number(value)]:
        raise GraphError(f"the attribute {name!r} is no cost: it holds {wrong[0]!r}; finite numbers were expected")

    def cost(before: str | None, node: str) -> float:
        return nodes.get(node, 0) + (0 if before is None else moves.get((before, node), 0))

    return cost


def attribute_count(trellis: nx.DiGraph, name: str, value: object) -> Price:
    """How many moves carry an attribute with one value: for the edge attribute ``move``, say, and ``"down"``."""
    require_plain(trellis)
    return lambda before, node: int(before is not None and trellis.edges[before, node].get(name) == value)


def move_count(trellis: nx.DiGraph, direction: Literal["down", "stay", "up"]) -> Price:
    """How many moves go to a coarser level (down), stay at theirs, or go to a finer one (up)."""
    level = dict(trellis.nodes(data="level"))
    sign = {"down": 1, "stay": 0, "up": -1}[direction]
    return lambda before, node: int(before is not None and _sign(level[node] - level[before]) == sign)


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


@dataclass(frozen=True)
class ExactBound:
    """One bound over the moves of a trellis, in whole multiples of a unit, so that sums are exact."""

    name: str
    unit: int
    """A cost of 1 is this many units."""
    arriving: dict[tuple[str | None, str], int]
    cheapest: dict[str, int]
    """Of each node the cost of the cheapest way from the start, itself included."""
    dearest: dict[str, int]
    most: float
    """The largest sum whose float is within the bound; a whole number, or infinite."""
    least: float

    def allows(self, node: str, rest: int) -> bool:
        """Whether some way to a node, with a rest that costs so much, may be within the bound."""
        return rest + self.cheapest[node] <= self.most and rest + self.dearest[node] >= self.least

    def as_good(self, node: str, rest: int, other: int) -> bool:
        """Whether every way to a node that is within the bound with the other rest is so with this one."""
        return rest <= max(other, self.most - self.dearest[node]) and rest >= min(
            other, self.least - self.cheapest[node]
        )

    def total(self, rest: int, start: str) -> float:
        """The cost of a whole path, as a float."""
        return (rest + self.cheapest[start]) / self.unit


def exact_bound(moves: Moves, bound: Bound) -> ExactBound:
    """A bound made exact.

    Raises:
        GraphError: a cost is not a finite number.
    """
    pairs = [(None, moves.start), *((before, node) for node in moves.before for before in moves.before[node])]
    costs = {pair: _fraction(bound, *pair) for pair in pairs}
    unit = math.lcm(*(cost.denominator for cost in costs.values()))
    arriving = {pair: int(cost * unit) for pair, cost in costs.items()}
    cheapest = {moves.start: arriving[None, moves.start]}
    dearest = dict(cheapest)
    for node, sources in moves.before.items():
        if node != moves.start:
            cheapest[node] = min(cheapest[before] + arriving[before, node] for before in sources)
            dearest[node] = max(dearest[before] + arriving[before, node] for before in sources)
    most, least = _largest(bound.most, unit), -_largest(-bound.least, unit)
    return ExactBound(bound.name, unit, arriving, cheapest, dearest, most, least)


def infeasible(moves: Moves, bounds: Sequence[Bound]) -> GraphError:
    """The error that says what each bound would allow, for bounds that no path meets."""
    lines = []
    for bound in bounds:
        exact = exact_bound(moves, bound)
        totals = [(exact.cheapest[end], exact.dearest[end]) for end in moves.ends]
        low, high = (bound / exact.unit for bound in (min(t[0] for t in totals), max(t[1] for t in totals)))
        if bound.most < math.inf:
            verdict = "" if low <= bound.most else ", which no path meets"
            lines.append(f"{bound.name} at most {bound.most:.10g} (the cheapest path costs {low:.10g}){verdict}")
        if bound.least > -math.inf:
            verdict = "" if high >= bound.least else ", which no path meets"
            lines.append(f"{bound.name} at least {bound.least:.10g} (the dearest path costs {high:.10g}){verdict}")
    together = (
        "" if any("no path meets" in line for line in lines) else "; each can be met alone, but not all by one path"
    )
    return GraphError(f"no path is within the bounds: {'; '.join(lines)}{together}. Loosen or drop one of them")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and math.isfinite(value)


def _fraction(bound: Bound, before: str | None, node: str) -> Fraction:
    cost = bound.price(before, node)
    if not _is_number(cost):
        place = f"starting at {node!r}" if before is None else f"the move from {before!r} to {node!r}"
        raise GraphError(f"the cost {bound.name!r} of {place} is {cost!r}; a finite number was expected")
    return Fraction(cost) if isinstance(cost, int) else Fraction(float(cost))


def _largest(most: float, unit: int) -> float:
    """The largest whole t with t / unit, rounded to a float, at most ``most``.

    So that costs of 0.1 + 0.2 + 0.3 are within a bound of 0.6, although the exact sum of these floats is not.
    """
    beyond = math.nextafter(most, math.inf)
    if math.isinf(most) or math.isinf(beyond):
        return most
    middle = math.floor((Fraction(most) + Fraction(beyond)) / 2 * unit)
    return middle if middle / unit <= most else middle - 1

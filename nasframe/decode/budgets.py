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

from nasframe.decode.moves import Moves, is_move
from nasframe.errors import GenotypeError

Cost = Callable[[str | None, str], float]
"""What a node of a path costs, from the node before it, which is None for the first, and the node."""


@dataclass(frozen=True)
class Budget:
    """Limits on what a path may cost; without limits the cost is only reported.

    Raises:
        GenotypeError: a limit is not a number, or the least is more than the most.
    """

    name: str
    cost: Cost
    most: float = math.inf
    least: float = -math.inf

    def __post_init__(self) -> None:
        if not self.least <= self.most:
            raise GenotypeError(
                f"the budget {self.name!r} asks for at least {self.least!r} and at most {self.most!r}; nothing is both"
            )


def attribute_cost(trellis: nx.DiGraph, name: str) -> Cost:
    """The cost that nodes and moves carry as an attribute; where it is absent, 0.

    Raises:
        GenotypeError: no node and no move carries it, or not as a number.
    """
    nodes: dict[str, float] = {node: data[name] for node, data in trellis.nodes(data=True) if name in data}
    joined = ((before, node, data) for before, node, data in trellis.edges(data=True) if is_move(data))
    moves: dict[tuple[str, str], float] = {(before, node): data[name] for before, node, data in joined if name in data}
    if not nodes and not moves:
        raise GenotypeError(f"no node and no move of the trellis carries the attribute {name!r}; it is no cost")
    if wrong := [value for value in (*nodes.values(), *moves.values()) if not _is_number(value)]:
        raise GenotypeError(f"the attribute {name!r} is no cost: it holds {wrong[0]!r}; finite numbers were expected")

    def cost(before: str | None, node: str) -> float:
        return nodes.get(node, 0) + (0 if before is None else moves.get((before, node), 0))

    return cost


def attribute_count(trellis: nx.DiGraph, name: str, value: object) -> Cost:
    """How many moves carry an attribute with one value: for the edge attribute ``move``, say, and ``"down"``."""
    return lambda before, node: int(before is not None and trellis.edges[before, node].get(name) == value)


def move_count(trellis: nx.DiGraph, direction: Literal["down", "stay", "up"]) -> Cost:
    """How many moves go to a coarser level (down), stay at theirs, or go to a finer one (up)."""
    level = dict(trellis.nodes(data="level"))
    sign = {"down": 1, "stay": 0, "up": -1}[direction]
    return lambda before, node: int(before is not None and _sign(level[node] - level[before]) == sign)


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


@dataclass(frozen=True)
class Limits:
    """One budget over the moves of a trellis, in whole multiples of a unit, so that sums are exact."""

    name: str
    unit: int
    """A cost of 1 is this many units."""
    arriving: dict[tuple[str | None, str], int]
    cheapest: dict[str, int]
    """Of each node the cost of the cheapest way from the start, itself included."""
    dearest: dict[str, int]
    most: float
    """The largest sum whose float is within the budget; a whole number, or infinite."""
    least: float

    def allows(self, node: str, rest: int) -> bool:
        """Whether some way to a node, with a rest that costs so much, may be within the budget."""
        return rest + self.cheapest[node] <= self.most and rest + self.dearest[node] >= self.least

    def as_good(self, node: str, rest: int, other: int) -> bool:
        """Whether every way to a node that is within the budget with the other rest is so with this one."""
        return rest <= max(other, self.most - self.dearest[node]) and rest >= min(
            other, self.least - self.cheapest[node]
        )

    def total(self, rest: int, start: str) -> float:
        """The cost of a whole path, as a float."""
        return (rest + self.cheapest[start]) / self.unit


def limits(moves: Moves, budget: Budget) -> Limits:
    """A budget made exact.

    Raises:
        GenotypeError: a cost is not a finite number.
    """
    pairs = [(None, moves.start), *((before, node) for node in moves.before for before in moves.before[node])]
    costs = {pair: _fraction(budget, *pair) for pair in pairs}
    unit = math.lcm(*(cost.denominator for cost in costs.values()))
    arriving = {pair: int(cost * unit) for pair, cost in costs.items()}
    cheapest = {moves.start: arriving[None, moves.start]}
    dearest = dict(cheapest)
    for node, sources in moves.before.items():
        if node != moves.start:
            cheapest[node] = min(cheapest[before] + arriving[before, node] for before in sources)
            dearest[node] = max(dearest[before] + arriving[before, node] for before in sources)
    most, least = _largest(budget.most, unit), -_largest(-budget.least, unit)
    return Limits(budget.name, unit, arriving, cheapest, dearest, most, least)


def infeasible(moves: Moves, budgets: Sequence[Budget]) -> GenotypeError:
    """The error that says what each budget would allow, for budgets that no path meets."""
    lines = []
    for budget in budgets:
        exact = limits(moves, budget)
        totals = [(exact.cheapest[end], exact.dearest[end]) for end in moves.ends]
        low, high = (bound / exact.unit for bound in (min(t[0] for t in totals), max(t[1] for t in totals)))
        if budget.most < math.inf:
            verdict = "" if low <= budget.most else ", which no path meets"
            lines.append(f"{budget.name} at most {budget.most:.10g} (the cheapest path costs {low:.10g}){verdict}")
        if budget.least > -math.inf:
            verdict = "" if high >= budget.least else ", which no path meets"
            lines.append(f"{budget.name} at least {budget.least:.10g} (the dearest path costs {high:.10g}){verdict}")
    together = (
        "" if any("no path meets" in line for line in lines) else "; each can be met alone, but not all by one path"
    )
    return GenotypeError(f"no path is within the budgets: {'; '.join(lines)}{together}. Loosen or drop one of them")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and math.isfinite(value)


def _fraction(budget: Budget, before: str | None, node: str) -> Fraction:
    cost = budget.cost(before, node)
    if not _is_number(cost):
        place = f"starting at {node!r}" if before is None else f"the move from {before!r} to {node!r}"
        raise GenotypeError(f"the cost {budget.name!r} of {place} is {cost!r}; a finite number was expected")
    return Fraction(cost) if isinstance(cost, int) else Fraction(float(cost))


def _largest(most: float, unit: int) -> float:
    """The largest whole t with t / unit, rounded to a float, at most ``most``.

    So that costs of 0.1 + 0.2 + 0.3 are within a budget of 0.6, although the exact sum of these floats is not.
    """
    beyond = math.nextafter(most, math.inf)
    if math.isinf(most) or math.isinf(beyond):
        return most
    middle = math.floor((Fraction(most) + Fraction(beyond)) / 2 * unit)
    return middle if middle / unit <= most else middle - 1

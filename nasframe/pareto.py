"""Several objectives at once: what is better, the Pareto front, and the ranking of NSGA-II.

Source: Deb, Pratap, Agarwal and Meyarivan, "A fast and elitist multiobjective genetic algorithm: NSGA-II", IEEE
Transactions on Evolutionary Computation 6(2), 2002, sections III.A and III.B.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["SCORE", "Point", "Points", "crowding", "fronts", "pareto_front", "values"]

SCORE = "score"
"""The objective that is maximised: what the evaluator scores."""

Points = npt.NDArray[np.float64]
"""(N, M): a row for each candidate, a column for each objective; higher is better."""


def values(objectives: Sequence[str], score: float, metrics: Mapping[str, float]) -> tuple[float, ...]:
    """What a candidate has of each objective, higher being better: the score, and all else with its sign changed.

    Raises:
        KeyError: a metric is missing.
    """
    return tuple(score if name == SCORE else -metrics[name] for name in objectives)


def fronts(points: Points) -> list[list[int]]:
    """The indices of the points, front by front (fast non-dominated sort, section III.A).

    A point dominates another if it is at least as good in all objectives and better in one. The first front is
    dominated by none, the second only by the first, and so on; equal points are in one front.
    """
    at_least = np.all(points[:, None, :] >= points[None, :, :], axis=-1)  # (N, N)
    dominates = at_least & ~at_least.T
    left = np.ones(len(points), dtype=bool)
    found: list[list[int]] = []
    while left.any():
        front = np.flatnonzero(left & ~np.any(dominates[left], axis=0))
        found.append(front.tolist())
        left[front] = False
    return found


def crowding(points: Points) -> npt.NDArray[np.float64]:
    """How far each point of one front is from its neighbours (crowding-distance assignment, section III.B).

    Returns:
        (N,): the sum over the objectives of the distance between the two neighbours, as a share of the objective's
        range; infinite at the ends.
    """
    count, objectives = points.shape
    distance = np.zeros(count)
    for column in range(objectives):
        order = np.argsort(points[:, column], kind="stable")
        ranked = points[order, column]
        spread = ranked[-1] - ranked[0]
        distance[order[[0, -1]]] = np.inf
        if spread > 0:
            distance[order[1:-1]] += (ranked[2:] - ranked[:-2]) / spread
    return distance


@dataclass(frozen=True)
class Point:
    """A candidate and what it has of each objective."""

    candidate: int
    """Its number in the run, from 1."""
    genotype: Mapping[str, Any]
    """As plain data."""
    budget: float
    values: Mapping[str, float]
    """By objective, as measured: of all but the score less is better."""


def pareto_front(points: Sequence[Point]) -> list[Point]:
    """The points that no other one dominates, the highest score first.

    Only those with the largest budget count, for others cannot be compared with them. Of points that are equal in all
    objectives only the first is named.
    """
    largest = max((point.budget for point in points), default=0.0)
    first: dict[tuple[float, ...], Point] = {}
    for point in points:
        if point.budget == largest:
            first.setdefault(tuple(point.values.values()), point)
    distinct = list(first.values())
    if not distinct:
        return []
    measured = [values(tuple(p.values), p.values[SCORE], p.values) for p in distinct]
    found = [distinct[index] for index in fronts(np.array(measured, dtype=np.float64))[0]]
    return sorted(found, key=lambda point: -point.values[SCORE])

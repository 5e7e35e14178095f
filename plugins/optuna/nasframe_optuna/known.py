"""What the sampler is told of the genotypes that were asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nasframe import Evaluation, Genotype
from nasframe.pareto import Points, values


@dataclass(frozen=True)
class Known:
    """A genotype and what it is worth."""

    genotype: Genotype
    values: tuple[float, ...] | None
    """What it has of each objective, higher being better; None: it has failed or was refused."""


def known(
    history: Sequence[tuple[Genotype, Evaluation]], refused: Mapping[Genotype, int], objectives: Sequence[str]
) -> list[Known]:
    """What was told and what was refused, in that order in time.

    Args:
        refused: each with the length of the history then.
    """
    succeeded = [result for _, result in history if not result.failure]
    points = np.array([values(objectives, one.score, one.metrics) for one in succeeded], dtype=np.float64)
    rows = iter(_by_budget(points, [result.budget for result in succeeded]).tolist())
    told = [Known(genotype, None if result.failure else tuple(next(rows))) for genotype, result in history]
    places = [(place, Known(genotype, None)) for genotype, place in refused.items()]
    places += [(place, one) for place, one in enumerate(told)]
    return [one for _, one in sorted(places, key=lambda pair: pair[0])]


def _by_budget(points: Points, budgets: Sequence[float]) -> Points:
    """Values of which all those of a larger budget are above those of a smaller one, as in ``AskTell.best``.

    Args:
        points: (N, M): a row for each result, a column for each objective.
    """
    distinct, level = np.unique(budgets, return_inverse=True)
    if len(distinct) < 2:
        return points
    spread = np.ptp(points, axis=0)
    return points + level[:, None] * np.where(spread > 0, 2 * spread, 1)

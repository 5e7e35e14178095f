"""Is there anything to find? What trainings of random genotypes say: how far they differ, what tells early.

A search can find nothing where genotypes differ by less than the seeds of one of them do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, final

import numpy as np

from nasframe.errors import RunError
from nasframe.evidence.statistics import (
    POWER_FACTOR,
    Correlation,
    Numbers,
    Variance,
    correlation,
    kendall,
    spearman,
    variance,
)
from nasframe.evidence.trials import Row
from nasframe.files.words import quantity
from nasframe.pareto import SCORE


@final
@dataclass(frozen=True)
class Signal:
    """What the trainings say."""

    genotypes: int
    seeds: int
    macs: tuple[int, int]
    """The fewest and the most."""
    seconds: float
    """Of a full training, in the mean; 0: all results were there before."""
    left_out: int
    """How many genotypes are not among them, for not all their trainings are there and succeeded."""
    failures: tuple[str, ...]
    """Which trainings failed, and why."""
    variances: dict[str, Variance]
    """By metric, of full trainings."""
    ranks: dict[str, dict[str, Correlation]]
    """Rank correlations with the mean full score: by what ranks, then by kind."""

    def advice(self) -> Iterator[str]:
        """What follows, in sentences."""
        for failure in self.failures:
            yield f"Failed, so that its genotype is left out: {failure}"
        found = self.variances[SCORE]
        if found.low <= 0:
            yield (
                "Nothing to be found here, as far as this many trainings show: genotypes differ by no more than "
                f"chance explains (intraclass correlation {found.icc:.2f}, {found.low:.2f} to {found.high:.2f}). Train "
                "longer, give the searched part a larger share of the network, or take a recipe whose seeds agree"
            )
        else:
            yield (
                f"Genotypes differ: a standard deviation of {found.between:.4f} between them, {found.within:.4f} "
                f"between seeds; the share of a score's variance that is theirs is {found.icc:.2f} ({found.low:.2f} to "
                f"{found.high:.2f})"
            )
        for points in (0.01, 0.02):
            pairs = math.ceil(POWER_FACTOR * 2 * found.within**2 / points**2)
            wanted = quantity(max(2, pairs), "pair")
            yield f"To see a difference of {points:g} between two networks, train {wanted} of them"
        for name, kinds in self.ranks.items():
            rank = kinds["spearman"]
            if rank.low > 0.5:
                interval = f"{rank.low:.2f} to {rank.high:.2f}"
                yield f"{name} may rank candidates: rank correlation {rank.value:.2f} ({interval})"

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data."""
        ranks = {name: {kind: list(rank) for kind, rank in kinds.items()} for name, kinds in self.ranks.items()}
        variances = {name: asdict(found) for name, found in self.variances.items()}
        return {**asdict(replace(self, variances={}, ranks={})), "variances": variances, "ranks": ranks} | {
            "advice": list(self.advice())
        }


def summarise(rows: Sequence[Row]) -> Signal:
    """What the trainings say; of those genotypes all of whose trainings are there and succeeded.

    Raises:
        RunError: these are fewer than three.
    """
    budgets = sorted({row.budget for row in rows})
    seeds = sorted({row.seed for row in rows})
    found = {(row.number, row.seed, row.budget): row for row in rows}
    drawn = sorted({row.number for row in rows})
    failures = tuple(f"{row.title}: {row.failure}" for row in rows if row.failure)
    numbers = [
        number
        for number in drawn
        if all(
            (number, seed, budget) in found and not found[number, seed, budget].failure
            for seed in seeds
            for budget in budgets
        )
    ]
    if len(numbers) < 3 or len(seeds) < 2:
        why = f"; {quantity(len(failures), 'training')} failed, as {failures[0]}" if failures else ""
        raise RunError(
            f"all trainings are there for {quantity(len(numbers), 'genotype')}; 3 with 2 seeds each are the least{why}"
        )

    def table(metric: str, budget: float) -> Numbers:
        values = [[found[number, seed, budget].metrics[metric] for seed in seeds] for number in numbers]
        return np.array(values, dtype=np.float64)

    full = [found[number, seeds[0], budgets[-1]] for number in numbers]
    names = [name for name in full[0].metrics if all(name in row.metrics for row in rows if row.number in numbers)]
    varied = {name: table(name, budgets[-1]) for name in names}
    varied = {name: values for name, values in varied.items() if np.ptp(values, axis=1).any()}
    if SCORE not in varied:
        raise RunError("all seeds of a genotype have the same score, so there is no noise to compare genotypes with")
    mean = varied[SCORE].mean(1)[None]
    by_seed = varied[SCORE].T
    others = np.array([np.delete(by_seed, seed, axis=0).mean(0) for seed in range(len(seeds))])
    ranking = {
        "parameters": (np.array([[row.params for row in full]], dtype=np.float64), mean),
        "multiply-adds": (np.array([[row.macs for row in full]], dtype=np.float64), mean),
        **{f"the score at a budget of {budget:g}": (table(SCORE, budget).T, others) for budget in budgets},
    }
    return Signal(
        len(numbers),
        len(seeds),
        (min(row.macs for row in full), max(row.macs for row in full)),
        float(np.mean([row.seconds for row in rows if row.budget == budgets[-1] and row.seconds] or [0])),
        len(drawn) - len(numbers),
        failures,
        {name: variance(values) for name, values in varied.items()},
        {
            name: {"spearman": correlation(spearman, x, y), "kendall": correlation(kendall, x, y)}
            for name, (x, y) in ranking.items()
        },
    )

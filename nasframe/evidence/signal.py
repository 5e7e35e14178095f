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
from nasframe.evidence.decisions import Counted, Explained, explain
from nasframe.evidence.proxies import ProxyValues
from nasframe.evidence.statistics import (
    POWER_FACTOR,
    Correlation,
    Numbers,
    Variance,
    correlation,
    equivalent_draws,
    kendall,
    spearman,
    variance,
)
from nasframe.evidence.trials import Row
from nasframe.files.words import quantity
from nasframe.pareto import SCORE

LITTLE_SEARCHED = 0.25
"""Below this share of the multiply-adds it is said that little of the network is searched."""
RANKS = 0.5
"""Something ranks where the lower end of its rank correlation's interval is above this."""
CANDIDATES = 100
"""Among how many genotypes something is taken to choose, where no search says it."""
SIGNIFICANT = 0.05
"""A decision is spoken of where its corrected probability is below this."""


@final
@dataclass(frozen=True)
class Signal:
    """What the trainings say."""

    genotypes: int
    seeds: int
    budgets: tuple[float, ...]
    """Rising; the last one is 1."""
    macs: tuple[int, int]
    """The fewest and the most."""
    seconds: float
    """Of a full training, in the mean; 0: all results were there before."""
    left_out: int
    """How many genotypes are not among them, for not all their trainings are there and succeeded."""
    failures: tuple[str, ...]
    """Which trainings failed, and why."""
    no_proxies: tuple[str, ...]
    """Which proxies gave nothing, and why."""
    searches: dict[str, int]
    """The proxies by which the experiment's search chooses, and among how many genotypes."""
    scores: dict[int, tuple[float, ...]]
    """By the number of the genotype, from 0, its scores of full trainings by seed."""
    variances: dict[str, Variance]
    """By metric, of full trainings."""
    ranks: dict[str, dict[str, Correlation]]
    """Rank correlations with the mean full score: by what ranks, then by kind."""
    searched: float
    """The mean share of the multiply-adds that is in layers which are not the same in all genotypes."""
    decisions: tuple[Explained, ...]
    """What the decisions explain of the variance between mean full scores; those first that explain most."""
    counts: tuple[Counted, ...]
    """How the numbers of answers go with mean full scores; the strongest first."""

    def advice(self) -> Iterator[str]:
        """What follows, in sentences."""
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
        yield from self._clearer()
        if self.searched < LITTLE_SEARCHED:
            yield (
                f"Only {self.searched:.0%} of the multiply-adds are in layers that differ between genotypes, and no "
                "search can change the rest: make stem and head slimmer, or the searched part larger"
            )
        yield from self._pairs()
        yield from self._telling()
        for failure in self.no_proxies:
            yield f"A proxy gave nothing, and is left out: {failure}"
        for failure in self.failures:
            yield f"Failed, so that its genotype is left out: {failure}"

    def _clearer(self) -> Iterator[str]:
        """Metrics by which genotypes can be told apart where the score does not tell."""
        if self.variances[SCORE].low > 0:
            return
        for name, one in self.variances.items():
            if one.low > 0:
                yield (
                    f"Genotypes can be told apart by {name} (intraclass correlation {one.icc:.2f}, {one.low:.2f} to "
                    f"{one.high:.2f}): see whether it may be what is searched by"
                )

    def _pairs(self) -> Iterator[str]:
        for points in (0.01, 0.02):
            pairs = math.ceil(POWER_FACTOR * 2 * self.variances[SCORE].within ** 2 / points**2)
            wanted = quantity(max(2, pairs), "pair")
            yield f"To see a difference of {points:g} between two networks, train {wanted} of them"

    def _telling(self) -> Iterator[str]:
        """What tells how good a genotype is."""
        for name, kinds in self.ranks.items():
            rank = kinds["spearman"]
            if name in self.searches:
                chooses = (
                    f"This experiment's search chooses among {quantity(self.searches[name], 'candidate')} by {name}"
                )
                yield f"{chooses}: {_worth(rank, self.searches[name])}"
            elif rank.low > RANKS:
                yield f"{name} may rank candidates: {_worth(rank, CANDIDATES)}"
        yield from self._first_rung()
        for one in self.decisions:
            if one.corrected < SIGNIFICANT:
                what = f"decisions {one.name} together explain" if one.name.endswith("/") else f"{one.name} explains"
                yield f"{what} {one.share:.0%} of the variance between genotypes (p {one.corrected:.2g}, corrected)"
        for count in self.counts:
            if count.corrected < SIGNIFICANT:
                better = "higher" if count.spearman.value > 0 else "lower"
                yield (
                    f"A larger {count.title} goes with {better} scores: rank correlation {count.spearman.value:.2f} "
                    f"(p {count.corrected:.2g}, corrected)"
                )

    def _first_rung(self) -> Iterator[str]:
        """The budget that a search should not go below."""
        found = [budget for budget in self.budgets if self.ranks[_score_at(budget)]["spearman"].low > RANKS]
        if not found:
            return
        which = (
            f"The smallest budget seen to rank is {found[0]:g}"
            if found[0] < 1
            else "No budget below a full one is seen to rank"
        )
        yield (
            f"{which}: give candidates no less, by strategy.budget={found[0]:g}, or by strategy.smallest={found[0]:g} "
            "where the best go on to larger budgets"
        )

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data."""
        ranks = {name: {kind: list(rank) for kind, rank in kinds.items()} for name, kinds in self.ranks.items()}
        variances = {name: asdict(found) for name, found in self.variances.items()}
        return {**asdict(replace(self, variances={}, ranks={})), "variances": variances, "ranks": ranks} | {
            "advice": list(self.advice())
        }


def _score_at(budget: float) -> str:
    return f"the score at a budget of {budget:g}"


def _worth(rank: Correlation, candidates: int) -> str:
    """How well something ranks, in words, and what that is worth to who chooses among so many candidates by it."""
    if math.isnan(rank.value):
        return "it gives all genotypes the same value, so that it cannot choose"
    drawn = [max(1, round(equivalent_draws(value, candidates))) for value in rank]
    said = f"rank correlation {rank.value:.2f} ({rank.low:.2f} to {rank.high:.2f})"
    if drawn[2] == 1:
        return f"{said}, so what it puts first is worth no more than one random draw"
    return (
        f"{said}, so what it puts first of {candidates:,} is worth as much as the best of "
        f"{quantity(drawn[0], 'random draw')} ({drawn[1]:,} to {drawn[2]:,})"
    )


def summarise(rows: Sequence[Row], proxies: ProxyValues | None = None) -> Signal:
    """What the trainings say; of those genotypes all of whose trainings are there and succeeded.

    Args:
        proxies: what is nearly free to know of the genotypes; None: nothing was asked.

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
        **{_score_at(budget): (table(SCORE, budget).T, others) for budget in budgets},
    }
    told = proxies or ProxyValues({})
    for name, values in told.values.items():
        each = told.by_seed.get(name) or {number: [values[number]] for number in numbers}
        ranking[name] = np.array([each[number] for number in numbers]).T, mean
    seconds = [row.seconds for row in rows if row.budget == budgets[-1] and row.seconds and not row.failure]
    decisions, counts = explain([row.genotype["decisions"] for row in full], mean[0])
    return Signal(
        genotypes=len(numbers),
        seeds=len(seeds),
        budgets=tuple(budgets),
        macs=(min(row.macs for row in full), max(row.macs for row in full)),
        seconds=float(np.mean(seconds or [0])),
        left_out=len(drawn) - len(numbers),
        failures=failures,
        no_proxies=told.failures,
        searches=dict(told.searches),
        scores={number: tuple(row.tolist()) for number, row in zip(numbers, varied[SCORE], strict=True)},
        variances={name: variance(values) for name, values in varied.items()},
        ranks={
            name: {"spearman": correlation(spearman, x, y), "kendall": correlation(kendall, x, y)}
            for name, (x, y) in ranking.items()
        },
        searched=float(np.mean([row.searched / max(1, row.macs) for row in full])),
        decisions=decisions,
        counts=counts,
    )

"""Variance between genotypes and between seeds, what groups explain of it, and rank correlations with intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

Numbers = npt.NDArray[np.float64]
DRAWS = 2000
"""Bootstrap samples of an interval."""
PERMUTATIONS = 9999
"""How often values are dealt out anew to see what chance does."""
LEVEL = 0.95
POWER_FACTOR = (1.959964 + 0.841621) ** 2
"""Of a two-sided test at 5 % with a power of 0.8, in the normal model: squared sum of the two quantiles."""


@dataclass(frozen=True)
class Variance:
    """One-way analysis of variance of scores, the genotypes being the groups and the seeds the repetitions."""

    mean: float
    between: float
    """Standard deviation of the genotypes' true scores, by the method of moments; 0 where noise alone gives more."""
    within: float
    """Standard deviation between the seeds of a genotype."""
    f: float
    p: float
    """Probability of such an F where all genotypes are equally good."""
    icc: float
    """Intraclass correlation ICC(1): the genotypes' share in the variance of one training's score."""
    low: float
    high: float
    """Its 95 % interval, from quantiles of F."""


class Correlation(NamedTuple):
    """A rank correlation with its 95 % interval."""

    value: float
    low: float
    high: float


def variance(scores: Numbers) -> Variance:
    """Args: scores: (genotypes, seeds), two of each at least."""
    genotypes, seeds = scores.shape
    free = genotypes - 1, genotypes * (seeds - 1)
    means = scores.mean(1)
    within = float(((scores - means[:, None]) ** 2).sum() / free[1])
    excess = float(seeds * means.var(ddof=1)) - within
    f = (excess + within) / within
    tail = (1 + LEVEL) / 2
    low = f / stats.f.ppf(tail, *free)
    high = f * stats.f.ppf(tail, *reversed(free))
    return Variance(
        mean=float(scores.mean()),
        between=max(0.0, excess / seeds) ** 0.5,
        within=within**0.5,
        f=f,
        p=float(stats.f.sf(f, *free)),
        icc=_intraclass(f, seeds),
        low=_intraclass(low, seeds),
        high=_intraclass(high, seeds),
    )


def _intraclass(f: float, seeds: int) -> float:
    return float((f - 1) / (f - 1 + seeds))


def spearman(x: Numbers, y: Numbers) -> Numbers:
    """Rank correlation over the last axis."""
    ranks = stats.rankdata(x, axis=-1), stats.rankdata(y, axis=-1)
    return _cosine(*(values - values.mean(-1, keepdims=True) for values in ranks))


def kendall(x: Numbers, y: Numbers) -> Numbers:
    """Rank correlation tau-b over the last axis."""
    first, second = np.triu_indices(x.shape[-1], k=1)
    return _cosine(*(np.sign(values[..., first] - values[..., second]) for values in (x, y)))


def _cosine(x: Numbers, y: Numbers) -> Numbers:
    """NaN where one side is 0, as where all values are tied."""
    with np.errstate(invalid="ignore"):
        cosine: Numbers = (x * y).sum(-1) / np.sqrt((x * x).sum(-1) * (y * y).sum(-1))
    return cosine


def correlation(measure: Callable[[Numbers, Numbers], Numbers], x: Numbers, y: Numbers) -> Correlation:
    """The mean of some rank correlations over the same genotypes, with a bootstrap interval over genotypes.

    Args:
        measure: ``spearman`` or ``kendall``.
        x, y: (correlations, genotypes).
    """
    value = float(measure(x, y).mean())
    if np.isnan(value):
        return Correlation(value, value, value)
    drawn = np.random.default_rng(0).integers(x.shape[-1], size=(DRAWS, x.shape[-1]))
    means = measure(x[:, drawn], y[:, drawn]).mean(0)  # (correlations, draws) -> (draws,)
    low, high = np.nanquantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Correlation(value, float(low), float(high))


def equivalent_draws(rank: float, candidates: int) -> float:
    """Of how many random candidates the best is as good as the one that a ranking puts first.

    In the normal model: the best of n has the expected value E(n), in standard deviations, and what a ranking puts
    first of N has r E(N), where r is the product-moment correlation that a rank correlation stands for (Pearson, 1907:
    r = 2 sin(pi rank / 6)).

    Args:
        rank: Spearman's rank correlation with the score; 0 and less are worth 1, a random one.
        candidates: N, at least 1.
    """
    wanted = 2 * math.sin(math.pi * rank / 6) * _expected_best(candidates)
    if wanted <= 0:
        return 1.0
    low, high = 1.0, float(candidates)
    while high - low > 1e-3 * low:
        middle = (low * high) ** 0.5
        low, high = (middle, high) if _expected_best(middle) < wanted else (low, middle)
    return high


def _expected_best(count: float) -> float:
    """The expected value of the largest of so many standard normal numbers; also between whole counts."""
    x = np.linspace(-9, 9, 3600)  # an even number, so that no place is at 0, where the integrand jumps
    return float(np.trapezoid(1 - stats.norm.cdf(x) ** count - (x < 0), x))


@dataclass(frozen=True)
class Paired:
    """The mean of differences between the two of each pair, with its 95 % interval by Student's t."""

    mean: float
    low: float
    high: float
    deviation: float
    """Standard deviation of the differences."""
    effect: float
    """Cohen's d of paired samples: the mean in these standard deviations."""
    p: float
    """Of a two-sided t-test that the mean is 0."""
    pairs: int


def paired(differences: Numbers) -> Paired:
    """Args: differences: (pairs,), two at least."""
    pairs = len(differences)
    mean, deviation = float(differences.mean()), float(differences.std(ddof=1))
    error = deviation / pairs**0.5
    half = float(stats.t.ppf((1 + LEVEL) / 2, pairs - 1)) * error
    if not deviation:
        return Paired(mean, mean, mean, 0.0, float(np.sign(mean)) * np.inf if mean else 0.0, float(mean == 0), pairs)
    p = 2 * float(stats.t.sf(abs(mean) / error, pairs - 1))
    return Paired(mean, mean - half, mean + half, deviation, mean / deviation, p, pairs)


def explained(groups: Sequence[Hashable], values: Numbers) -> tuple[float, float, float]:
    """How much of some values' variance is between groups, in a one-way analysis of variance.

    Args:
        groups: which group each value is of; one group at least has two.

    Returns:
        Omega squared, which takes off what chance explains and is 0 where that is all (Hays, Statistics, 1963); eta
        squared, the sum of squares between groups over that of all; the probability of such an eta squared where
        groups do not matter, by permutations.
    """
    names = list(dict.fromkeys(groups))
    of_group = np.array([[group == name for name in names] for group in groups], dtype=np.float64)  # (values, groups)
    centred = values - values.mean()
    total = float((centred**2).sum())
    dealt = _dealt(centred)
    between = ((dealt @ of_group) ** 2 / of_group.sum(0)).sum(-1)  # (1 + permutations,)
    within = (total - float(between[0])) / (len(values) - len(names))
    omega = (float(between[0]) - (len(names) - 1) * within) / (total + within)
    return max(0.0, omega), float(between[0]) / total, _chance(between)


def rank_chance(x: Numbers, y: Numbers) -> float:
    """The probability of so strong a rank correlation, of either sign, where the two do not matter to each other."""
    ranks = [stats.rankdata(values) for values in (x, y)]
    x, y = (values - values.mean() for values in ranks)
    return _chance(np.abs(_dealt(y) @ x))


def holm(chances: Sequence[float]) -> list[float]:
    """Probabilities of several tests, corrected so that one below 5 % comes by chance in 5 % of such families."""
    order = np.argsort(chances, kind="stable")
    corrected, worst = [1.0] * len(chances), 0.0
    for rank, test in enumerate(order):
        worst = max(worst, min(1.0, (len(chances) - rank) * chances[test]))
        corrected[test] = worst
    return corrected


def _dealt(values: Numbers) -> Numbers:
    """The values as they are, and below them in random orders; the same orders for as many values."""
    rng = np.random.default_rng(0)
    return np.vstack([values, rng.permuted(np.tile(values, (PERMUTATIONS, 1)), axis=1)])


def _chance(found: Numbers) -> float:
    """The share of those that are as large as the first, itself among them (Phipson and Smyth, 2010)."""
    return float((found >= found[0] - 1e-9 * abs(found[0])).mean())

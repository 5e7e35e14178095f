"""Variance between genotypes and between seeds, and rank correlations with intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

Numbers = npt.NDArray[np.float64]
DRAWS = 2000
"""Bootstrap samples of an interval."""
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

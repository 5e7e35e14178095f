"""A Gaussian process over genotypes (Rasmussen and Williams, 2006, sections 2.2 and 5.4.1).

    y = mean + f + noise,    f ~ GP(0, k / ratio of variances),    noise ~ N(0, noise)
    k(a, b) = (1 - w) <F a, F b> / scale + w exp(reach (shared(a, b) - 1))

The first part of the kernel sees sums: what each answer is worth by itself. The second sees what the answers of one
genotype are worth together, and expects like scores of genotypes that share answers. Share, reach and the ratio of the
variances are those under which the scores are most likely, so that scores which say nothing give a model that says
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import NamedTuple, Self, final

import numpy as np
import numpy.typing as npt

from nasframe_thompson.features import Rows

Array = npt.NDArray[np.float64]
RATIOS = np.logspace(-3, 5, 33)
"""Of the noise's variance to the process's, of which the most likely is taken."""
SHARES = (0.3, 0.6, 0.9)
"""Of the second part of the kernel. Never 0: a model of sums alone takes for noise what is not a sum."""
REACHES = (1.0, 2.0, 4.0)
"""How fast the second part falls as fewer answers are shared."""


class Hyper(NamedTuple):
    """What is chosen by the evidence."""

    share: float
    reach: float
    ratio: float


@final
@dataclass(frozen=True)
class Process:
    """The posterior given some genotypes' scores."""

    hyper: Hyper
    rows: Rows
    """Of the N genotypes."""
    centre: Array
    """Of the counts, (columns,)."""
    scale: float
    """The mean square of the centred counts' lengths."""
    mean: float
    """Of the scores."""
    lower: Array
    """The Cholesky factor of k + ratio, (N, N)."""
    weights: Array
    """(k + ratio)^-1 (scores - mean), (N,)."""
    variance: float
    """Of the process, in units of the scores squared."""

    @classmethod
    def fit(cls, rows: Rows, scores: Array, hyper: Hyper | None = None) -> Self:
        """Args: scores: (N,), N at least 2; hyper: None: the most likely one."""
        centre, mean = rows.counts.mean(0), float(scores.mean())
        scale = max(float(((rows.counts - centre) ** 2).sum(1).mean()), 1e-12)
        away = scores - mean
        if hyper is None:
            hyper = max(_candidates(rows, centre, scale, away), key=lambda one: one[0])[1]
        kernel = _kernel(rows, rows, centre, scale, hyper) + hyper.ratio * np.eye(len(scores))
        lower = _factor(kernel, 1e-10)
        half = np.linalg.solve(lower, away)
        variance = max(float(half @ half) / len(scores), 1e-12)
        return cls(hyper, rows, centre, scale, mean, lower, np.linalg.solve(lower.T, half), variance)

    def predict(self, rows: Rows) -> Array:
        """The expected scores, (M,)."""
        expected: Array = self.mean + self._with(rows) @ self.weights
        return expected

    def covariance(self, rows: Rows) -> Array:
        """Of the scores without noise, (M, M)."""
        known = np.linalg.solve(self.lower, self._with(rows).T)
        found: Array = _kernel(rows, rows, self.centre, self.scale, self.hyper) - known.T @ known
        return self.variance * found

    def draw(self, rows: Rows, rng: np.random.Generator) -> Array:
        """Scores without noise that the posterior thinks possible, (M,)."""
        drawn: Array = self.predict(rows) + _factor(self.covariance(rows), 1e-6) @ rng.standard_normal(len(rows.counts))
        return drawn

    def _with(self, rows: Rows) -> Array:
        return _kernel(rows, self.rows, self.centre, self.scale, self.hyper)


def _factor(covariance: Array, jitter: float) -> Array:
    """Its Cholesky factor; that share of the diagonal's mean is added to the diagonal, for it is rounded."""
    size = len(covariance)
    found: Array = np.linalg.cholesky(covariance + jitter * np.trace(covariance) / size * np.eye(size))
    return found


def _kernel(ones: Rows, others: Rows, centre: Array, scale: float, hyper: Hyper) -> Array:
    """(ones, others)."""
    sums = (ones.counts - centre) @ (others.counts - centre).T / scale
    together = np.exp(hyper.reach * (ones.answers @ others.answers.T - 1))
    found: Array = (1 - hyper.share) * sums + hyper.share * together
    return found


def _candidates(rows: Rows, centre: Array, scale: float, away: Array) -> list[tuple[float, Hyper]]:
    """For each share and reach the log evidence of the most likely ratio, up to a constant, with all three."""
    found = []
    for share, reach in product(SHARES, REACHES):
        values, axes = np.linalg.eigh(_kernel(rows, rows, centre, scale, Hyper(share, reach, 0.0)))
        inflated = 1 + values.clip(min=0) / RATIOS[:, None]  # (ratios, N): the scores' covariance is noise times these
        noise = np.maximum(((axes.T @ away) ** 2 / inflated).mean(1), 1e-12)  # the best one given the ratio
        evidence = -0.5 * (len(away) * np.log(noise) + np.log(inflated).sum(1))
        best = int(evidence.argmax())
        found.append((float(evidence[best]), Hyper(share, reach, float(RATIOS[best]))))
    return found

"""Bayesian linear regression whose two variances the data choose (MacKay, Neural Computation 4(3), 1992).

    y = mean + F w + noise,    w ~ N(0, prior),    noise ~ N(0, noise)

F is centred. The ratio of the variances maximises the marginal likelihood (the evidence), so that scores which say
nothing give weights near 0, however many columns there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self, final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
RATIOS = np.logspace(-3, 5, 65)
"""Of the noise's variance to the prior's, of which the most likely is taken."""


@final
@dataclass(frozen=True)
class Linear:
    """The posterior of a linear model."""

    mean: float
    """Of the scores."""
    centre: Array
    """The mean row of the features, (columns,)."""
    weights: Array
    """The posterior mean of w, (columns,)."""
    axes: Array
    """Orthonormal directions in which something is known of w, (axes, columns)."""
    spread: Array
    """The posterior's standard deviation along each, (axes,)."""
    prior: float
    """The standard deviation of w in all other directions."""

    @classmethod
    def fit(cls, features: Array, scores: Array) -> Self:
        """Args: features: (N, columns); scores: (N,)."""
        mean, centre = float(scores.mean()), features.mean(0)
        left, singular, axes = np.linalg.svd(features - centre, full_matrices=False)
        kept = singular > 1e-9 * max(1.0, float(singular.max(initial=0.0)))
        left, singular, axes = left[:, kept], singular[kept], axes[kept]
        seen = left.T @ (scores - mean)  # (axes,)
        unexplained = max(float(((scores - mean) ** 2).sum() - (seen**2).sum()), 0.0)
        ratio, noise = _most_likely(singular, seen, unexplained, len(scores))
        weights = axes.T @ (singular * seen / (singular**2 + ratio))
        spread = np.sqrt(noise / (singular**2 + ratio))
        return cls(mean, centre, weights, axes, spread, float(np.sqrt(noise / ratio)))

    def predict(self, features: Array) -> Array:
        """The expected scores, (N,)."""
        found: Array = self.mean + (features - self.centre) @ self.weights
        return found

    def draw(self, features: Array, rng: np.random.Generator) -> Array:
        """The scores, (N,), by weights that are drawn from the posterior."""
        free = self.prior * rng.standard_normal(len(self.weights))
        known = self.spread * rng.standard_normal(len(self.spread))
        weights = self.weights + free + self.axes.T @ (known - self.axes @ free)
        found: Array = self.mean + (features - self.centre) @ weights
        return found


def _most_likely(singular: Array, seen: Array, unexplained: float, count: int) -> tuple[float, float]:
    """The ratio of the variances that maximises the evidence, and the noise's variance with it.

    The scores' covariance is noise (I + F F' / ratio), whose eigenvalues are known, and the best noise given the ratio
    is the mean of the squares in these directions.
    """
    inflated = 1 + singular**2 / RATIOS[:, None]  # (ratios, axes)
    noise = np.maximum(((seen**2 / inflated).sum(1) + unexplained) / count, 1e-12)
    evidence = -0.5 * (count * np.log(noise) + np.log(inflated).sum(1))
    best = int(evidence.argmax())
    return float(RATIOS[best]), float(noise[best])

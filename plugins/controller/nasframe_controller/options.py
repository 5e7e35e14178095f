"""The settings of the controller."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from nasframe import Options


class ControllerOptions(Options):
    """NASNet's settings (appendix A.1), but for the number of candidates, of which it had 20,000."""

    samples: int = Field(default=500, ge=1)
    """Number of genotypes to evaluate."""
    budget: float = Field(default=1.0, gt=0, le=1)
    """Share of a full evaluation that each gets."""
    algorithm: Literal["ppo", "reinforce"] = "ppo"
    """How the controller learns from scores: proximal policy optimisation (NASNet), or REINFORCE (its predecessor)."""
    batch: int = Field(default=20, ge=1)
    """Genotypes that are evaluated before the controller learns from them."""
    lr: float = Field(default=0.00035, gt=0)
    """Adam's learning rate. The default wants thousands of samples; 0.005 to 0.02 learns from hundreds."""
    hidden: int = Field(default=100, ge=1)
    """Units of the LSTM, and length of the embeddings."""
    initial: float = Field(default=0.1, gt=0)
    """All weights are drawn uniformly from minus this to this."""
    entropy: float = Field(default=1e-5, ge=0)
    """Weight of the entropy of the answers, which keeps the controller curious."""
    baseline: float = Field(default=0.95, ge=0, lt=1)
    """How much of the moving average of scores each new score leaves; only what exceeds the average is rewarded."""
    normalise: bool = False
    """Whether a batch's rewards are divided by their standard deviation, so that ``entropy`` means the same whatever
    the scale of the scores."""
    clip: float = Field(default=0.2, gt=0)
    """PPO: how far the probability of a genotype may move in one batch before it is no longer pushed (NASNet names no
    number)."""
    passes: int = Field(default=4, ge=1)
    """PPO: updates by one batch; REINFORCE does one."""

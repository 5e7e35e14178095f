"""The settings of progressive search."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from nasframe import Options


class SurrogateOptions(Options):
    """How scores are predicted; the paper's ensemble where it says."""

    kind: Literal["mlp", "lstm"] = "mlp"
    """The network: ``mlp`` on the mean of a genotype's embeddings, or ``lstm`` over them in program order."""
    members: int = Field(default=5, ge=1)
    """Networks in the ensemble; their mean is the prediction. Each learns from all but one fold of what is known."""
    hidden: int = Field(default=100, ge=1)
    """Length of the embeddings, and hidden units."""
    lr: float = Field(default=0.01, gt=0)
    """Adam's learning rate."""
    epochs: int = Field(default=30, ge=1)
    """Passes over what is known."""
    batch: int = Field(default=64, ge=1)
    """Genotypes in a batch."""


class ProgressiveOptions(Options):
    """PNAS's settings, but for the numbers of candidates, of which it had 1,160 at 256 a stage."""

    samples: int = Field(default=500, ge=1)
    """Number of genotypes to evaluate."""
    budget: float = Field(default=1.0, gt=0, le=1)
    """Share of a full evaluation that each gets."""
    keep: int = Field(default=50, ge=1)
    """K: how many of the candidates that the surrogate ranks are evaluated in a round, and grown in the next."""
    first: int = Field(default=256, ge=1)
    """How many are evaluated at most in the first stage of growth, all of which PNAS does."""
    grow: bool = True
    """Whether to search from small to large where the space says how (``Growing``); else over full genotypes."""
    distinct: bool = False
    """Whether of genotypes that the space knows to be the same network (``Canonical``) one alone is evaluated, as in
    PNAS."""
    pool: int = Field(default=10_000, ge=1)
    """How many candidates are ranked at most in a round; where there are more, so many are drawn."""
    surrogate: SurrogateOptions = SurrogateOptions()
    """What ranks them."""

"""The settings of the strategy ``tpe``."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from nasframe import Options


class TpeOptions(Options):
    """How many candidates, and how they are proposed; the sampler's defaults are optuna's."""

    samples: int = Field(default=100, ge=1)
    """Number of genotypes to evaluate, the random ones among them."""
    budget: float = Field(default=1.0, gt=0, le=1)
    """Share of a full evaluation that each gets."""
    startup: int = Field(default=10, ge=1)
    """Genotypes are drawn at random until so many were evaluated with success (optuna's ``n_startup_trials``)."""
    sampler: Literal["tpe", "gp"] = "tpe"
    """What proposes: tree-structured Parzen estimators, or a Gaussian process with expected improvement, which
    takes longer to propose."""
    n_ei_candidates: int = Field(default=24, ge=1)
    """Of TPE: how many genotypes it draws from its model of the good ones; the one most likelier there than in its
    model of the bad ones is proposed."""
    multivariate: bool | None = None
    """Of TPE: model decisions together, not each by itself. None: together for one objective, each by itself for
    several."""
    group: bool = False
    """Of multivariate TPE: model together also decisions that only some genotypes answer, by groups that are
    answered together; else each of these is modelled by itself."""

    @model_validator(mode="after")
    def _check_group(self) -> Self:
        if self.group and not self.multivariate:
            raise ValueError("group is true and multivariate is not; groups are modelled by multivariate TPE only")
        return self

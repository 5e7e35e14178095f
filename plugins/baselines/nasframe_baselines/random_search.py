"""Random search: the baseline of every comparison (Li and Talwalkar, UAI 2019)."""

from __future__ import annotations

from typing import ClassVar, final

import numpy as np
from pydantic import Field
from typing_extensions import override

from nasframe import AskTell, Genotype, Problem
from nasframe import Options as BaseOptions


@final
class RandomSearch(AskTell):
    """Evaluates genotypes drawn at random, each decision uniformly; none twice while new ones are found."""

    name: ClassVar[str] = "random"

    class Options(BaseOptions):
        """How many candidates, and how thoroughly each is evaluated."""

        samples: int = Field(default=20, ge=1)
        """Number of genotypes to evaluate."""
        budget: float = Field(default=1 / 9, gt=0, le=1)
        """Share of a full evaluation that each gets."""

    def __init__(self, problem: Problem, options: Options) -> None:
        super().__init__(problem, options, options.samples, options.budget)

    @override
    def ask(self, rng: np.random.Generator) -> Genotype:
        """A genotype that was not asked for yet, if one is found."""
        return self.draw(rng)

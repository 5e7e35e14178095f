"""Random search with samples near the incumbents: how the dense prediction cell was found (NeurIPS 2018)."""

from __future__ import annotations

from typing import ClassVar, final

import numpy as np
from pydantic import Field
from typing_extensions import override

from nasframe import AskTell, Genotype, Problem
from nasframe import Options as BaseOptions
from nasframe.genotype import encode, mutate


@final
class Near(AskTell):
    """Draws genotypes uniformly or, with a probability, by changing one of the best so far.

    Chen et al. (arXiv 1809.04184, section 3.3) name it so, without its numbers: those here are ours.
    """

    name: ClassVar[str] = "near"
    TRIES: ClassVar[int] = 100
    """Changed incumbents in a row that were all asked for before, after which a genotype is drawn uniformly."""

    class Options(BaseOptions):
        """How many candidates, how thoroughly each is evaluated, and how they are drawn."""

        samples: int = Field(default=20, ge=1)
        """Number of genotypes to evaluate."""
        budget: float = Field(default=1 / 9, gt=0, le=1)
        """Share of a full evaluation that each gets."""
        start: int = Field(default=10, ge=1)
        """How many are drawn uniformly at first."""
        uniform: float = Field(default=0.5, ge=0, le=1)
        """Probability that a later one is drawn uniformly too; else it is an incumbent that was changed."""
        incumbents: int = Field(default=5, ge=1)
        """How many of the best so far are changed, each as often as the others, in a decision drawn at random."""

    options: Options

    def __init__(self, problem: Problem, options: Options) -> None:
        super().__init__(problem, options, options.samples, options.budget)

    @override
    def ask(self, rng: np.random.Generator) -> Genotype:
        """A genotype that was not asked for yet, if one is found."""
        if len(self.history) + len(self.outstanding) < self.options.start or rng.random() < self.options.uniform:
            return self.draw(rng)
        return self._near(rng) or self.draw(rng)

    def _near(self, rng: np.random.Generator) -> Genotype | None:
        """A new genotype close to an incumbent; None: there is no incumbent, or nothing new was found near it."""
        if all(result.failure for _, result in self.history):
            return None
        incumbents = self.finalists(self.options.incumbents)
        if all(answer.count == 1 for answer in encode(self.problem.space, incumbents[0])):
            return None
        for _ in range(self.TRIES):
            genotype = mutate(self.problem.space, incumbents[int(rng.integers(len(incumbents)))], rng)
            if not self.is_known(genotype):
                return genotype
        return None

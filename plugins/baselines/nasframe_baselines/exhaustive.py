"""Exhaustive search: the truth about a small space."""

from __future__ import annotations

from itertools import islice
from typing import ClassVar, final

import numpy as np
from pydantic import Field
from typing_extensions import override

from nasframe import AskTell, ExperimentError, Genotype, Problem
from nasframe import Options as BaseOptions
from nasframe.files.words import quantity
from nasframe.genotype import enumerate_all


@final
class Exhaustive(AskTell):
    """Evaluates every genotype once, in the order of the space's options."""

    name: ClassVar[str] = "exhaustive"

    class Options(BaseOptions):
        """How many candidates at most, and how thoroughly each is evaluated."""

        limit: int = Field(default=1000, ge=1)
        """Number of genotypes that the space may have; a larger one is refused."""
        budget: float = Field(default=1.0, gt=0, le=1)
        """Share of a full evaluation that each gets."""

    def __init__(self, problem: Problem, options: Options) -> None:
        """Count the space.

        Raises:
            ExperimentError: it has more genotypes than the limit.
        """
        self._genotypes = list(islice(enumerate_all(problem.space), options.limit + 1))
        if len(self._genotypes) > options.limit:
            raise ExperimentError(
                f"space {problem.space.name!r} has more than strategy.limit = "
                f"{quantity(options.limit, 'genotype')}; raise the limit, make the space smaller, or take the strategy "
                "'random'"
            )
        super().__init__(problem, options, len(self._genotypes), options.budget)

    @override
    def ask(self, rng: np.random.Generator) -> Genotype | None:
        """The next genotype; none after the last."""
        done = len(self.history) + len(self.outstanding) + len(self.refused)
        return self._genotypes[done] if done < len(self._genotypes) else None

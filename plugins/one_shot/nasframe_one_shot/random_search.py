"""Random search with weight sharing (Li and Talwalkar, UAI 2019, arXiv 1902.07638, section 3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np
from pydantic import Field
from typing_extensions import override

from nasframe import Genotype, Problem
from nasframe.genotype import sample
from nasframe_one_shot.one_shot import OneShot, Scored
from nasframe_one_shot.options import OneShotOptions


@final
class OneShotRandom(OneShot):
    """Candidates drawn at random, each decision uniformly; none twice while new ones are found."""

    name: ClassVar[str] = "one-shot-random"

    class Options(OneShotOptions):
        """Of the supernet's training, and how many candidates."""

        samples: int = Field(default=1000, ge=1)
        """Number of genotypes to measure; as many as ``one-shot-evolution`` does."""

    def __init__(self, problem: Problem, options: Options) -> None:
        super().__init__(problem, options)

    @classmethod
    @override
    def candidates(cls, options: Options) -> int:
        return options.samples

    @override
    def propose(self, scored: Sequence[Scored], rng: np.random.Generator) -> Genotype:
        """A genotype that was not measured yet, if one is found."""
        return self.unseen(scored, lambda: sample(self.space, rng))

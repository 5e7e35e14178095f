"""Evolution on a trained supernet (SPOS, Guo et al., ECCV 2020, arXiv 1904.00420, algorithm 1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self, TypeVar, final

import numpy as np
from pydantic import Field, model_validator
from typing_extensions import override

from nasframe import Genotype, Problem, SearchSpace
from nasframe.genotype import crossover, sample, trace
from nasframe_one_shot.one_shot import OneShot, Scored
from nasframe_one_shot.options import OneShotOptions

T = TypeVar("T")


@final
class OneShotEvolution(OneShot):
    """Generations of equal size: the first at random, each later one of children of the best so far.

    What it proposes follows from the candidates measured before the generation began, so it has no state of its own.
    """

    name: ClassVar[str] = "one-shot-evolution"

    class Options(OneShotOptions):
        """Of the supernet's training and of the evolution; the paper's (section 4)."""

        generations: int = Field(default=20, ge=1)
        """T: the first, random one among them."""
        population: int = Field(default=50, ge=1)
        """P: candidates in a generation."""
        parents: int = Field(default=10, ge=1)
        """k: how many of the best so far have children."""
        crossovers: int = Field(default=25, ge=0)
        """n: how many children of a generation have two parents; the others are mutations of one."""
        mutation: float = Field(default=0.1, ge=0, le=1)
        """Probability with which a mutation draws each decision anew."""

        @model_validator(mode="after")
        def _check_sizes(self) -> Self:
            for name, size in (("parents", self.parents), ("crossovers", self.crossovers)):
                if size > self.population:
                    raise ValueError(f"{name} is {size} and population {self.population}; it is at most the population")
            return self

    def __init__(self, problem: Problem, options: Options) -> None:
        super().__init__(problem, options)
        self.options = options

    @classmethod
    @override
    def candidates(cls, options: Options) -> int:
        return options.generations * options.population

    @override
    def propose(self, scored: Sequence[Scored], rng: np.random.Generator) -> Genotype:
        """A random genotype in the first generation, then a child; one that was not measured yet, if one is found.

        As in the paper's code, a random one takes the place of a child where the parents have no new one.
        """
        begun, place = divmod(len(scored), self.options.population)

        def anew() -> Genotype:
            return sample(self.space, rng)

        if begun == 0:
            return self.unseen(scored, anew)
        parents = self.ranked(scored[: begun * self.options.population])[: self.options.parents]

        def child() -> Genotype:
            parent, other = (parents[int(rng.integers(len(parents)))] for _ in range(2))
            if place < self.options.crossovers:
                return crossover(self.space, parent, other, rng)
            return mutated(self.space, parent, self.options.mutation, rng)

        return self.unseen(scored, child, anew)


def mutated(space: SearchSpace, parent: Genotype, probability: float, rng: np.random.Generator) -> Genotype:
    """The parent, each of whose decisions is drawn anew with a probability, and where its answer became illegal."""

    def choose(name: str, options: Sequence[T]) -> T:
        inherited = parent.answers.get(name)
        if inherited in options and rng.random() >= probability:
            return inherited  # type: ignore[return-value]
        return options[int(rng.integers(len(options)))]

    return trace(space, choose)

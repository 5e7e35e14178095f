"""NSGA-II (Deb, Pratap, Agarwal and Meyarivan, IEEE Transactions on Evolutionary Computation 6(2), 2002).

Its operators for real numbers are replaced by those for decisions: crossover takes each answer from one of the
parents, and mutation changes each open decision with the probability 1/n, as the paper's does with its n variables.
"""

from __future__ import annotations

from typing import ClassVar, final

import numpy as np
from pydantic import Field
from typing_extensions import override

from nasframe import AskTell, Evaluation, Genotype, Problem
from nasframe import Options as BaseOptions
from nasframe.genotype import crossover, encode, mutate, sample
from nasframe.pareto import crowding, fronts, values

TRIES = 20
"""Draws after which a child may be one that was asked for before: a small space has no more new ones."""
Member = tuple[Genotype, tuple[float, ...]]
"""A genotype and what it has of each objective, higher being better."""


@final
class Nsga2(AskTell):
    """Generations of as many children as parents, of whom together the best fronts survive (section III.C).

    Generations follow from the history, so they need no state of their own.
    """

    name: ClassVar[str] = "nsga2"

    class Options(BaseOptions):
        """The paper's settings (section IV.A), but for the number of candidates, of which it had 25,000."""

        samples: int = Field(default=500, ge=1)
        """Number of genotypes to evaluate, the first population among them."""
        budget: float = Field(default=1.0, gt=0, le=1)
        """Share of a full evaluation that each gets."""
        population: int = Field(default=100, ge=2)
        """N: how many parents survive a generation, and how many children it has."""
        crossover: float = Field(default=0.9, ge=0, le=1)
        """Probability that a child has two parents; else it is a mutated copy of one."""

    options: Options

    def __init__(self, problem: Problem, options: Options) -> None:
        super().__init__(problem, options, options.samples, options.budget)
        self._parents: list[Member] = []
        self._rank: list[tuple[int, float]] = []
        """Of each parent its front, and less the nearer its neighbours on it are: lower is better."""
        self._children: list[Member] = []
        self._heard = 0

    @override
    def ask(self, rng: np.random.Generator) -> Genotype | None:
        """A child of this generation; None: the one before is not evaluated yet."""
        asked = len(self.history) + len(self.outstanding)
        if asked < self.options.population:
            return sample(self.problem.space, rng)
        if len(self.history) < asked - asked % self.options.population:
            return None
        for _ in range(TRIES):
            child = self._child(rng)
            if not self.is_known(child):
                break
        return child

    @override
    def tell(self, genotype: Genotype, result: Evaluation) -> None:
        """A child; with the last one of a generation the best are chosen. Those that failed are none of them."""
        self._heard += 1
        if not result.failure:
            self._children.append((genotype, values(self.problem.objectives, result.score, result.metrics)))
        if self._heard % self.options.population == 0:
            self._survive([*self._parents, *self._children])
            self._children = []

    def _survive(self, members: list[Member]) -> None:
        """Fill the next generation front by front; of the last one, those with the most room (section III.C)."""
        self._parents, self._rank = [], []
        if not members:
            return
        points = np.array([member[1] for member in members])
        for rank, front in enumerate(fronts(points)):
            room = crowding(points[front])
            order = np.argsort(-room, kind="stable")[: self.options.population - len(self._parents)]
            self._parents += [members[front[place]] for place in order]
            self._rank += [(rank, -float(room[place])) for place in order]

    def _child(self, rng: np.random.Generator) -> Genotype:
        if not self._parents:  # all have failed
            return sample(self.problem.space, rng)
        mother, father = self._winner(rng), self._winner(rng)
        crossed = rng.random() < self.options.crossover
        return self._mutated(crossover(self.problem.space, mother, father, rng) if crossed else mother, rng)

    def _winner(self, rng: np.random.Generator) -> Genotype:
        """The better of two parents drawn at random (crowded-comparison operator, section III.B)."""
        one, two = (int(place) for place in rng.integers(len(self._parents), size=2))
        genotype, _ = self._parents[one if self._rank[one] <= self._rank[two] else two]
        return genotype

    def _mutated(self, genotype: Genotype, rng: np.random.Generator) -> Genotype:
        names = self._open(genotype)
        for name in names:
            if rng.random() < 1 / len(names) and name in self._open(genotype):
                genotype = mutate(self.problem.space, genotype, rng, target=name)
        return genotype

    def _open(self, genotype: Genotype) -> list[str]:
        return [answer.name for answer in encode(self.problem.space, genotype) if answer.count > 1]

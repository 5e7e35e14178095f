"""Regularised (ageing) evolution (Real et al., AAAI 2019, arXiv 1802.01548, algorithm 1)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self, final

import numpy as np
from pydantic import Field, model_validator
from typing_extensions import override

from nasframe import AskTell, Evaluation, Genotype, Problem
from nasframe import Options as BaseOptions
from nasframe.genotype import sample
from nasframe_evolution.mutation import Mutation


@final
class Evolution(AskTell):
    """A population in which the fittest of a random sample has a child, and the oldest, not the worst, dies.

    The population follows from the history, so it needs no state of its own.
    """

    name: ClassVar[str] = "evolution"

    class Options(BaseOptions):
        """The paper's settings, but for the number of candidates, of which it had 20,000."""

        samples: int = Field(default=500, ge=1)
        """Number of genotypes to evaluate, the first population among them."""
        budget: float = Field(default=1.0, gt=0, le=1)
        """Share of a full evaluation that each gets."""
        population: int = Field(default=100, ge=1)
        """P: how many are alive."""
        start: int | None = Field(default=None, ge=1)
        """How many are drawn at random before the first child, of whom the best P are the first population; at least P.
        None: P, as in the paper."""
        sample: int = Field(default=25, ge=1)
        """S: how many are drawn, with replacement, of whom the best is the parent."""
        identity: float = Field(default=0.05, ge=0, le=1)
        """Probability that a child equals its parent and is evaluated again, as the paper has it for noisy scores."""
        kinds: tuple[Annotated[str, Field(min_length=1)], ...] = Field(default=("*",), min_length=1)
        """Kinds of mutation: patterns of decisions' names (``*``, ``?``, ``[...]``). A mutation draws a kind, then one
        of its decisions, each uniformly. The paper's two kinds, inputs and operations, are in space autodeeplab
        ``["cell/*/inputs", "cell/*/[!i]*"]``."""
        dies: Literal["oldest", "worst"] = "oldest"
        """Who dies when a child is born; ``worst`` is the classical alternative that the paper compares with."""

        @model_validator(mode="after")
        def _check_sizes(self) -> Self:
            if self.sample > self.population:
                raise ValueError(
                    f"sample is {self.sample} and population {self.population}; a sample is at most the population"
                )
            if self.start is not None and self.start < self.population:
                raise ValueError(
                    f"start is {self.start} and population {self.population}; as many as the population are drawn at "
                    "least"
                )
            return self

    options: Options

    def __init__(self, problem: Problem, options: Options) -> None:
        """Check that every kind of mutation fits some decision.

        Raises:
            ExperimentError: one fits none.
        """
        super().__init__(problem, options, options.samples, options.budget)
        self._mutation = Mutation(problem.space, options.kinds, options.identity)
        self._start = options.start or options.population
        self._alive: list[tuple[Genotype, float]] = []

    @override
    def ask(self, rng: np.random.Generator) -> Genotype:
        """A random genotype, of which the first population comes, then a child."""
        if len(self.history) + len(self.outstanding) < self._start or not self._alive:
            return sample(self.problem.space, rng)
        drawn = [self._alive[index] for index in rng.integers(len(self._alive), size=self.options.sample)]
        parent, _ = max(drawn, key=lambda member: member[1])
        return self._mutation.child(parent, rng)

    @override
    def tell(self, genotype: Genotype, result: Evaluation) -> None:
        """A birth, and a death once the population is full; at the end of the random draws only the best of them live.

        Those keep their ages: of them, too, the one that was drawn first is the first to die.
        """
        self._alive.append((genotype, result.score))
        scores = np.array([score for _, score in self._alive])
        if len(self.history) == self._start:
            best = np.argsort(-scores, kind="stable")[: self.options.population]
            self._alive = [self._alive[place] for place in sorted(best)]
        elif len(self.history) > self._start and len(self._alive) > self.options.population:
            self._alive.pop(0 if self.options.dies == "oldest" else int(scores.argmin()))

"""Local search (White, Nolen and Savani, UAI 2021, arXiv 2005.02960): the simplest strategy that learns."""

from __future__ import annotations

from typing import ClassVar, Literal, final

import numpy as np
from pydantic import Field
from typing_extensions import override

from nasframe import AskTell, Evaluation, Genotype, Problem
from nasframe import Options as BaseOptions
from nasframe_baselines.neighbours import neighbours


@final
class LocalSearch(AskTell):
    """Climbs from a random genotype by changing one decision at a time; at an optimum starts anew.

    All that it knows follows from the history: the top of the present climb, which of its neighbours were evaluated, in
    this climb or an earlier one, and where climbs are still to start.
    """

    name: ClassVar[str] = "local"

    class Options(BaseOptions):
        """How many candidates, how thoroughly each is evaluated, and when the climb moves on."""

        samples: int = Field(default=20, ge=1)
        """Number of genotypes to evaluate."""
        budget: float = Field(default=1 / 9, gt=0, le=1)
        """Share of a full evaluation that each gets."""
        move: Literal["first", "best"] = "first"
        """Move to the first better neighbour, or evaluate all and move to the best."""
        start: int = Field(default=1, ge=1)
        """How many genotypes are drawn at random first; climbs start from them, the best first."""

    options: Options

    def __init__(self, problem: Problem, options: Options) -> None:
        super().__init__(problem, options, options.samples, options.budget)
        self._scores: dict[Genotype, float] = {}
        self._top: Genotype | None = None
        self._around: list[Genotype] = []
        self._starts: list[Genotype] = []
        """Of those drawn at first, once all are: which were not climbed from yet, the best first."""

    @override
    def ask(self, rng: np.random.Generator) -> Genotype | None:
        """A neighbour of the top that was not asked for yet; at first and at optima a genotype drawn at random.

        None: all that is left of the neighbours is being evaluated.
        """
        self._move_on()
        unknown = [genotype for genotype in self._unknown() if not self.is_known(genotype)]
        if unknown:
            return unknown[int(rng.integers(len(unknown)))]
        if self._unknown():
            return None
        return self.draw(rng)

    @override
    def tell(self, genotype: Genotype, result: Evaluation) -> None:
        """Draw on, begin a climb, or move on."""
        self._move_on()
        begins = self._top is None
        self._scores[genotype] = result.score
        if len(self.history) <= self.options.start:
            if len(self.history) == self.options.start:
                drawn = [genotype for genotype, _ in self.history]
                self._starts = sorted(drawn, key=self._scores.__getitem__, reverse=True)
        elif begins:
            self._climb_to(genotype)
        elif self.options.move == "first" and result.score > self._height():
            self._climb_to(genotype)
        self._move_on()

    def _move_on(self) -> None:
        """Where no neighbour of the top is left: climb to the best of them, or end the climb and start the next one."""
        while not self._unknown():
            if self._top is None:
                if not self._starts:
                    return
                self._climb_to(self._starts.pop(0))
                continue
            known = [genotype for genotype in self._around if genotype in self._scores]
            best = max(known, key=self._scores.__getitem__, default=self._top)
            if self._scores[best] <= self._height():
                self._top, self._around = None, []
            else:
                self._climb_to(best)

    def _climb_to(self, genotype: Genotype) -> None:
        self._top = genotype
        self._around = neighbours(self.problem.space, genotype)

    def _height(self) -> float:
        return -np.inf if self._top is None else self._scores[self._top]

    def _unknown(self) -> list[Genotype]:
        """The neighbours of the top with no score yet; none: it is an optimum, or there is no climb."""
        return [g for g in self._around if g not in self._scores and g not in self.refused]

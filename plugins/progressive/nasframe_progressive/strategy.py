"""The strategy ``progressive``: PNAS (Liu et al., ECCV 2018, arXiv 1712.00559), algorithm 1.

Without torch until the first surrogate is trained.
"""

from __future__ import annotations

from typing import ClassVar, final

import numpy as np
from typing_extensions import override

from nasframe import AskTell, Evaluation, Genotype, Growing, Problem
from nasframe.genotype import sample
from nasframe_progressive.candidates import Candidates
from nasframe_progressive.options import ProgressiveOptions


@final
class Progressive(AskTell):
    """Evaluates genotypes in rounds: those of the next stage of growth that a surrogate ranks highest.

    When growth has come to its end, or where a space has none, rounds choose from the whole space. What a round
    holds follows from the experiment's seed and the history, so it is restored by planning again.
    """

    name: ClassVar[str] = "progressive"

    class Options(ProgressiveOptions):
        """Settings of the search."""

    options: ProgressiveOptions

    def __init__(self, problem: Problem, options: ProgressiveOptions) -> None:
        super().__init__(problem, options, options.samples, options.budget)
        space = problem.space
        self._stages = tuple(space.growth()) if options.grow and isinstance(space, Growing) else ()
        self._candidates = Candidates(options.distinct)
        self._scores: dict[Genotype, list[float]] = {}
        self._round = 0
        self._kept: list[Genotype] = []
        self._waiting: list[Genotype] = []

    @override
    def ask(self, rng: np.random.Generator) -> Genotype | None:
        """The next genotype of the round; None: the rest of it is being evaluated."""
        self._plan()
        asked = [genotype for genotype, _ in self.outstanding]
        return next((genotype for genotype in self._waiting if genotype not in asked), None)

    @override
    def tell(self, genotype: Genotype, result: Evaluation) -> None:
        self._plan()
        if genotype in self._waiting:
            self._waiting.remove(genotype)
        self._scores.setdefault(genotype, []).append(result.score)

    def _plan(self) -> None:
        """Begin a new round where nothing waits; rounds that hold only what is known are passed over."""
        self._waiting = [genotype for genotype in self._waiting if genotype not in self.refused]
        while not self._waiting:
            seen = self._seen()
            rng = np.random.default_rng([self.problem.runtime.seed, self._round])
            self._kept = self._next_round(rng)
            self._waiting = [genotype for genotype in self._kept if genotype not in seen]
            if not self._kept:  # the space is used up
                self._waiting = [sample(self.problem.space, rng)]
            self._round += 1

    def _next_round(self, rng: np.random.Generator) -> list[Genotype]:
        space, options, stages, candidates = self.problem.space, self.options, self._stages, self._candidates
        if self._round == 0:
            if stages:
                return candidates.some(stages[0], options.first, rng)
            return candidates.drawn(space, options.keep, rng)
        if self._round < len(stages):
            before, after = stages[self._round - 1 : self._round + 1]
            return self._highest(candidates.grown(self._kept, before, after, options.pool, rng))
        best = sorted(filter(self.is_whole, self._scores), key=self._mean)[-options.keep :]
        return self._highest(candidates.anywhere(space, best, self._seen(), options.pool, rng))

    def _highest(self, candidates: list[Genotype]) -> list[Genotype]:
        """The K candidates that the surrogate ranks highest, in that order."""
        if len(candidates) <= self.options.keep:
            return candidates
        from nasframe_progressive.surrogate import predict

        known = [(genotype, self._mean(genotype)) for genotype in self._scores]
        words = np.random.SeedSequence([self.problem.runtime.seed, self._round]).generate_state(1)
        predicted = predict(known, candidates, self.options.surrogate, int(words[0]))
        return [candidates[index] for index in np.argsort(-predicted, kind="stable")[: self.options.keep]]

    def _seen(self) -> set[Genotype]:
        return {*self._scores, *self.refused}

    def _mean(self, genotype: Genotype) -> float:
        scores = self._scores[genotype]
        return sum(scores) / len(scores)

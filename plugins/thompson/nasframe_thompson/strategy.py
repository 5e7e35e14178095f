"""Thompson sampling (Thompson, Biometrika 25, 1933) by a model of the score, as BOCS does it for combinatorial
structures (Baptista and Poloczek, ICML 2018, arXiv 1806.08838), here with a Gaussian process."""

from __future__ import annotations

from typing import ClassVar, final

import numpy as np
from pydantic import Field
from typing_extensions import override

from nasframe import AskTell, Evaluation, Genotype, Problem
from nasframe import Options as BaseOptions
from nasframe.genotype import mutate, sample
from nasframe_thompson.features import Features
from nasframe_thompson.process import Hyper, Process


@final
class Thompson(AskTell):
    """Asks for what is best by scores drawn from the model's posterior; takes what is best by its mean.

    Scores of short trainings are noisy, so the highest of many is for a good part the luckiest. The model sees all of
    them: each candidate is judged by what its answers did in the others too.
    """

    name: ClassVar[str] = "thompson"

    class Options(BaseOptions):
        """How many candidates, how thoroughly each is evaluated, and among how many each is chosen."""

        samples: int = Field(default=40, ge=1)
        """Number of genotypes to evaluate."""
        start: int = Field(default=10, ge=2)
        """How many of them are drawn at random, before the model has anything to say."""
        budget: float = Field(default=1 / 9, gt=0, le=1)
        """Share of a full evaluation that each gets."""
        pool: int = Field(default=500, ge=2)
        """Genotypes among which the next one is chosen: half drawn at random, half mutated from the ten that the model
        expects most of."""

    options: Options
    PARENTS: ClassVar[int] = 10

    def __init__(self, problem: Problem, options: Options) -> None:
        super().__init__(problem, options, options.samples, options.budget)
        self._genotypes: list[Genotype] = []
        """Those whose evaluation succeeded, in order."""
        self._scores: list[float] = []
        self._fitted: tuple[int, Features, Process] | None = None
        self._hyper: tuple[int, Hyper] | None = None
        """What the evidence chose, and by how many evaluations."""
        self._expected: dict[Genotype, float] = {}
        """Of those, by the model that was fitted last."""

    @override
    def ask(self, rng: np.random.Generator) -> Genotype:
        """A random genotype at first, then the best of a pool by one draw from the model."""
        if len(self.history) + len(self.outstanding) < self.options.start or len(self._scores) < 2:
            return self.draw(rng)
        features, model = self._model()
        parents = sorted(self._expected, key=self._expected.__getitem__, reverse=True)[: self.PARENTS]
        pool = self._pool(parents, rng)
        if not pool:
            return self.draw(rng)
        return pool[int(model.draw(features.of(pool), rng).argmax())]

    @override
    def tell(self, genotype: Genotype, result: Evaluation) -> None:
        """Learn from a success; a failure's score says nothing."""
        if not result.failure:
            self._genotypes.append(genotype)
            self._scores.append(result.score)

    @override
    def worth(self, genotype: Genotype, result: Evaluation) -> float:
        """What the model expects of a candidate, its own score and all others taken together."""
        if len(self._scores) < 2:
            return result.score
        features, model = self._model()
        known = self._expected.get(genotype)
        return float(model.predict(features.of([genotype]))[0]) if known is None else known

    def _model(self) -> tuple[Features, Process]:
        """The model of all that was told.

        What the evidence chooses is chosen anew for every eighth that comes to them, or oftener: with hundreds that
        takes long, and one more changes little.
        """
        told = len(self._scores)
        if self._fitted is None or self._fitted[0] != told:
            features, scores = Features(self._genotypes), np.array(self._scores)
            rows = features.of(self._genotypes)
            first = told - told % (1 << max(0, told.bit_length() - 4))
            if self._hyper is None or self._hyper[0] != first:
                early = Process.fit(features.of(self._genotypes[:first]), scores[:first])
                self._hyper = (first, early.hyper)
            model = Process.fit(rows, scores, self._hyper[1])
            self._expected = dict(zip(self._genotypes, map(float, model.predict(rows)), strict=True))
            self._fitted = (told, features, model)
        return self._fitted[1:]

    def _pool(self, parents: list[Genotype], rng: np.random.Generator) -> list[Genotype]:
        """Genotypes that were not asked for yet, none twice."""
        space, half = self.problem.space, self.options.pool // 2
        found = [sample(space, rng) for _ in range(half)]
        found += [mutate(space, parents[int(rng.integers(len(parents)))], rng) for _ in range(half)]
        return [one for one in dict.fromkeys(found) if not self.is_known(one)]

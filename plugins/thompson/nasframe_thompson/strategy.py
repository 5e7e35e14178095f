"""Thompson sampling (Thompson, Biometrika 25, 1933) by a Bayesian linear model, as BOCS does it for combinatorial
structures (Baptista and Poloczek, ICML 2018, arXiv 1806.08838), here without products of answers."""

from __future__ import annotations

from typing import ClassVar, final

import numpy as np
from pydantic import Field
from typing_extensions import override

from nasframe import AskTell, Evaluation, Genotype, Problem
from nasframe import Options as BaseOptions
from nasframe.genotype import mutate, sample
from nasframe_thompson.features import Features
from nasframe_thompson.linear import Array, Linear


@final
class Thompson(AskTell):
    """Asks for what is best by weights drawn from the model's posterior; takes what is best by its mean.

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
        self._fitted: tuple[int, Features, Linear, Array] | None = None

    @override
    def ask(self, rng: np.random.Generator) -> Genotype:
        """A random genotype at first, then the best of a pool by one draw of the model's weights."""
        if len(self.history) + len(self.outstanding) < self.options.start or len(self._scores) < 2:
            return self.draw(rng)
        features, model, expected = self._model()
        best = np.argsort(-expected, kind="stable")[: self.PARENTS]
        pool = self._pool([self._genotypes[number] for number in best], rng)
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
        features, model, _ = self._model()
        return float(model.predict(features.of([genotype]))[0])

    def _model(self) -> tuple[Features, Linear, Array]:
        """The model of all that was told, and what it expects of that."""
        told = len(self._scores)
        if self._fitted is None or self._fitted[0] != told:
            features = Features(self._genotypes)
            rows = features.of(self._genotypes)
            model = Linear.fit(rows, np.array(self._scores))
            self._fitted = (told, features, model, model.predict(rows))
        return self._fitted[1:]

    def _pool(self, parents: list[Genotype], rng: np.random.Generator) -> list[Genotype]:
        """Genotypes that were not asked for yet, none twice."""
        space, half = self.problem.space, self.options.pool // 2
        found = [sample(space, rng) for _ in range(half)]
        found += [mutate(space, parents[int(rng.integers(len(parents)))], rng) for _ in range(half)]
        return [one for one in dict.fromkeys(found) if not self.is_known(one)]

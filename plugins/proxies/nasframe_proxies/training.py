"""A proxy that falls out of a short training."""

from __future__ import annotations

from typing import Any, ClassVar, final

from pydantic import Field
from typing_extensions import override

from nasframe import Genotype, Problem, Trainable
from nasframe import Options as BaseOptions
from nasframe.plugin.proxy import Proxy


@final
class TrainingLoss(Proxy):
    """Minus the mean training loss of the last steps of a short training.

    TSE-E of Ru, Lyle, Schut, Fil, van der Wilk, Gal, Speedy Performance Estimation for NAS, NeurIPS 2021, arXiv
    2006.04492, section 3: the training losses are added up from some step on.
    """

    name: ClassVar[str] = "training-loss"
    needs: ClassVar[tuple[type, ...]] = (Trainable,)
    trains: ClassVar[bool] = True

    class Options(BaseOptions):
        """How long it trains, and what it looks at."""

        budget: float = Field(default=0.1, gt=0, le=1)
        """Share of a full training's steps."""
        last: float = Field(default=0.25, gt=0, le=1)
        """Share of these steps whose losses are averaged."""

    def __init__(self, problem: Problem, options: Any) -> None:
        super().__init__(problem, options)
        assert isinstance(problem.evaluator, Trainable), "it needs that"
        self._evaluator = problem.evaluator

    @override
    def value(self, genotype: Genotype) -> float:
        from nasframe.training.seeding import seed_all

        network = self.problem.space.build(genotype, self._evaluator.task)
        training = self._evaluator.training(network, self.options.budget)
        seed = self.problem.runtime.seed
        losses = [training.step(index, seed_all(seed, "fit", index))["loss"] for index in range(training.steps)]
        last = losses[-max(1, round(self.options.last * len(losses))) :]
        return -sum(last) / len(last)

"""The strategy ``controller``: NASNet's reinforcement learning (Zoph et al., CVPR 2018, arXiv 1707.07012).

Without torch until it is constructed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, final

import numpy as np
from typing_extensions import override

from nasframe import AskTell, Evaluation, Genotype, Problem
from nasframe_controller.options import ControllerOptions

if TYPE_CHECKING:
    from nasframe_controller.policy import Answered


@final
class Controller(AskTell):
    """An LSTM proposes genotypes, and learns from their scores after each batch of them.

    Its weights follow from the experiment's seed and the history, so it is restored by learning again.
    """

    name: ClassVar[str] = "controller"

    class Options(ControllerOptions):
        """Settings of the search."""

    options: ControllerOptions

    def __init__(self, problem: Problem, options: ControllerOptions) -> None:
        from nasframe_controller.learning import Learner
        from nasframe_controller.policy import Policy

        super().__init__(problem, options, options.samples, options.budget)
        self._policy = Policy(options.hidden, options.initial, problem.runtime.seed)
        self._learner = Learner(self._policy, options)
        self._batch: list[tuple[list[Answered], float]] = []

    @override
    def ask(self, rng: np.random.Generator) -> Genotype:
        """A genotype drawn from the policy, answer by answer."""
        from nasframe_controller.answering import answer

        def draw(probabilities: np.ndarray) -> int:
            return int(rng.choice(len(probabilities), p=probabilities))

        return answer(self.problem.space, self._policy, draw)[0]

    @override
    def tell(self, genotype: Genotype, result: Evaluation) -> None:
        """Remember, and learn when the batch is full."""
        from nasframe_controller.answering import read

        self._batch.append((read(self.problem.space, genotype), result.score))
        if len(self._batch) == self.options.batch:
            answered, scores = zip(*self._batch, strict=True)
            self._batch = []
            if any(answered):  # else the space has nothing to decide
                self._learner.learn(answered, scores)

    @override
    def snapshot(self) -> Mapping[str, np.ndarray]:
        """The probabilities of all options of the decisions that the policy's favourite answers lead to."""
        from nasframe_controller.answering import answer

        _, probabilities = answer(self.problem.space, self._policy, lambda options: int(options.argmax()))
        return {f"policy/{name}": array for name, array in probabilities.items()}

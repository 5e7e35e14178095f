"""The supernet under training and measurement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, final

import numpy as np

from nasframe.evaluator import Differentiable, Evaluation, Runtime
from nasframe.genotype import Genotype
from nasframe.supernet import SwitchableSupernet
from nasframe.training.batches import BatchStream
from nasframe.training.finite import require_finite_numbers
from nasframe.training.running_statistics import recalibrate
from nasframe.training.sgd import Training
from nasframe_one_shot.options import OneShotOptions


@final
class SharedWeights:
    """Weights of all candidates; an update at some paths leaves the weights that none of them uses alone."""

    def __init__(
        self, supernet: SwitchableSupernet, evaluator: Differentiable, options: OneShotOptions, runtime: Runtime
    ) -> None:
        self.supernet = supernet
        self._evaluator = evaluator
        self._recalibrate = options.recalibrate
        self._runtime = runtime
        self._training = Training(supernet, evaluator, options.training(), runtime)
        self._batches = BatchStream(evaluator, "weights")  # disjoint from both ``arch`` and ``val``

    @property
    def steps(self) -> int:
        """How many steps the training has."""
        return self._training.steps

    def train(self, index: int, paths: Sequence[Genotype], rng: np.random.Generator) -> Mapping[str, float]:
        """Update ``index`` of the weights, by the sum of the gradients of some paths on the same batch.

        Summed and not averaged, as in FairNAS's algorithm 1 and in that of slimmable networks: a weight that one of the
        paths uses is trained as by that path alone.

        Raises:
            RunError: a loss or a gradient is not finite.
        """
        return self._training.step(index, rng, [partial(self.supernet.switch, path) for path in paths])

    def measure(self, genotype: Genotype) -> Evaluation:
        """The score of a candidate on ``val`` with the weights as they are and statistics of its own.

        Raises:
            RunError: what the network says, or a metric, is not finite.
        """
        self.supernet.switch(genotype)
        batches = (self._batches[number] for number in range(self._recalibrate))
        recalibrate(self.supernet, batches, self._runtime)
        result = self._evaluator.measure(self.supernet)
        require_finite_numbers(result)
        return result

    def state_dict(self) -> dict[str, Any]:
        """Weights, optimiser, loss scaler."""
        return self._training.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state."""
        self._training.load_state_dict(state)

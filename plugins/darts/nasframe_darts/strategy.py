"""The strategy ``darts``, without torch until it is constructed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, final

import numpy as np
from typing_extensions import override

from nasframe import (
    CapabilityError,
    Differentiable,
    ExperimentError,
    Genotype,
    Problem,
    Relaxable,
    Runtime,
    Strategy,
    Uneven,
)
from nasframe.files.words import quantity
from nasframe_darts.options import DartsOptions

DECIDING = 2.0
"""Logits: ln 7, by which one of eight equal options comes to weigh as much as the other seven together, rounded up."""


@final
class Darts(Strategy, Uneven):
    """DARTS: weights on one half of the training data, architecture parameters on the other."""

    name: ClassVar[str] = "darts"
    needs: ClassVar[tuple[type, ...]] = (Relaxable, Differentiable)

    class Options(DartsOptions):
        """Settings of the search."""

    def __init__(self, problem: Problem, options: DartsOptions) -> None:
        """Build the supernet, from torch's global generator, on the problem's device.

        Raises:
            CapabilityError: the space or the evaluator lacks what gradients need.
            ExperimentError: the order asks for a higher precision.
        """
        from nasframe_darts.bilevel import Bilevel

        space, evaluator = problem.space, problem.evaluator
        if not isinstance(space, Relaxable) or not isinstance(evaluator, Differentiable):
            raise CapabilityError(
                "darts needs a Relaxable space and a Differentiable evaluator; "
                f"got {space.name!r} and {evaluator.name!r}"
            )
        _check_precision(options, problem.runtime)
        self._bilevel = Bilevel(partial(space.relax, evaluator.task), evaluator, options, problem.runtime)
        self._options = options
        self.steps = self._bilevel.steps

    @override
    def step(self, index: int, rng: np.random.Generator) -> Mapping[str, float]:
        """One update of the weights and, after the warm-up, one of the architecture parameters."""
        return self._bilevel.step(index)

    @override
    def kind(self, index: int) -> str:
        """Warm-up steps train weights only, bilevel ones both; some of each also measure."""
        return self._bilevel.timing.kind(index)

    @override
    def best(self) -> Genotype:
        """What the architecture parameters favour now."""
        return self._bilevel.supernet.derive()

    @override
    def remarks(self) -> Sequence[str]:
        """Whether the architecture parameters can move far enough for anything to be decided."""
        updates, rate = self.steps - self._bilevel.timing.warmup, self._options.arch_lr
        reach = updates * rate  # a step of Adam is about as long as its learning rate, and rarely longer
        if reach >= DECIDING:
            return ()
        return (
            f"{quantity(updates, 'update')} of the architecture parameters by strategy.arch_lr = {rate:g} can move "
            f"a logit by about {reach:.2g} at most, and {DECIDING:g} is what makes one of eight operations weigh as "
            "much as all others: expect nearly even weights, and a genotype that noise has chosen. Raise "
            "strategy.arch_lr, or the number of updates",
        )

    @override
    def snapshot(self) -> Mapping[str, np.ndarray]:
        """The softmaxed architecture parameters."""
        return self._bilevel.supernet.mixing_weights()

    @override
    def state_dict(self) -> dict[str, Any]:
        """The supernet, both optimisers and the loss scaler."""
        return self._bilevel.state_dict()

    @override
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state."""
        self._bilevel.load_state_dict(state)


def _check_precision(options: DartsOptions, runtime: Runtime) -> None:
    """Second derivatives of a scaled loss overflow in float16; finite differences are lost in any short type."""
    good = {"second": ("float32", "bfloat16"), "second-finite": ("float32",)}
    if options.order != "first" and runtime.precision not in good[options.order]:
        raise ExperimentError(
            f"strategy.order is {options.order!r} and run.precision {runtime.precision!r}; second derivatives need "
            f"run.precision: {' or '.join(good[options.order])}, or set strategy.order: first"
        )

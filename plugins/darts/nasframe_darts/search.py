"""The bilevel search as a strategy whose parts its subclasses choose, without torch until it is constructed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np
from typing_extensions import override

from nasframe import (
    Bounded,
    CapabilityError,
    Costed,
    Differentiable,
    EndsEarly,
    ExperimentError,
    Genotype,
    Problem,
    Relaxable,
    RunError,
    Runtime,
    Strategy,
    TrainsSupernet,
    Uneven,
)
from nasframe_darts.options import BilevelOptions
from nasframe_darts.reach import choice, remark, remark_on

if TYPE_CHECKING:
    from nasframe.supernet import Supernet, SupernetCosts
    from nasframe_darts.parts import Parts


class BilevelSearch(Strategy, Uneven, EndsEarly, Bounded, TrainsSupernet, ABC):
    """Trains weights on one half of the training data, architecture parameters on the other, in turns.

    A search is such a class with a ``name``, ``Options`` on ``BilevelOptions``, and the ``parts`` that it is composed
    of; schedules, precision, second order, checkpoints, metrics and the experiment's constraints are here.
    """

    needs: ClassVar[tuple[type, ...]] = (Relaxable, Differentiable)
    needs_for_bounds: ClassVar[tuple[type, ...]] = (Costed,)

    @abstractmethod
    def parts(self, problem: Problem, options: Any) -> Parts:
        """New parts for a search, made before anything else is; import torch here.

        Args:
            problem: whose space is ``Relaxable`` and whose evaluator is ``Differentiable``.
            options: of this class's ``Options``.

        Raises:
            ExperimentError: options that do not go together.
        """

    @final
    def __init__(self, problem: Problem, options: BilevelOptions) -> None:
        """Build the supernet, from torch's global generator, on the problem's device.

        Raises:
            CapabilityError: the space or the evaluator lacks what gradients need, or the space what bounds need.
            ExperimentError: the order asks for a higher precision or for other parts, or parts do not go together.
            RunError: nothing in the space is within the bounds.
        """
        from nasframe_darts.bilevel import Bilevel

        space, evaluator = problem.space, problem.evaluator
        if not isinstance(space, Relaxable) or not isinstance(evaluator, Differentiable):
            raise CapabilityError(
                f"{self.name} needs a Relaxable space and a Differentiable evaluator; "
                f"got {space.name!r} and {evaluator.name!r}"
            )
        _check_precision(options, problem.runtime)
        self._problem = problem
        self._costs = _supernet_costs(problem)
        parts = self.parts(problem, options)
        parts.check(options.order)
        if self._costs:
            from nasframe_darts.bounds import Bounds

            bounds = Bounds(self._costs, problem.bounds, options.constraint_rate, parts.weigh)
            parts = replace(parts, regularise=(*parts.regularise, bounds))
        relax = partial(space.relax, evaluator.task)
        self._bilevel = Bilevel(relax, evaluator, options, problem.runtime, parts)
        self._options = options
        self.steps = self._bilevel.steps
        if self._costs:
            self.best()  # bounds that nothing is within are told now, and not when the search is over

    @final
    @override
    def step(self, index: int, rng: np.random.Generator) -> Mapping[str, float]:
        """One update of the weights and, after the warm-up, one of the architecture parameters."""
        return self._bilevel.step(index)

    @final
    @override
    def kind(self, index: int) -> str:
        """Warm-up steps train weights only, bilevel ones both; some of each also measure or look whether to stop."""
        return self._bilevel.kind(index)

    @final
    @property
    @override
    def ended(self) -> bool:
        """Whether the part ``stop`` has found that the search is over."""
        return self._bilevel.ended

    @final
    @override
    def best(self) -> Genotype:
        """What the architecture parameters favour now, of what is within the experiment's bounds.

        Raises:
            RunError: nothing is within them.
        """
        if self._costs is None:
            return self._bilevel.derive()
        found = self._costs.derive(self._bilevel.mixing_weights(), self._problem.bounds)
        if not self._problem.accepts(found):
            raise RunError(
                f"space {self._problem.space.name!r} derived a genotype within the constraints, but its network is "
                "beyond them by counting: what the space says of its costs is wrong"
            )
        return found

    @final
    @override
    def without_bounds(self) -> Genotype | None:
        """What the architecture parameters favour, whatever it costs."""
        return self._bilevel.derive()

    @final
    @override
    def finalists(self, count: int) -> Sequence[Genotype]:
        """What the search would derive, then what the mixing weights favour most."""
        favoured = self._bilevel.supernet.finalists(count)
        return list(dict.fromkeys([self.best(), *favoured]))[:count]

    @final
    @property
    @override
    def supernet(self) -> Supernet:
        return self._bilevel.supernet

    @final
    @override
    def hold_mixing(self) -> AbstractContextManager[object]:
        """As where the search measures its supernet."""
        return self._bilevel.parts.weigh.hold_still()

    @final
    @override
    def remarks(self) -> Sequence[str]:
        """By which steps the architecture parameters move, and whether that is far enough to decide anything."""
        told = (what(self._options, self._bilevel.timing) for what in (choice, remark))
        return tuple(one for one in told if one is not None)

    @final
    @classmethod
    @override
    def remarks_on(cls, options: BilevelOptions) -> Sequence[str]:
        """The same, as far as the options tell how many updates there are."""
        found = remark_on(options)
        return () if found is None else (found,)

    @final
    @override
    def snapshot(self) -> Mapping[str, np.ndarray]:
        """The mixing weights that deriving looks at: softmaxed architecture parameters, in most searches."""
        return self._bilevel.mixing_weights()

    @final
    @override
    def state_dict(self) -> dict[str, Any]:
        """The supernet, both optimisers, the loss scaler, and the parts that have a state."""
        return self._bilevel.state_dict()

    @final
    @override
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state."""
        self._bilevel.load_state_dict(state)


def _supernet_costs(problem: Problem) -> SupernetCosts | None:
    """What tells the costs of mixing weights; None where there are no bounds to keep to."""
    if not problem.bounds:
        return None
    if not isinstance(problem.space, Costed):
        raise CapabilityError(
            f"the experiment has bounds for {', '.join(problem.bounds)}, and space {problem.space.name!r} does not say "
            "what its mixing weights cost (it is not nasframe.Costed): take another space, or remove the constraints"
        )
    return problem.space.supernet_costs(problem.evaluator.task)


def _check_precision(options: BilevelOptions, runtime: Runtime) -> None:
    """Second derivatives of a scaled loss overflow in float16; finite differences are lost in any short type."""
    good = {"second": ("float32", "bfloat16"), "second-finite": ("float32",)}
    if options.order != "first" and runtime.precision not in good[options.order]:
        raise ExperimentError(
            f"strategy.order is {options.order!r} and run.precision {runtime.precision!r}; second derivatives need "
            f"run.precision: {' or '.join(good[options.order])}, or set strategy.order: first"
        )

"""A candidate's training in legs: each goes on from what the one before, of a smaller budget, left behind."""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, final

from nasframe.errors import CapabilityError, ExperimentError
from nasframe.evaluator import Candidate, Curve, Evaluation, Evaluator, Trainable, Validating
from nasframe.stepper import GoesOn, Stepper
from nasframe.training.seeding import seed_all
from nasframe.training.sgd import concluded, fit

__all__ = ["Reached", "train_legs"]


@dataclass(frozen=True)
class Reached:
    """What a training left behind at its end."""

    done: int
    """How many steps it has done."""
    state: dict[str, Any]
    """Its ``state_dict()``."""


def train_legs(
    evaluator: Evaluator,
    candidate: Candidate,
    budgets: Sequence[float],
    begin: Reached | None,
    bars: Curve | None = None,
) -> tuple[Evaluation, Reached | None]:
    """Train a candidate to one budget after the other, and measure it at the last.

    The result follows from the candidate, all budgets up to the last, the bars and the runtime's seed: it is the same
    whether what the earlier ones left is given or made again.

    Args:
        budgets: rising, at least one; those that are still to be done.
        begin: what the budget before them left; None: a new network.
        bars: where the training to the last budget is stopped, if its best score so far is below; None: it is not
            watched.

    Returns:
        The result, and what the training left; None: it was stopped. The result then is the measurement that it was
        stopped by, its budget what was done of the last one.

    Raises:
        CapabilityError: the evaluator has no training, or none that can go on or be watched.
        ExperimentError: a training is to be watched that is not set to measure anything.
        RunError: a loss or a gradient is not finite.
    """
    if not isinstance(evaluator, Trainable):
        raise CapabilityError(
            f"evaluator {evaluator.name!r} trains no networks (it is not Trainable), so no training can go on or be "
            "stopped"
        )
    seed, reached = evaluator.runtime.seed, begin
    for place, budget in enumerate(budgets, start=1):
        seed_all(seed, "build")
        network = candidate.build()
        training = evaluator.training(network, budget)
        if reached is not None:
            _going_on(training, evaluator).go_on(deepcopy(reached.state), reached.done)
        watch = _Watch(training, evaluator, bars) if bars is not None and place == len(budgets) else None
        begun = reached.done if reached else 0
        done = fit(training, seed, begun, watch.stops) if watch else fit(training, seed, begun)
        if watch and watch.stopped_by:
            share = done / training.steps
            return replace(watch.stopped_by, budget=budget * share, curve=tuple(watch.curve)), None
        reached = Reached(done, training.state_dict())
    assert reached is not None, "there is at least one budget"
    result = concluded(training, evaluator.measure(network))
    return replace(result, budget=budget, curve=tuple(watch.curve) if watch else ()), reached


def _going_on(training: Stepper, evaluator: Evaluator) -> GoesOn:
    if not isinstance(training, GoesOn):
        raise CapabilityError(
            f"the training of evaluator {evaluator.name!r} cannot go on from that of a smaller budget (it is not "
            "GoesOn); evaluate with new weights"
        )
    return training


@final
class _Watch:
    """Notes the scores of a training, and says when it is to be stopped."""

    def __init__(self, training: Stepper, evaluator: Evaluator, bars: Curve) -> None:
        if not isinstance(training, Validating):
            raise CapabilityError(
                f"the training of evaluator {evaluator.name!r} measures nothing meanwhile (it is not Validating), so "
                "it cannot be stopped by its scores; set prune: null"
            )
        if not training.validates:
            raise ExperimentError(
                f"prune stops trainings by scores on val, but those of evaluator {evaluator.name!r} are not set to "
                "measure any; set its training.validate_epochs above 0, or prune: null"
            )
        self._steps = training.steps
        self._training = training
        self._bars = dict(bars)
        self.curve: list[tuple[float, float]] = []
        self.stopped_by: Evaluation | None = None

    def stops(self, done: int) -> bool:
        """Whether the best score so far is below the bar."""
        found = self._training.validation
        if found is None:
            return False
        share = done / self._steps
        self.curve.append((share, found.score))
        if max(score for _, score in self.curve) < self._bars.get(share, -math.inf):
            self.stopped_by = found
        return self.stopped_by is not None

"""A candidate's training in legs: each goes on from what the one before, of a smaller budget, left behind."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from nasframe.errors import CapabilityError
from nasframe.evaluator import Candidate, Evaluation, Evaluator, Trainable
from nasframe.stepper import GoesOn
from nasframe.training.seeding import seed_all
from nasframe.training.sgd import fit

__all__ = ["Reached", "train_legs"]


@dataclass(frozen=True)
class Reached:
    """What a training left behind at its end."""

    done: int
    """How many steps it has done."""
    state: dict[str, Any]
    """Its ``state_dict()``."""


def train_legs(
    evaluator: Evaluator, candidate: Candidate, budgets: Sequence[float], begin: Reached | None
) -> tuple[Evaluation, Reached]:
    """Train a candidate to one budget after the other, and measure it at the last.

    The result follows from the candidate, all budgets up to the last and the runtime's seed: it is the same whether
    what the earlier ones left is given or made again.

    Args:
        budgets: rising, at least one; those that are still to be done.
        begin: what the budget before them left; None: a new network.

    Raises:
        CapabilityError: the evaluator has no training, or none that can go on.
        RunError: a loss or a gradient is not finite.
    """
    if not isinstance(evaluator, Trainable):
        raise CapabilityError(
            f"evaluator {evaluator.name!r} trains no networks (it is not Trainable), so no training can go on"
        )
    seed, reached = evaluator.runtime.seed, begin
    for budget in budgets:
        seed_all(seed, "build")
        network = candidate.build()
        training = evaluator.training(network, budget)
        if reached is not None:
            if not isinstance(training, GoesOn):
                raise CapabilityError(
                    f"the training of evaluator {evaluator.name!r} cannot go on from that of a smaller budget (it is "
                    "not GoesOn); evaluate with new weights"
                )
            training.go_on(deepcopy(reached.state), reached.done)
        done = fit(training, seed, reached.done if reached else 0)
        reached = Reached(done, training.state_dict())
    assert reached is not None, "there is at least one budget"
    return evaluator.measure(network), reached

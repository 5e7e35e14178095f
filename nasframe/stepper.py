"""The stepper: what the loop runs, a search or a training."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np


class Stepper(Protocol):
    """A job of a known number of small steps, whose state can be saved between any two of them.

    The loop owns seeds, checkpoints and events. Before each step it seeds torch's global generators and makes
    ``rng`` from (seed, index), so no state holds a generator and resuming is exact.
    """

    @property
    def steps(self) -> int:
        """How many steps the job has."""

    def step(self, index: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Do step ``index`` (from 0) and return its metrics by name."""

    def snapshot(self) -> Mapping[str, np.ndarray]:
        """What to draw of the present state, small arrays by name; may be empty."""

    def state_dict(self) -> dict[str, Any]:
        """The state between two steps: tensors and plain data only (it is loaded with ``weights_only=True``)."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state; the object was constructed like the one that gave it, maybe with another seed."""


class EndsEarly(ABC):
    """A stepper that may find that it is done before its last step."""

    @property
    @abstractmethod
    def ended(self) -> bool:
        """Whether no further step is wanted; part of the state."""


class GoesOn(ABC):
    """A training that can go on from where one of the same network with a smaller budget ended."""

    @abstractmethod
    def go_on(self, state: dict[str, Any], done: int) -> None:
        """Take up a state: weights, optimiser, and whatever else goes on; the next step is step ``done``.

        Args:
            state: the ``state_dict()`` of that training, after its last step.
            done: how many steps it has done; where this training has no more, it has ended.
        """


class Uneven(ABC):
    """A stepper whose steps are of several kinds, which take different time and memory."""

    @abstractmethod
    def kind(self, index: int) -> str:
        """What kind of step ``index`` is, in a word or two; steps of one kind cost the same."""

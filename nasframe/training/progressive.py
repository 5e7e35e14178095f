"""What changes with the progress of a training."""

from __future__ import annotations

from abc import ABC, abstractmethod

__all__ = ["Progressive"]


class Progressive(ABC):
    """A network, or a submodule, that behaves differently as its training goes on (scheduled drop path).

    A training tells every such submodule before each step. At construction it behaves as at progress 0.
    """

    @abstractmethod
    def set_progress(self, fraction: float) -> None:
        """Called with how much of the training is done, from 0 (before the first step) to below 1."""

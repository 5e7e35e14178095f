"""What changes with the progress of a training."""

from __future__ import annotations

from abc import ABC, abstractmethod

__all__ = ["Progressive"]


class Progressive(ABC):
    """Of a network or any of its submodules: it behaves differently as its training goes on (scheduled drop path).

    A training tells every such submodule before each step. At construction it behaves as at progress 0.
    """

    @abstractmethod
    def set_progress(self, fraction: float) -> None:
        """Hear how much of the training is done, from 0 (before the first step) to below 1."""

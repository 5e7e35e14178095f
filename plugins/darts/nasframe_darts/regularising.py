"""Terms that a search adds to the architecture's loss."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from nasframe.supernet import Supernet


class Regulariser(ABC):
    """One term of the architecture's loss, L_arch(w, alpha) + sum_i term_i(alpha).

    It is a function of the architecture parameters, of how far the search is, and of its own state. The weights' loss
    is without it, and so is what is recorded as ``arch_loss``.
    """

    @abstractmethod
    def term(self, supernet: Supernet, passed: float) -> Tensor:
        """The term, a finite scalar on the graph of ``supernet.arch_parameters()``, with its weight in it.

        Called once in each update of the architecture, outside autocast; ``supernet.weighed`` tells the mixing weights
        of any rule on their graph.

        Args:
            supernet: as it is before the update.
            passed: the share of the architecture's updates that are done: 0 in the first, 1 in the last.
        """

    def metrics(self) -> Mapping[str, float]:
        """Numbers of the last step by name, to record; default: none."""
        return {}

    def after_update(self, supernet: Supernet, passed: float) -> None:  # noqa: B027  a hook
        """Called after each update of the architecture, with what ``term`` got; default: nothing."""

    def state_dict(self) -> dict[str, Any]:
        """What later terms depend on beside the supernet, tensors and plain data only; default: nothing."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:  # noqa: B027  a hook
        """Continue from a state; default: there is none."""

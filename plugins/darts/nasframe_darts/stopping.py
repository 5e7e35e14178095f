"""Searches that end before their last step, and go back to architecture parameters from before they went wrong."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, final

from torch import Tensor, nn
from typing_extensions import override

from nasframe.genotype import Genotype
from nasframe_darts.eigenvalue import largest_eigenvalue

Values = list[Tensor]
"""One for each architecture parameter."""


@final
@dataclass(frozen=True)
class View:
    """What a stop sees of the search."""

    parameters: Sequence[nn.Parameter]
    """Those of the architecture."""
    loss: Callable[[], AbstractContextManager[Tensor]]
    """Of a batch of the split ``arch``, on the graph of the architecture parameters, at mixing weights without noise.

    It computes the whole supernet; a context, at whose end running statistics are as they were before.
    """
    derive: Callable[[], Genotype]
    """What the search would find now."""

    def values(self) -> Values:
        """The architecture parameters, copied."""
        return [parameter.detach().clone() for parameter in self.parameters]


class Stop(ABC):
    """Looks at a search now and then, once its architecture is trained, and may end it."""

    @property
    @abstractmethod
    def every(self) -> float:
        """How often it looks, in epochs; 0: never."""

    @abstractmethod
    def look(self, view: View) -> Values | None:
        """Called after the steps that ``every`` says.

        Returns:
            The values of the architecture parameters with which the search ends; None: it goes on.
        """

    @abstractmethod
    def metrics(self) -> Mapping[str, float]:
        """Numbers of the last look by name, to record."""

    def state_dict(self) -> dict[str, Any]:
        """What later looks depend on, tensors and plain data only; default: nothing."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:  # noqa: B027  a hook
        """Continue from a state; default: there is none."""


@final
class Never(Stop):
    """The search does all its steps."""

    @property
    @override
    def every(self) -> float:
        return 0.0

    @override
    def look(self, view: View) -> None:
        return None

    @override
    def metrics(self) -> Mapping[str, float]:
        return {}


@final
class EigenvalueStop(Stop):
    """Ends a search when the loss gets sharp around the architecture: DARTS-ES.

    Zela et al., Understanding and Robustifying Differentiable Architecture Search (RobustDARTS), ICLR 2020, arXiv
    1909.09656, section 4: lambda(i) is the largest eigenvalue of the Hessian of L_arch by alpha at look i, and
    m(i) its mean over the last k looks. The search ends when m(i - k) / m(i) < ratio, with alpha of look i - k.
    """

    def __init__(self, every: float, window: int, ratio: float) -> None:
        """Args: window: k."""
        self._every = every
        self._window = window
        self._ratio = ratio
        self._found: deque[float] = deque(maxlen=2 * window)
        self._values: deque[Values] = deque(maxlen=window + 1)

    @property
    @override
    def every(self) -> float:
        return self._every

    @override
    def look(self, view: View) -> Values | None:
        with view.loss() as loss:
            self._found.append(largest_eigenvalue(loss, view.parameters))
        self._values.append(view.values())
        if len(self._found) < 2 * self._window:
            return None
        found = list(self._found)
        before, now = sum(found[: self._window]), sum(found[self._window :])
        return self._values[0] if now > 0 and before < self._ratio * now else None

    @override
    def metrics(self) -> Mapping[str, float]:
        """The eigenvalue of the last look, not averaged."""
        return {"eigenvalue": self._found[-1]}

    @override
    def state_dict(self) -> dict[str, Any]:
        return {"found": list(self._found), "values": list(self._values)} if self._found else {}

    @override
    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._found = deque(state.get("found", ()), maxlen=self._found.maxlen)
        self._values = deque(state.get("values", ()), maxlen=self._values.maxlen)


@final
class SkipStop(Stop):
    """Ends a search when too many operations of what it would find are skip connections.

    Liang et al., DARTS+: Improved Differentiable Architecture Search with Early Stopping, 2019, arXiv 1909.06035,
    criterion 1: two of a normal cell's eight operations. The search ends with alpha of the look before.
    """

    def __init__(self, every: float, limit: float, share: Callable[[Genotype], float]) -> None:
        """Make one for a space.

        Args:
            every: how often it looks, in epochs.
            limit: the share of skip connections that ends the search.
            share: that of a genotype.
        """
        self._every = every
        self._limit = limit
        self._share = share
        self._found = 0.0
        self._before: Values | None = None

    @property
    @override
    def every(self) -> float:
        return self._every

    @override
    def look(self, view: View) -> Values | None:
        self._found = self._share(view.derive())
        now = view.values()
        if self._found >= self._limit:
            return now if self._before is None else self._before
        self._before = now
        return None

    @override
    def metrics(self) -> Mapping[str, float]:
        """The share of the last look."""
        return {"skip_share": self._found}

    @override
    def state_dict(self) -> dict[str, Any]:
        return {} if self._before is None else {"before": self._before}

    @override
    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._before = state.get("before")

"""How logits become mixing weights: softmax (DARTS), Gumbel softmax (SNAS), straight-through one-hot Gumbel (GDAS).

Xie et al., SNAS, ICLR 2019, arXiv 1812.09926; Dong and Yang, GDAS, CVPR 2019, arXiv 1910.04465.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, Literal, final

import torch
from torch import Tensor
from typing_extensions import override


@final
@dataclass(frozen=True)
class Temperature:
    """By which logits (and noise) are divided: a course over the search."""

    first: float = 1.0
    """In the warm-up and the first update of the architecture."""
    last: float = 1.0
    """In the last update."""
    anneal: Literal["linear", "exponential"] = "linear"
    """How it goes from the one to the other; exponential: by the same factor in each step."""

    def at(self, passed: float) -> float:
        """Args: passed: the share of the architecture's updates that are done."""
        if self.anneal == "exponential":
            return float(self.first * (self.last / self.first) ** passed)
        return self.first + (self.last - self.first) * passed


class Weighing(ABC):
    """A ``Weigh`` that may change over the search and draw noise, from torch's global generator."""

    twice: ClassVar[bool] = True
    """Whether its weights have a second derivative, as the exact second order needs."""

    def __init__(self, temperature: Temperature | None = None) -> None:
        """Args: temperature: None: 1 throughout."""
        self._course = temperature or Temperature()
        self.temperature = self._course.first
        self.noisy = True

    @abstractmethod
    def __call__(self, logits: Tensor) -> Tensor:
        """Logits (..., K) -> weights (..., K), which sum to 1; a logit of -inf gets 0."""

    def derived(self, logits: Tensor) -> Tensor:
        """The logits (..., K) whose softmax deriving and the report look at, entry by entry; default: as they are."""
        return logits

    @final
    def begin(self, passed: float) -> None:
        """Called before each step with the share of the architecture's updates that are done."""
        self.temperature = self._course.at(passed)

    @final
    def metrics(self) -> Mapping[str, float]:
        """The temperature of the last step, if it is not 1 throughout."""
        return {} if self._course.first == self._course.last == 1 else {"temperature": self.temperature}

    @final
    @contextmanager
    def hold_still(self) -> Iterator[None]:
        """Weights without noise, as the supernet is measured by."""
        self.noisy = False
        try:
            yield
        finally:
            self.noisy = True


@final
class Softmax(Weighing):
    """softmax(a / tau) (DARTS, Eq. 2: tau = 1)."""

    @override
    def __call__(self, logits: Tensor) -> Tensor:
        return (logits / self.temperature).softmax(dim=-1)


@final
class Gumbel(Weighing):
    """softmax((a + g) / tau) with Gumbel noise g (SNAS, Eq. 5); without noise a softmax."""

    @override
    def __call__(self, logits: Tensor) -> Tensor:
        return _noisy_softmax(logits, self)


@final
class StraightThrough(Weighing):
    """One-hot at the largest of ``Gumbel``'s weights, whose gradient it has (GDAS, Eq. 5 to 7).

    Each option is drawn with its probability by the softmax of the logits; without noise the strongest one is taken.
    """

    @override
    def __call__(self, logits: Tensor) -> Tensor:
        soft = _noisy_softmax(logits, self)
        hard = torch.zeros_like(soft).scatter(-1, soft.argmax(dim=-1, keepdim=True), 1.0)
        # The difference is exactly 0 and carries the gradient: forward one-hot, backward the soft weights.
        return hard + (soft - soft.detach())


def _noisy_softmax(logits: Tensor, weighing: Weighing) -> Tensor:
    # -log of an exponential number is a Gumbel number.
    noise = -torch.empty_like(logits).exponential_().log() if weighing.noisy else torch.zeros_like(logits)
    return ((logits + noise) / weighing.temperature).softmax(dim=-1)

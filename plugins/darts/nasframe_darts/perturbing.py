"""Weights that are trained under perturbed mixing weights, so that the architecture's loss is smooth around them.

Chen and Hsieh, Stabilizing Differentiable Architecture Search via Perturbation-based Regularization (SDARTS), ICML
2020, arXiv 2002.05283, section 4: w minimises L_weights(w, A + Delta), where A are the mixing weights and Delta is
drawn evenly from [-eps, eps], or makes the loss as large as it can in that box. As in the authors' code A + Delta is
cut off below 0 and divided by its sum, row by row. The architecture is trained, measured and derived without it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import final

import torch
from torch import Tensor
from typing_extensions import override

from nasframe_darts.auxiliary_skip import AuxiliarySkip
from nasframe_darts.weighing import Weighing

Loss = Callable[[], AbstractContextManager[Tensor]]
"""Computes the whole supernet; a context, at whose end running statistics are as they were before."""


class Perturbation(ABC):
    """How the mixing weights are changed while the network's weights are trained."""

    @abstractmethod
    def begin(self, passed: float) -> None:
        """Called before each step with the share of the architecture's updates that are done."""

    @abstractmethod
    def prepare(self, loss: Loss) -> None:
        """Called before each update of the weights.

        Args:
            loss: of the batch that is trained on, at the mixing weights that ``perturbed`` gives meanwhile.
        """

    @abstractmethod
    def perturbed(self, weights: Tensor) -> Tensor:
        """Mixing weights (..., K) -> others, which sum to 1; called once a table in each pass, always in this order."""

    @abstractmethod
    def metrics(self) -> Mapping[str, float]:
        """Numbers of the last step by name, to record."""


@final
class Unperturbed(Perturbation):
    """The mixing weights as they are."""

    @override
    def begin(self, passed: float) -> None:
        pass

    @override
    def prepare(self, loss: Loss) -> None:
        pass

    @override
    def perturbed(self, weights: Tensor) -> Tensor:
        return weights

    @override
    def metrics(self) -> Mapping[str, float]:
        return {}


@final
class Radius:
    """eps, half the side of the box, which grows linearly from the first to the last update of the architecture."""

    def __init__(self, first: float, last: float) -> None:
        self.first = first
        self.last = last
        self.now = first

    def begin(self, passed: float) -> None:
        """Called before each step."""
        self.now = self.first + (self.last - self.first) * passed

    def metrics(self) -> Mapping[str, float]:
        """The radius of the last step."""
        return {"epsilon": self.now}


@final
class RandomPerturbation(Perturbation):
    """SDARTS-RS: Delta ~ U(-eps, eps), from torch's global generator."""

    def __init__(self, radius: Radius) -> None:
        self.radius = radius

    @override
    def begin(self, passed: float) -> None:
        self.radius.begin(passed)

    @override
    def prepare(self, loss: Loss) -> None:
        pass

    @override
    def perturbed(self, weights: Tensor) -> Tensor:
        return on_simplex(weights + drawn(weights, self.radius.now), weights)

    @override
    def metrics(self) -> Mapping[str, float]:
        return self.radius.metrics()


@final
class AdversarialPerturbation(Perturbation):
    """SDARTS-ADV: Delta by projected gradient ascent on the loss of the batch that is trained on.

    It starts at random in the box and moves each entry by 2 eps / steps in the direction of its gradient's sign.
    """

    def __init__(self, radius: Radius, steps: int) -> None:
        """Args: steps: of the ascent; each is a pass forward and backward, on top of the update's."""
        self.radius = radius
        self.steps = steps
        self._plain: list[Tensor] = []
        self._moved: list[Tensor] = []
        self._place = 0
        self._searching = False

    @override
    def begin(self, passed: float) -> None:
        self.radius.begin(passed)

    @override
    def prepare(self, loss: Loss) -> None:
        self._plain, self._moved, self._searching = [], [], True
        for _ in range(self.steps):
            self._place = 0
            with loss() as found:
                slopes = torch.autograd.grad(found, self._moved, allow_unused=True)
            self._ascend(slopes)
        self._place, self._searching = 0, False

    @override
    def perturbed(self, weights: Tensor) -> Tensor:
        if self._place == len(self._moved):  # the first pass, which shows what tables there are
            plain = weights.detach()
            self._plain.append(plain)
            self._moved.append(on_simplex(plain + drawn(plain, self.radius.now), plain).requires_grad_())
        self._place += 1
        found = self._moved[self._place - 1]
        return found if self._searching else found.detach()

    @override
    def metrics(self) -> Mapping[str, float]:
        return self.radius.metrics()

    @torch.no_grad()
    def _ascend(self, slopes: tuple[Tensor | None, ...]) -> None:
        for place, (plain, slope) in enumerate(zip(self._plain, slopes, strict=True)):
            if slope is not None:
                step = 2 * self.radius.now / self.steps * slope.sign()
                change = (self._moved[place] + step - plain).clamp(-self.radius.now, self.radius.now)
                self._moved[place] = on_simplex(plain + change, plain).requires_grad_()


@final
class Mixing:
    """The ``Weigh`` of a search's supernet: its rule, perturbed within ``perturbing``, with the auxiliary skip."""

    def __init__(self, weighing: Weighing, perturbation: Perturbation, skip: AuxiliarySkip) -> None:
        self._weighing = weighing
        self._perturbation = perturbation
        self._skip = skip
        self._perturbing = False

    def __call__(self, logits: Tensor) -> Tensor:
        """Logits (..., K) -> weights (..., K)."""
        weights = self._weighing(logits)
        weights = self._perturbation.perturbed(weights) if self._perturbing else weights
        return self._skip.added(logits, weights)

    @contextmanager
    def perturbing(self) -> Iterator[None]:
        """Within it the weights are perturbed."""
        self._perturbing = True
        try:
            yield
        finally:
            self._perturbing = False


def drawn(weights: Tensor, radius: float) -> Tensor:
    """Even noise in [-radius, radius] of the weights' shape, from torch's global generator."""
    return torch.empty_like(weights).uniform_(-radius, radius)


def on_simplex(moved: Tensor, plain: Tensor) -> Tensor:
    """Rows (..., K) without what is below 0, as shares of their sums; what weighed 0 before still does.

    Args:
        moved: the perturbed weights.
        plain: the weights before; a row of which nothing is left becomes them again.
    """
    left = moved.clamp(min=0).masked_fill(plain == 0, 0.0)
    total = left.sum(dim=-1, keepdim=True)
    return torch.where(total > 0, left / total.where(total > 0, 1.0), plain)

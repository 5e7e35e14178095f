"""The gradient of alpha through one unrolled step of the weights, w' = w - xi · dw (DARTS, section 2.3).

    d/dalpha L_arch(w'(alpha), alpha),    dw = mu · velocity + grad_w L_weights(w, alpha) + decay · w

xi is the weights' learning rate; the step is that of SGD with momentum as in DARTS's code, which does not clip here.

Every pass runs on tensors that stand in for the supernet's own: its weights are never changed, and batch norms write
their running statistics into copies. All passes on the inner batch see the same random numbers, as noise in the mixing
weights must not pass for a finite difference.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import final

import torch
from torch import Tensor
from torch.func import functional_call

from nasframe.evaluator import Batch, Differentiable, Runtime
from nasframe.supernet import Supernet
from nasframe.training.precision import autocast
from nasframe.training.sgd import check_finite

Weights = Mapping[str, Tensor]
Gradients = Sequence[Tensor | None]
REACH = 0.01
"""Of the finite differences: the L2 norm of the change of all weights together (DARTS, section 2.3)."""


@final
class Hypergradient:
    """Second-order DARTS, exact or by finite differences; neither touches the supernet."""

    def __init__(
        self, supernet: Supernet, evaluator: Differentiable, optimiser: torch.optim.SGD, runtime: Runtime
    ) -> None:
        """Args: optimiser: of the weights; its learning rate, momentum, decay and velocity make the unrolled step."""
        names = {id(parameter): name for name, parameter in supernet.named_parameters()}
        self._supernet = supernet
        self._weights = {names[id(parameter)]: parameter for parameter in supernet.weight_parameters()}
        self._arch = supernet.arch_parameters()
        self._evaluator = evaluator
        self._optimiser = optimiser
        self._runtime = runtime

    def exact(self, inner: Batch, outer: Sequence[Batch]) -> tuple[float, Gradients]:
        """By differentiating through the unrolled step.

        A pass forward and backward for each batch, the first of which keeps its whole graph, and one backward through
        that graph for each outer batch.

        Args:
            inner: a batch of the split ``weights``.
            outer: one or more batches of the split ``arch``.

        Returns:
            The mean loss of the outer batches at w', and its gradient by each architecture parameter.

        Raises:
            RunError: a loss is not finite.
        """
        seed, other_seed = _seeds()
        torch.manual_seed(seed)
        slopes = self._gradients(self._weights, inner, list(self._weights.values()), create_graph=True)[1]
        torch.manual_seed(other_seed)
        return self._mean_gradients(self._unrolled(slopes), outer, self._arch)

    def finite(self, inner: Batch, outer: Sequence[Batch]) -> tuple[float, Gradients]:
        """By central differences in the direction v = grad_w' L_arch(w', alpha) (Eq. 8).

        Three passes forward and backward, and one for each outer batch, none of which keeps a graph of gradients.

        Args, returns and raises: as ``exact``.
        """
        seed, other_seed = _seeds()
        torch.manual_seed(seed)
        slopes = self._gradients(self._weights, inner, list(self._weights.values()))[1]
        torch.manual_seed(other_seed)
        unrolled = {name: weight.detach().requires_grad_() for name, weight in self._unrolled(slopes).items()}
        loss, found = self._mean_gradients(unrolled, outer, [*self._arch, *unrolled.values()])
        direct, direction = found[: len(self._arch)], found[len(self._arch) :]
        norm = math.sqrt(sum(float(part.square().sum()) for part in direction if part is not None))
        if norm == 0:
            return loss, direct
        reach = REACH / norm
        torch.manual_seed(seed)
        above = self._gradients(self._moved(reach, direction), inner, self._arch)[1]
        torch.manual_seed(seed)
        below = self._gradients(self._moved(-reach, direction), inner, self._arch)[1]
        factor = self._rate() / (2 * reach)
        return loss, [
            added(first, added(high, low, -1), -factor) for first, high, low in zip(direct, above, below, strict=True)
        ]

    def _mean_gradients(
        self, weights: Weights, batches: Sequence[Batch], of: Sequence[Tensor]
    ) -> tuple[float, Gradients]:
        """The mean loss of batches with these weights, and its gradients; None where something has no part in it."""
        losses: list[float] = []
        total: Gradients = [None] * len(of)
        for number, batch in enumerate(batches, start=1):
            loss, found = self._gradients(weights, batch, of, retain_graph=number < len(batches))
            losses.append(loss)
            total = [added(one, other) for one, other in zip(total, found, strict=True)]
        return fmean(losses), [None if one is None else one / len(batches) for one in total]

    def _gradients(
        self,
        weights: Weights,
        batch: Batch,
        of: Sequence[Tensor],
        *,
        create_graph: bool = False,
        retain_graph: bool = False,
    ) -> tuple[float, Gradients]:
        """The loss of a batch with these weights, and its gradients; None where something has no part in it."""
        statistics = {name: buffer.clone() for name, buffer in self._supernet.named_buffers()}
        tensors = {**weights, **statistics}

        def model(inputs: Tensor) -> Tensor:
            output: Tensor = functional_call(self._supernet, tensors, (inputs,))
            return output

        with autocast(self._runtime):
            loss = self._evaluator.loss(model, batch)
        value = check_finite(loss, batch)
        return value, torch.autograd.grad(
            loss, of, create_graph=create_graph, retain_graph=create_graph or retain_graph, allow_unused=True
        )

    def _unrolled(self, slopes: Gradients) -> dict[str, Tensor]:
        """w'; a weight that has no part in the loss stays, as SGD leaves it."""
        group = self._optimiser.param_groups[0]
        moved: dict[str, Tensor] = {}
        for (name, weight), slope in zip(self._weights.items(), slopes, strict=True):
            if slope is None:
                moved[name] = weight
                continue
            step = slope + group["weight_decay"] * weight
            velocity = self._optimiser.state[weight].get("momentum_buffer")
            if velocity is not None:
                step = step + group["momentum"] * velocity
            moved[name] = weight - group["lr"] * step
        return moved

    def _moved(self, reach: float, direction: Gradients) -> dict[str, Tensor]:
        """w + reach · direction."""
        with torch.no_grad():
            pairs = zip(self._weights.items(), direction, strict=True)
            return {name: weight if part is None else weight + reach * part for (name, weight), part in pairs}

    def _rate(self) -> float:
        return float(self._optimiser.param_groups[0]["lr"])


def _seeds() -> tuple[int, int]:
    """Two, from torch's global generator."""
    one, other = torch.randint(2**62, (2,)).tolist()
    return one, other


def added(one: Tensor | None, other: Tensor | None, factor: float = 1.0) -> Tensor | None:
    """one + factor · other, where None is zero."""
    if other is None:
        return one
    return factor * other if one is None else one + factor * other

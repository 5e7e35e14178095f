"""The bilevel problem of DARTS.

Minimise L_arch(w*, alpha) over alpha, where w* minimises L_weights(w, alpha) over w.

Liu, Simonyan, Yang, ICLR 2019, algorithm 1. First order, xi = 0, in the order of Auto-DeepLab, section 3.2: (1) w on
trainA, (2) alpha and beta on trainB. Second order as algorithm 1 stands: alpha first, through the step that w is about
to do on the same batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, final

import numpy as np
import torch
from torch import nn

from nasframe.evaluator import Batch, Differentiable, Runtime
from nasframe.supernet import Supernet
from nasframe.training.batches import BatchStream
from nasframe.training.gradients import freeze, update
from nasframe.training.precision import autocast, grad_scaler
from nasframe.training.running_statistics import HeldStatistics
from nasframe.training.sgd import check_finite
from nasframe_darts.hypergradient import Hypergradient
from nasframe_darts.options import DartsOptions
from nasframe_darts.timing import Timing, cosine, temperature
from nasframe_darts.weighing import Weighing


@final
class Bilevel:
    """A supernet whose weights and architecture parameters are trained in turns."""

    def __init__(
        self,
        relax: Callable[[Weighing], Supernet],
        evaluator: Differentiable,
        options: DartsOptions,
        runtime: Runtime,
    ) -> None:
        """Args: relax: builds the supernet, from torch's global generator."""
        self.weighing = Weighing(options.weigh)
        self.supernet = relax(self.weighing).to(runtime.device)
        self.evaluator = evaluator
        self.options = options
        self.runtime = runtime
        self.timing = Timing.of(options, evaluator.epoch_steps("weights"))
        self.steps = self.timing.steps
        self._weights = self.supernet.weight_parameters()
        self._arch = self.supernet.arch_parameters()
        self._weight_optimiser = torch.optim.SGD(
            self._weights, options.lr, momentum=options.momentum, weight_decay=options.weight_decay, fused=True
        )
        self._arch_optimiser = torch.optim.Adam(
            self._arch, options.arch_lr, betas=options.arch_betas, weight_decay=options.arch_weight_decay
        )
        self._held = HeldStatistics(self.supernet)
        self._hypergradient = Hypergradient(self.supernet, evaluator, self._weight_optimiser, runtime)
        self._scaler = grad_scaler(runtime)
        self._weight_batches = BatchStream(evaluator, "weights")
        self._arch_batches = BatchStream(evaluator, "arch")

    def step(self, index: int) -> dict[str, float]:
        """One update of the weights, after the warm-up one of the architecture, and a validation when due.

        Raises:
            RunError: a loss or a gradient is not finite.
        """
        self.supernet.train()
        lr = cosine(self.options, self.timing, index)
        for group in self._weight_optimiser.param_groups:
            group["lr"] = lr
        self.weighing.temperature = temperature(self.options, self.timing, index)
        batch = self._weight_batches[index]
        if index < self.timing.warmup:
            metrics = self._train_weights(batch)
        else:
            metrics = self._train_both(batch, self._arch_batches[index - self.timing.warmup])
        metrics["lr"] = lr
        if self.options.temperature != (1.0, 1.0):
            metrics["temperature"] = self.weighing.temperature
        if self.timing.validates_after(index):
            with self.weighing.hold_still():
                measured = self.evaluator.measure(self.supernet).metrics
            metrics |= {f"val_{name}": value for name, value in measured.items()}
        return metrics

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next step depends on."""
        return {name: part.state_dict() for name, part in self._parts().items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state."""
        for name, part in self._parts().items():
            part.load_state_dict(state[name])

    def _parts(self) -> dict[str, Any]:
        return {
            "supernet": self.supernet,
            "weight_optimiser": self._weight_optimiser,
            "arch_optimiser": self._arch_optimiser,
            "scaler": self._scaler,
        }

    def _train_weights(self, batch: Batch) -> dict[str, float]:
        return {"loss": self._update(batch, self._weights, self._weight_optimiser, self.options.clip)}

    def _train_both(self, inner: Batch, outer: Batch) -> dict[str, float]:
        if self.options.order == "first":
            metrics = self._train_weights(inner)
            with self._held:  # they are of the weights' batches alone, in every order
                metrics["arch_loss"] = self._update(outer, self._arch, self._arch_optimiser, None)
        else:
            arch_loss = self._look_ahead(inner, outer)
            metrics = {**self._train_weights(inner), "arch_loss": arch_loss}
        return metrics | entropies(self.supernet.mixing_weights())

    def _look_ahead(self, inner: Batch, outer: Batch) -> float:
        """One second-order update of the architecture; the loss after the unrolled step."""
        exact = self.options.order == "second"
        differentiate = self._hypergradient.exact if exact else self._hypergradient.finite
        loss, gradients = differentiate(inner, outer)
        for parameter, gradient in zip(self._arch, gradients, strict=True):
            parameter.grad = gradient
        update(self._arch_optimiser, self._scaler, self._arch, None, outer.names)
        self._arch_optimiser.zero_grad()
        return loss

    def _update(
        self, batch: Batch, parameters: list[nn.Parameter], optimiser: torch.optim.Optimizer, clip: float | None
    ) -> float:
        """One first-order update of these parameters and no others; the batch's loss."""
        others = self._arch if parameters is self._weights else self._weights
        with freeze(others):
            with autocast(self.runtime):
                loss = self.evaluator.loss(self.supernet, batch)
            value = check_finite(loss, batch)
            torch.autograd.backward(self._scaler.scale(loss), inputs=parameters)
        update(optimiser, self._scaler, parameters, clip, batch.names)
        optimiser.zero_grad()  # at once: the other half of the step needs the memory
        return value


def entropies(mixing_weights: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The mean entropy, in nats, of each array's rows (..., K), each as shares of its sum, as metrics."""
    found = {}
    for name, weights in mixing_weights.items():
        p = weights.astype(np.float64)
        p /= p.sum(axis=-1, keepdims=True)
        logs = np.log(p, out=np.zeros_like(p), where=p > 0)
        found[f"entropy_{name}"] = abs(float(-(p * logs).sum(axis=-1).mean()))
    return found

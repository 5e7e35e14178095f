"""The bilevel problem of DARTS.

Minimise L_arch(w*, alpha) over alpha, where w* minimises L_weights(w, alpha) over w.

Liu, Simonyan, Yang, ICLR 2019, algorithm 1. First order, xi = 0, in the order of Auto-DeepLab, section 3.2: (1) w on
trainA, (2) alpha and beta on trainB. Second order as algorithm 1 stands: alpha first, through the step that w is about
to do on the same batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from statistics import fmean
from typing import Any, NamedTuple, final

import numpy as np
import torch
from torch import Tensor, nn

from nasframe.errors import RunError
from nasframe.evaluator import Batch, Differentiable, Runtime
from nasframe.genotype import Genotype
from nasframe.space import Weigh
from nasframe.supernet import Supernet
from nasframe.training.batches import BatchStream
from nasframe.training.gradients import freeze, update
from nasframe.training.precision import autocast, grad_scaler
from nasframe.training.running_statistics import HeldStatistics
from nasframe.training.sgd import check_finite
from nasframe_darts.hypergradient import Hypergradient, added
from nasframe_darts.logits import set_to
from nasframe_darts.options import BilevelOptions
from nasframe_darts.parts import Parts
from nasframe_darts.perturbing import Mixing
from nasframe_darts.reach import arch_rate
from nasframe_darts.selecting import FinishedSearch
from nasframe_darts.stopping import View
from nasframe_darts.timing import Timing, cosine


@final
class Bilevel:
    """A supernet whose weights and architecture parameters are trained in turns."""

    def __init__(
        self,
        relax: Callable[[Weigh], Supernet],
        evaluator: Differentiable,
        options: BilevelOptions,
        runtime: Runtime,
        parts: Parts,
    ) -> None:
        """Args: relax: builds the supernet, from torch's global generator."""
        self._mixing = Mixing(parts.weigh, parts.perturb, parts.auxiliary_skip)
        self.supernet = relax(self._mixing).to(runtime.device)
        self.evaluator = evaluator
        self.options = options
        self.runtime = runtime
        self.parts = parts
        self.timing = Timing.of(options, evaluator.epoch_steps("weights"))
        self.steps = self.timing.steps + parts.select.steps
        parts.select.check(self.supernet)
        parts.auxiliary_skip.find(self.supernet)
        weights, arch = self.supernet.weight_parameters(), self.supernet.arch_parameters()
        sgd = torch.optim.SGD(
            weights, options.lr, momentum=options.momentum, weight_decay=options.weight_decay, fused=True
        )
        adam = torch.optim.Adam(
            arch, arch_rate(options, self.timing), betas=options.arch_betas, weight_decay=options.arch_weight_decay
        )
        self._weights = _Half(weights, sgd, options.clip)
        self._arch = _Half(arch, adam, None)
        self._held = HeldStatistics(self.supernet)
        self._hypergradient = Hypergradient(self.supernet, evaluator, sgd, runtime)
        self._scaler = grad_scaler(runtime)
        self._weight_batches = BatchStream(evaluator, "weights")
        self._arch_batches = BatchStream(evaluator, "arch")
        self.ended = False

    def step(self, index: int) -> dict[str, float]:
        """One update of the weights, after the warm-up one of the architecture, and a validation when due.

        Raises:
            RunError: a loss, a term of it or a gradient is not finite.
        """
        self.supernet.train()
        if index >= self.timing.steps:
            return self._select(index)
        lr = cosine(self.options, self.timing, index)
        self._set_rate(lr)
        passed = self.timing.passed(index)
        self.parts.weigh.begin(passed)
        self.parts.perturb.begin(passed)
        self.parts.auxiliary_skip.begin(passed)
        batch = self._weight_batches[index]
        if index < self.timing.warmup:
            metrics = self._train_weights(batch)
        else:
            outer = [self._arch_batches[number] for number in self._outer_numbers(index)]
            metrics = self._train_both(batch, outer, passed)
        metrics |= {"lr": lr, **self.parts.weigh.metrics(), **self.parts.perturb.metrics()}
        metrics |= self.parts.auxiliary_skip.metrics()
        if self.timing.validates_after(index):
            with self.parts.weigh.hold_still():
                measured = self.evaluator.measure(self.supernet).metrics
            metrics |= {f"val_{name}": value for name, value in measured.items()}
        if self.timing.looks_after(index, self.parts.stop.every):
            metrics |= self._look(self._arch_batches[self._outer_numbers(index)[-1]])
        return metrics

    def kind(self, index: int) -> str:
        """What step ``index`` (from 0) does, in words."""
        if index >= self.timing.steps:
            return self.parts.select.kind(index - self.timing.steps)
        kind = self.timing.kind(index)
        return f"{kind} + look" if self.timing.looks_after(index, self.parts.stop.every) else kind

    def derive(self) -> Genotype:
        """What the architecture parameters favour, by the weights that deriving looks at."""
        parameters = self.supernet.arch_parameters()
        before = [parameter.detach().clone() for parameter in parameters]
        set_to(parameters, map(self.parts.weigh.derived, before))
        try:
            return self.supernet.derive()
        finally:
            set_to(parameters, before)

    def mixing_weights(self) -> dict[str, np.ndarray]:
        """The weights that deriving looks at, by the names that the space's graph refers to."""
        weighed = self.supernet.weighed(lambda logits: self.parts.weigh.derived(logits.detach().double()).softmax(-1))
        return {name: weights.cpu().numpy() for name, weights in weighed.items()}

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next step depends on."""
        state = {name: part.state_dict() for name, part in self._trained().items()}
        kept = {name: part.state_dict() for name, part in self._stateful().items()}
        state |= {name: part for name, part in kept.items() if part}
        return state | {"ended": True} if self.ended else state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state."""
        for name, part in self._trained().items():
            part.load_state_dict(state[name])
        for name, part in self._stateful().items():
            part.load_state_dict(state.get(name, {}))
        self.ended = state.get("ended", False)

    def _trained(self) -> dict[str, Any]:
        return {
            "supernet": self.supernet,
            "weight_optimiser": self._weights.optimiser,
            "arch_optimiser": self._arch.optimiser,
            "scaler": self._scaler,
        }

    def _stateful(self) -> dict[str, Any]:
        """The parts that may have a state, each by a name of its own."""
        terms = {f"regularise/{number}": part for number, part in enumerate(self.parts.regularise)}
        return {**terms, "stop": self.parts.stop, "select": self.parts.select}

    def _outer_numbers(self, index: int) -> range:
        """The numbers of the batches of the architecture's update in step ``index``, one or more."""
        count = self.options.arch_batches
        first = (index - self.timing.warmup) * count
        return range(first, first + count)

    def _train_weights(self, batch: Batch) -> dict[str, float]:
        with freeze(self._arch.parameters), self._mixing.perturbing():
            self.parts.perturb.prepare(partial(self._traceless_loss, batch))
            return {"loss": self._descend([batch], self._weights)}

    def _train_both(self, inner: Batch, outer: Sequence[Batch], passed: float) -> dict[str, float]:
        if self.options.order == "first":
            metrics = self._train_weights(inner)
            with self._held, freeze(self._weights.parameters):  # statistics are of the weights' batches, in every order
                metrics["arch_loss"] = self._descend(outer, self._arch, self._terms(passed))
        else:
            arch_loss = self._look_ahead(inner, outer, self._terms(passed))
            metrics = {**self._train_weights(inner), "arch_loss": arch_loss}
        for regulariser in self.parts.regularise:
            regulariser.after_update(self.supernet, passed)
            metrics |= regulariser.metrics()
        return metrics | entropies(self.mixing_weights())

    def _terms(self, passed: float) -> list[Tensor]:
        """What is added to the architecture's loss."""
        return [scalar(one.term(self.supernet, passed), type(one).__name__) for one in self.parts.regularise]

    def _look_ahead(self, inner: Batch, outer: Sequence[Batch], terms: Sequence[Tensor]) -> float:
        """One second-order update of the architecture; the mean loss after the unrolled step."""
        exact = self.options.order == "second"
        differentiate = self._hypergradient.exact if exact else self._hypergradient.finite
        loss, gradients = differentiate(inner, outer)
        for term in terms:  # no step of the weights is in them: their gradients are added as they are
            if term.requires_grad:
                slopes = torch.autograd.grad(term, self._arch.parameters, allow_unused=True)
                gradients = [added(one, other) for one, other in zip(gradients, slopes, strict=True)]
        for parameter, gradient in zip(self._arch.parameters, gradients, strict=True):
            parameter.grad = gradient
        self._update(self._arch, outer)
        return loss

    def _descend(self, batches: Sequence[Batch], half: _Half, terms: Sequence[Tensor] = ()) -> float:
        """One first-order update of these parameters and no others, by the mean gradient of the batches and the terms.

        One batch after the other, so that the activations of one alone are kept at a time.

        Returns:
            The batches' mean loss, without the terms.
        """
        values = []
        for number, batch in enumerate(batches):
            loss = self._loss(batch)
            values.append(check_finite(loss, batch))
            once = terms if number == 0 else ()
            torch.autograd.backward(self._scaler.scale(sum(once, loss / len(batches))), inputs=half.parameters)
        self._update(half, batches)
        return fmean(values)

    def _look(self, batch: Batch) -> Mapping[str, float]:
        """Whether the search ends here; if it does, with earlier architecture parameters."""
        with self.parts.weigh.hold_still():
            view = View(self._arch.parameters, partial(self._traceless_loss, batch, full=True), self.derive)
            found = self.parts.stop.look(view)
        if found is not None:
            set_to(self._arch.parameters, found)
            self.ended = True
        return self.parts.stop.metrics()

    def _select(self, index: int) -> dict[str, float]:
        """One step of the selection, at a tenth of the weights' first learning rate, as in DARTS-PT's code."""
        self._set_rate(self.options.lr / 10)
        self.parts.auxiliary_skip.begin(1.0)

        def score() -> float:
            with self.parts.weigh.hold_still():
                return self.evaluator.measure(self.supernet).score

        def tune() -> dict[str, float]:
            return self._train_weights(self._weight_batches[index])

        return dict(self.parts.select.step(index - self.timing.steps, FinishedSearch(self.supernet, score, tune)))

    def _set_rate(self, lr: float) -> None:
        for group in self._weights.optimiser.param_groups:
            group["lr"] = lr

    def _loss(self, batch: Batch) -> Tensor:
        with autocast(self.runtime):
            return self.evaluator.loss(self.supernet, batch)

    @contextmanager
    def _traceless_loss(self, batch: Batch, full: bool = False) -> Iterator[Tensor]:
        """The loss, without gradients of the weights; running statistics are put back in the end.

        Not before gradients were taken: a norm of torch lets nobody write into its statistics between forward and
        backward.

        Args:
            full: in full precision, whatever the search's is.
        """
        with self._held, freeze(self._weights.parameters):
            yield self.evaluator.loss(self.supernet, batch) if full else self._loss(batch)

    def _update(self, half: _Half, batches: Sequence[Batch]) -> None:
        """Apply the gradients that the parameters have from these batches."""
        names = [name for batch in batches for name in batch.names]
        update(half.optimiser, self._scaler, half.parameters, half.clip, names)
        half.optimiser.zero_grad()  # at once: the other half of the step needs the memory


class _Half(NamedTuple):
    """What is trained together, and by what."""

    parameters: list[nn.Parameter]
    optimiser: torch.optim.Optimizer
    clip: float | None


def scalar(term: Tensor, name: str) -> Tensor:
    """The term itself.

    Args:
        term: of the architecture's loss.
        name: whose it is, for the message.

    Raises:
        RunError: it is no scalar, or not finite.
    """
    if term.numel() == 1 and math.isfinite(float(term.detach())):
        return term.squeeze()
    found = f"{float(term.detach())}" if term.numel() == 1 else f"a tensor of shape {tuple(term.shape)}"
    raise RunError(
        f"{name} adds {found} to the architecture's loss; it must be one finite number. Look at its options; if they "
        "are sound, try a smaller strategy.arch_lr"
    )


def entropies(mixing_weights: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The mean entropy, in nats, of each array's rows (..., K), each as shares of its sum, as metrics."""
    found = {}
    for name, weights in mixing_weights.items():
        p = weights.astype(np.float64)
        p /= p.sum(axis=-1, keepdims=True)
        logs = np.log(p, out=np.zeros_like(p), where=p > 0)
        found[f"entropy_{name}"] = abs(float(-(p * logs).sum(axis=-1).mean()))
    return found

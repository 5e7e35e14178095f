"""Training a network by SGD, Adam or RMSprop, one update a step; for evaluators that train."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

import numpy as np
import torch
from torch import Tensor, nn
from typing_extensions import override

from nasframe.errors import RunError
from nasframe.evaluator import Batch, Candidate, Differentiable, Evaluation, Runtime, Trainable, Validating
from nasframe.stepper import EndsEarly, GoesOn, Stepper, Uneven
from nasframe.training.batches import BatchStream
from nasframe.training.finite import require_finite_numbers
from nasframe.training.gradients import update
from nasframe.training.kept_weights import KeptWeights
from nasframe.training.last_scores import LastScores
from nasframe.training.options import TrainingOptions
from nasframe.training.precision import autocast, grad_scaler
from nasframe.training.progressive import Progressive
from nasframe.training.seeding import seed_all

__all__ = ["Training", "check_finite", "concluded", "fit", "learning_rate", "train_and_measure"]


def check_finite(loss: Tensor, batch: Batch) -> float:
    """The loss as a number.

    Raises:
        RunError: it is NaN or infinite; names the batch.
    """
    value = float(loss.detach())
    if np.isfinite(value):
        return value
    raise RunError(
        f"the loss is {value} on the batch {', '.join(batch.names)}; it must be finite. Look at these examples; if "
        "they are sound, try a smaller lr, a longer warm-up, clip: 5.0 or precision: float32"
    )


def fit(
    stepper: Stepper, seed: int | None = None, done: int = 0, stops: Callable[[int], bool] = lambda done: False
) -> int:
    """Run all steps in memory, without a run folder.

    Args:
        stepper: not yet begun, or gone on with after ``done`` steps.
        seed: of all randomness in the steps; None: drawn from torch's global generator.
        stops: called after each step with how many are done; whether no other is wanted.

    Returns:
        How many steps are done in the end: all, unless it ended or was stopped early.
    """
    base = int(torch.randint(2**62, ())) if seed is None else seed
    for index in range(done, stepper.steps):
        if isinstance(stepper, EndsEarly) and stepper.ended:
            return index
        stepper.step(index, seed_all(base, "fit", index))
        if stops(index + 1):
            return index + 1
    return max(done, stepper.steps)


def concluded(training: Stepper, last: Evaluation) -> Evaluation:
    """The result of a training that is done: what was measured last, with the score that the training says.

    Args:
        training: of any kind; one that is not ``Validating`` says nothing.
        last: what was measured after its last step.
    """
    return training.concluded(last) if isinstance(training, Validating) else last


def train_and_measure(evaluator: Trainable, seed: int, candidate: Candidate, budget: float = 1.0) -> Evaluation:
    """Build a candidate's network, train it by an evaluator's recipe in memory, and measure it.

    The result follows from the candidate, the budget and the seed: every candidate starts from the same random numbers.
    """
    seed_all(seed, "build")
    network = candidate.build()
    training = evaluator.training(network, budget)
    fit(training, seed)
    return concluded(training, evaluator.measure(network))


def _as_it_is() -> None:
    """The switch of a network that stays what it is."""


@final
class Training(EndsEarly, GoesOn, Uneven, Validating):
    """A ``Stepper`` that trains a network in place on the split ``train``; one step is one update.

    A training that goes on from a smaller budget enters the schedule of its own budget at the step that was reached
    (a warm restart, Loshchilov and Hutter, ICLR 2017, arXiv 1608.03983): the learning rate rises once to where that
    schedule is by then, and falls to its end again. So every training ends with a small learning rate.
    """

    def __init__(
        self,
        network: nn.Module,
        evaluator: Differentiable,
        options: TrainingOptions,
        runtime: Runtime,
        budget: float = 1.0,
    ) -> None:
        """Args: budget: share of the steps that the options ask for; the learning rate still falls to its end."""
        self.network = network.to(runtime.device)
        self.evaluator = evaluator
        self.options = options
        self.runtime = runtime
        self._epoch_updates = evaluator.epoch_steps("train") / options.accumulate
        self.steps = max(1, round(budget * (options.steps or options.epochs * self._epoch_updates)))
        self._optimiser = _optimiser(network, options)
        self._scaler = grad_scaler(runtime)
        self._batches = BatchStream(evaluator, "train")
        self._progressive = [module for module in network.modules() if isinstance(module, Progressive)]
        self._kept = KeptWeights(self.network, options)
        self._last_scores = LastScores(options.score_over, self.steps)
        self._validation: Evaluation | None = None

    @property
    @override
    def ended(self) -> bool:
        """Whether the patience is at its end."""
        return self._kept.ended

    @property
    @override
    def validates(self) -> bool:
        return self.options.validate_epochs > 0

    @property
    @override
    def validation(self) -> Evaluation | None:
        return self._validation

    @override
    def concluded(self, last: Evaluation) -> Evaluation:
        """With the mean score of as many measurements as ``score_over`` says; fewer, if it has ended early."""
        return self._last_scores.mean(last)

    @override
    def kind(self, index: int) -> str:
        """A training step, or one that also measures."""
        measures = self._validates_after(index) or self._last_scores.due(index + 1)
        return "training + validation" if measures else "training"

    def step(
        self, index: int, rng: np.random.Generator, switches: Sequence[Callable[[], object]] = (_as_it_is,)
    ) -> Mapping[str, float]:
        """One update; the mean loss of its batches, the learning rate and, when due, ``val_*``.

        After the last one the network holds the weights that the options choose.

        Args:
            switches: what is called before each of the passes that the update makes over each batch, to switch to
                another candidate, say; the gradients of all passes are summed. Default: one pass.

        Raises:
            RunError: a loss or a gradient is not finite.
        """
        lr = learning_rate(self.options, index, self.steps)
        for group in self._optimiser.param_groups:
            group["lr"] = lr
        for module in self._progressive:
            module.set_progress(index / self.steps)
        self.network.train()
        loss, names = self._backward(index, switches)
        update(self._optimiser, self._scaler, list(self.network.parameters()), self.options.clip, names)
        self._kept.after_update(index)
        metrics = {"loss": loss, "lr": lr, **self._validate(index)}
        if self.ended or index == self.steps - 1:
            self._kept.choose()
        return metrics

    def snapshot(self) -> Mapping[str, np.ndarray]:
        """No arrays: a training draws nothing."""
        return {}

    def state_dict(self) -> dict[str, Any]:
        """The weights under training, what is kept beside them, the optimiser, the loss scaler, the last scores."""
        scores = self._last_scores.scores
        return {
            **self._kept.state_dict(),
            **({"last_scores": [*scores]} if scores else {}),
            "optimiser": self._optimiser.state_dict(),
            "scaler": self._scaler.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state."""
        self._kept.load_state_dict(state)
        self._last_scores.take_up(state.get("last_scores", ()))
        self._load_optimiser(state)

    @override
    def go_on(self, state: dict[str, Any], done: int) -> None:
        """Take up weights, their average, the best so far, momentum and loss scale; batches and schedule go on."""
        if done >= self.steps:
            self.load_state_dict(state)
            return
        self._kept.go_on(state)
        self._load_optimiser(state)

    def _load_optimiser(self, state: dict[str, Any]) -> None:
        self._optimiser.load_state_dict(state["optimiser"])
        self._scaler.load_state_dict(state["scaler"])

    def _backward(self, index: int, switches: Sequence[Callable[[], object]]) -> tuple[float, list[str]]:
        """Accumulate the gradient of one update's batches; their mean loss and the names of their examples."""
        self._optimiser.zero_grad()
        count = self.options.accumulate
        losses: list[float] = []
        names: list[str] = []
        for number in range(index * count, (index + 1) * count):
            batch = self._batches[number]
            names += batch.names
            for switch in switches:
                switch()
                with autocast(self.runtime):
                    loss = self.evaluator.loss(self.network, batch)
                losses.append(check_finite(loss, batch))
                torch.autograd.backward(self._scaler.scale(loss / count))
        return sum(losses) / len(losses), names

    def _validate(self, index: int) -> dict[str, float]:
        self._validation = None
        validates, scores = self._validates_after(index), self._last_scores.due(index + 1)
        if not (validates or scores):
            return {}
        with self._kept.show_kept():
            result = self.evaluator.measure(self.network)
            require_finite_numbers(result)
            if validates:
                self._validation = result
                self._kept.note(result.score)
        if scores:
            self._last_scores.scores.append(result.score)
        return {f"val_{name}": value for name, value in result.metrics.items()}

    def _validates_after(self, index: int) -> bool:
        """Whether step ``index`` ends with a measurement; where the best weights are kept, the last one does."""
        if not self.options.validate_epochs:
            return False
        every = max(1, round(self.options.validate_epochs * self._epoch_updates))
        return (index + 1) % every == 0 or (self.options.keep_best and index == self.steps - 1)


def learning_rate(options: TrainingOptions, index: int, steps: int) -> float:
    """The learning rate of step ``index`` of ``steps`` by the schedule, with its linear warm-up and its drops."""
    warm = min(1.0, (index + 1) / (options.warmup_steps + 1))
    dropped = 0.1 ** sum(index >= share * steps for share in options.lr_drops)
    if options.schedule == "cosine":
        along = (1 + math.cos(math.pi * index / steps)) / 2
        return warm * dropped * (options.lr_end + (options.lr - options.lr_end) * along)
    return float(options.lr * warm * dropped * (1 - index / steps) ** options.power)


def _optimiser(network: nn.Module, options: TrainingOptions) -> torch.optim.Optimizer:
    groups, lr, momentum = _groups(network, options), options.lr, options.momentum
    match options.optimiser:
        case "sgd":
            return torch.optim.SGD(groups, lr=lr, momentum=momentum)
        case "adam":
            return torch.optim.Adam(groups, lr=lr, betas=(momentum, 0.999))
        case "rmsprop":
            return torch.optim.RMSprop(groups, lr=lr, momentum=momentum)


def _groups(network: nn.Module, options: TrainingOptions) -> list[dict[str, Any]]:
    """Parameters with and without weight decay; biases, and what normalisations hold, have one dimension."""
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    free = [] if options.decay_norm_and_bias else [p for p in parameters if p.ndim <= 1]
    spared = {id(parameter) for parameter in free}
    decayed = [parameter for parameter in parameters if id(parameter) not in spared]
    groups = ((decayed, options.weight_decay), (free, 0.0))
    return [{"params": group, "weight_decay": decay} for group, decay in groups if group]

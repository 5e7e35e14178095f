"""The settings of a bilevel search, and those of DARTS."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from nasframe import Options

Weighed = Literal["softmax", "gumbel", "gumbel-hard"]
Positive = Annotated[float, Field(gt=0)]
Decay = Annotated[float, Field(ge=0, lt=1)]


class BilevelOptions(Options):
    """How weights and architecture parameters are trained in turns, whatever a search is composed of.

    Defaults are Auto-DeepLab's (section 4.1); what it does not state is as in DARTS's code.
    """

    epochs: float = Field(default=40.0, gt=0)
    """Length in passes over the split ``weights``."""
    steps: int | None = Field(default=None, ge=1)
    """Length in steps; None: as ``epochs`` says."""
    warmup_epochs: float = Field(default=20.0, ge=0)
    """Passes that train weights only, before the first architecture update."""
    warmup_steps: int | None = Field(default=None, ge=0)
    """The same in steps; None: the share of the search that ``warmup_epochs`` is of ``epochs``."""
    lr: float = Field(default=0.025, gt=0)
    """Learning rate of the weights at the start."""
    lr_min: float = Field(default=0.001, ge=0)
    """Learning rate of the weights at the end of its cosine."""
    lr_every: Literal["step", "epoch"] = "step"
    """How often the learning rate falls (DARTS's code: every epoch; the paper does not say)."""
    momentum: float = Field(default=0.9, ge=0, lt=1)
    """Momentum of the weights' SGD."""
    weight_decay: float = Field(default=3e-4, ge=0)
    """L2 penalty on the weights."""
    clip: float | None = Field(default=5.0, gt=0)
    """Largest L2 norm of the gradient of all weights together (DARTS's code: 5); None: not clipped."""
    order: Literal["first", "second", "second-finite"] = "first"
    """``second``: the architecture's gradient looks through the weights' next step, exactly; ``second-finite``: the
    same by the finite differences of DARTS's code; ``first``: the weights are taken as fixed."""
    arch_lr: float = Field(default=3e-3, gt=0)
    """Adam's learning rate of the architecture parameters."""
    arch_betas: tuple[Decay, Decay] = (0.5, 0.999)
    """Adam's decay rates (DARTS's code)."""
    arch_weight_decay: float = Field(default=1e-3, ge=0)
    """L2 penalty on the architecture parameters."""
    constraint_rate: float = Field(default=0.1, gt=0)
    """Where the experiment has ``constraints``: by how much of ln(expected cost / bound) a bound's multiplier rises in
    each update of the architecture. Higher: the bounds hold sooner, and costs swing more."""
    validate_epochs: float = Field(default=1.0, ge=0)
    """How often the supernet is measured on ``val``, in epochs; 0: never."""


class RegulariseOptions(Options):
    """Terms that are added to the architecture's loss."""

    entropy: tuple[float, float] = (0.0, 0.0)
    """Weight of the mixing weights' entropy, in nats, in the first and in the last update of the architecture; in
    between it goes linearly. Above 0 it makes the search decide; [0, 0]: no such term."""


class DartsOptions(BilevelOptions):
    """The parts that ``darts`` is composed of; the defaults are those of DARTS."""

    weigh: Weighed = "softmax"
    """How architecture parameters become mixing weights. ``gumbel``: a softmax with Gumbel noise (SNAS);
    ``gumbel-hard``: one option alone, drawn with the softmax's probabilities, whose gradient is that of ``gumbel``
    (GDAS). Measuring and deriving use no noise."""
    temperature: tuple[Positive, Positive] = (1.0, 1.0)
    """By which logits (and noise) are divided, after the warm-up and at the end of the search; low ones sharpen.
    GDAS: [10, 0.1]."""
    anneal: Literal["linear", "exponential"] = "linear"
    """How the temperature goes from the one to the other; exponential: by the same factor in each step."""
    regularise: RegulariseOptions = RegulariseOptions()
    """Terms of the architecture's loss."""

"""The settings of a bilevel search, and those of DARTS."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from nasframe import Options

Weighed = Literal["softmax", "gumbel", "gumbel-hard", "dirichlet"]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
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
    arch_lr: Positive | Literal["auto"] = 3e-3
    """Adam's learning rate of the architecture parameters. ``auto``: such that logits can move as far as in
    Auto-DeepLab's search of Cityscapes, which has 14,880 updates by 0.003; but at most 0.1."""
    arch_batches: int = Field(default=1, ge=1)
    """Batches of the half ``arch`` whose gradients are averaged into one update of the architecture parameters: less
    noise in the time of so many passes and the memory of one."""
    arch_betas: tuple[Decay, Decay] = (0.5, 0.999)
    """Adam's decay rates (DARTS's code)."""
    arch_weight_decay: float = Field(default=1e-3, ge=0)
    """L2 penalty on the architecture parameters."""
    constraint_rate: float = Field(default=1.0, gt=0)
    """Where the experiment has ``constraints``: by how much of ln(expected cost / bound) a bound's multiplier rises in
    each update of the architecture. Higher: the bounds hold sooner, and costs swing more."""
    validate_epochs: float = Field(default=1.0, ge=0)
    """How often the supernet is measured on ``val``, in epochs; 0: never."""


class PerturbOptions(Options):
    """How mixing weights are changed while the network's weights are trained (SDARTS)."""

    by: Literal["none", "random", "adversarial"] = "none"
    """``random``: by even noise; ``adversarial``: towards the largest loss, by gradient ascent."""
    epsilon: tuple[NotNegative, NotNegative] = (0.03, 0.3)
    """How far a mixing weight moves at most, in the first and in the last update (the defaults: SDARTS's code)."""
    steps: int = Field(default=7, ge=1)
    """Of the ascent; each costs a pass through the supernet."""


class StopOptions(Options):
    """When a search ends before its last step; it is then derived from an earlier look."""

    when: Literal["never", "eigenvalue", "skips"] = "never"
    """``eigenvalue``: when the largest eigenvalue of the Hessian of the architecture's loss grows (RobustDARTS);
    ``skips``: when too many operations of the derived genotype are skip connections (DARTS+)."""
    every_epochs: float = Field(default=1.0, gt=0)
    """How often it is looked at after the warm-up, in epochs."""
    window: int = Field(default=5, ge=1)
    """Over how many looks eigenvalues are averaged; the average is compared with that of so many looks before, to which
    a search that ends goes back."""
    ratio: float = Field(default=0.75, gt=0, lt=1)
    """The averaged eigenvalue of before, as a share of that of now, below which the search ends."""
    skips: float = Field(default=0.25, gt=0, le=1)
    """The share of skip connections, in any cell, at which the search ends."""


class SelectOptions(Options):
    """How operations are chosen once the architecture is trained."""

    by: Literal["argmax", "perturbation"] = "argmax"
    """``argmax``: by their logits; ``perturbation``: of each edge the operation without which the supernet's score on
    ``val`` is lowest (DARTS-PT). Each score is one more step of the search."""
    tune_steps: int = Field(default=0, ge=0)
    """Updates of the weights after each edge but the last, at a tenth of ``lr`` (DARTS-PT's code: five epochs)."""


class RegulariseOptions(Options):
    """Terms that are added to the architecture's loss, and a skip connection that is added to the mixtures."""

    entropy: tuple[NotNegative, NotNegative] = (0.0, 0.0)
    """Weight of the mixing weights' entropy, in nats, in the first and in the last update of the architecture; in
    between it goes linearly. It makes the search decide; [0, 0]: no such term."""
    anchor: float = Field(default=0.0, ge=0)
    """Weight of the divergence of ``weigh: dirichlet`` from its anchor Dir(1) (DrNAS's code: 0.001, in place of
    ``arch_weight_decay``); 0: no such term."""
    auxiliary_skip: float = Field(default=0.0, ge=0)
    """What is added to the weight of each skip operation while the supernet is trained; it falls linearly to 0 by the
    last update, so that nothing of it is derived (DARTS-: 1.0); 0: nothing."""


class DartsOptions(BilevelOptions):
    """The parts that ``darts`` is composed of; the defaults are those of DARTS."""

    weigh: Weighed = "softmax"
    """How architecture parameters become mixing weights. ``gumbel``: a softmax with Gumbel noise (SNAS);
    ``gumbel-hard``: one option alone, drawn with the softmax's probabilities, whose gradient is that of ``gumbel``
    (GDAS); ``dirichlet``: weights drawn from Dir(elu(alpha) + 1) (DrNAS). Measuring and deriving use no noise."""
    temperature: tuple[Positive, Positive] = (1.0, 1.0)
    """By which logits (and noise) are divided, after the warm-up and at the end of the search; low ones sharpen.
    GDAS: [10, 0.1]."""
    anneal: Literal["linear", "exponential"] = "linear"
    """How the temperature goes from the one to the other; exponential: by the same factor in each step."""
    perturb: PerturbOptions = PerturbOptions()
    """How mixing weights are changed while the network's weights are trained."""
    regularise: RegulariseOptions = RegulariseOptions()
    """Terms of the architecture's loss."""
    stop: StopOptions = StopOptions()
    """When the search ends before its last step."""
    select: SelectOptions = SelectOptions()
    """How operations are chosen once the architecture is trained."""

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        if self.perturb.by != "none" and self.order != "first":
            raise ValueError(
                f"perturb.by is {self.perturb.by} and order {self.order}, which looks through a step of the weights "
                "that is not perturbed; set order: first"
            )
        if self.select.by == "perturbation":
            if self.stop.when != "never":
                raise ValueError("select.by: perturbation comes after the last step; leave stop out, or the selection")
            if self.weigh == "gumbel-hard":
                raise ValueError(
                    "weigh: gumbel-hard is measured by the strongest operation alone, so no score says what another is "
                    "worth; leave select.by: perturbation out, or set weigh: gumbel"
                )
        if self.weigh == "dirichlet":
            if self.temperature != (1.0, 1.0):
                raise ValueError("weigh: dirichlet has no temperature; leave temperature out, or set weigh: gumbel")
            if self.order == "second":
                raise ValueError(
                    "weigh: dirichlet has no second derivative, which order: second needs; set order: second-finite or "
                    "first"
                )
        elif self.regularise.anchor:
            raise ValueError(
                f"regularise.anchor is of weigh: dirichlet, and weigh is {self.weigh}; leave the anchor out"
            )
        return self

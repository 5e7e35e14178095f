"""The settings of a training: light, so that an evaluator's ``Options`` can hold them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from nasframe.options import Options

__all__ = ["TrainingOptions"]


class TrainingOptions(Options):
    """How weights are updated; the defaults are DeepLab's SGD and "poly" learning rate (Auto-DeepLab, section 4.2)."""

    epochs: float = Field(default=100.0, gt=0)
    """Length in passes over the split ``train``. (The paper trains Cityscapes for 1.5 million steps.)"""
    steps: int | None = Field(default=None, ge=1)
    """Length in optimiser updates; None: as ``epochs`` says."""
    optimiser: Literal["sgd", "adam", "rmsprop"] = "sgd"
    """What turns gradients into updates: SGD, Adam (beta2 0.999) or RMSprop (alpha 0.99), as torch has them; all with
    ``momentum``, with ``weight_decay`` as an L2 penalty and with the same course of the learning rate."""
    lr: float = Field(default=0.05, gt=0)
    """Learning rate at the start (after the warm-up)."""
    schedule: Literal["poly", "cosine"] = "poly"
    """How the learning rate falls. ``poly``: as ``power`` says; ``cosine``: along half a cosine, as the training of
    images does (Loshchilov and Hutter, 2017, equation 5, without restarts), update by update."""
    power: float = Field(default=0.9, ge=0)
    """With ``poly`` the learning rate falls as (1 - step/steps)^power; 0: constant."""
    lr_end: float = Field(default=0.0, ge=0)
    """With ``cosine`` the learning rate at the end."""
    lr_drops: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = ()
    """Shares of the training after each of which the learning rate falls to a tenth; with ``power: 0`` in steps."""
    warmup_steps: int = Field(default=0, ge=0)
    """Updates over which the learning rate rises linearly to its schedule."""
    momentum: float = Field(default=0.9, ge=0, lt=1)
    """Momentum of SGD and of RMSprop (0: none), and Adam's beta1."""
    weight_decay: float = Field(default=4e-5, ge=0)
    """L2 penalty on the weights (DeepLab's code: 4e-5; the paper does not say)."""
    decay_norm_and_bias: bool = False
    """Whether the penalty also applies to biases and to scales and shifts of normalisations."""
    clip: float | None = Field(default=None, gt=0)
    """Largest L2 norm of the gradient of all weights together; None: not clipped."""
    accumulate: int = Field(default=1, ge=1)
    """Batches whose gradients are averaged into one update: a larger batch in the memory of a small one."""
    validate_epochs: float = Field(default=0.0, ge=0)
    """How often ``val`` is measured during the training, in epochs; 0: never."""
    ema: float | None = Field(default=None, gt=0, lt=1)
    """Share that the moving average of the weights keeps in each update, such as 0.999. The average is then what is
    measured and used in the end; None: no average."""
    keep_best: bool = False
    """Whether the network ends with the weights that scored best on ``val``, not with the last ones. They have then
    been chosen by what they are scored on."""
    patience: int | None = Field(default=None, ge=1)
    """End the training early, after so many measurements of ``val`` without a better score; None: never."""

    score_over: int = Field(default=1, ge=1)
    """The score of a training is the mean over so many measurements of ``val``, of which one is after its last step and
    the others are evenly spread over the tenth of the steps before; the metrics are those of the last one. 1: that one
    alone. It takes out the noise of single steps, for the time of so many measurements; ``patience``, ``prune`` and
    ``validate_epochs`` know nothing of it."""

    @model_validator(mode="after")
    def _check_schedule(self) -> Self:
        if self.lr_end and self.schedule != "cosine":
            raise ValueError(f"lr_end: {self.lr_end:g} is for schedule: cosine; the schedule is {self.schedule}")
        if self.lr_end > self.lr:
            raise ValueError(f"lr_end is {self.lr_end:g}, above lr, which is {self.lr:g}; the learning rate falls")
        return self

    @model_validator(mode="after")
    def _check_measuring(self) -> Self:
        if self.validate_epochs == 0 and (self.keep_best or self.patience is not None):
            asked = "keep_best" if self.keep_best else "patience"
            raise ValueError(f"{asked} needs measurements of val during the training; set validate_epochs above 0")
        if self.keep_best and self.score_over > 1:
            raise ValueError(
                f"keep_best ends with the weights of one measurement, and score_over: {self.score_over} scores "
                "those of several; leave one of them out"
            )
        return self

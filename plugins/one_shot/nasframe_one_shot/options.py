"""The settings that all one-shot strategies share: how the supernet is trained and how candidates are measured."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from nasframe import Options
from nasframe.training.options import TrainingOptions


class OneShotOptions(Options):
    """Defaults are those of SPOS (section 4), but for the learning rate, which it has for batches of 1024."""

    sampling: Literal["uniform", "strict", "sandwich"] = "uniform"
    """Which paths an update trains, on one batch and with the sum of their gradients: ``uniform``: one, drawn uniformly
    (SPOS); ``strict``: as many as a decision has options at most, each option as often as the others (FairNAS);
    ``sandwich``: the largest, the smallest and ``random_paths`` drawn uniformly (BigNAS)."""
    random_paths: int = Field(default=2, ge=0)
    """Paths drawn uniformly in each update where ``sampling`` is ``sandwich``. (Slimmable networks, BigNAS: 2.)"""
    epochs: float = Field(default=120.0, gt=0)
    """Length of the supernet's training in passes over the split ``train``."""
    train_steps: int | None = Field(default=None, ge=1)
    """The same in steps; None: as ``epochs`` says."""
    lr: float = Field(default=0.05, gt=0)
    """Learning rate at the start. (SPOS: 0.5 for batches of 1024.)"""
    power: float = Field(default=1.0, ge=0)
    """The learning rate falls as (1 - step/steps)^power; 1: linearly to 0."""
    momentum: float = Field(default=0.9, ge=0, lt=1)
    """Momentum of SGD."""
    weight_decay: float = Field(default=4e-5, ge=0)
    """L2 penalty on the weights that the update's paths use."""
    clip: float | None = Field(default=5.0, gt=0)
    """Largest L2 norm of the gradient of all weights together (SPOS: none; DARTS's code: 5); None: not clipped."""
    recalibrate: int = Field(default=20, ge=0)
    """Batches of ``weights`` from which batch norms take their statistics anew before each measurement, always the same
    ones, none of whose examples are scored on; 0: never, which measures with statistics that all paths mixed. SPOS
    says "a subset of training data"."""

    def training(self) -> TrainingOptions:
        """The supernet's training."""
        return TrainingOptions(
            epochs=self.epochs,
            steps=self.train_steps,
            lr=self.lr,
            power=self.power,
            momentum=self.momentum,
            weight_decay=self.weight_decay,
            clip=self.clip,
        )

"""When what happens in a DARTS search: its length, its warm-up, its validations, its learning rate."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nasframe_darts.options import BilevelOptions


@dataclass(frozen=True)
class Timing:
    """A search's events, in steps."""

    steps: int
    """How long it is."""
    warmup: int
    """How many steps at its beginning train weights only."""
    epoch: int
    """How many steps make one pass over the split ``weights``."""
    validation: int
    """After how many steps the supernet is measured; 0: never."""

    @classmethod
    def of(cls, options: BilevelOptions, epoch: int) -> Timing:
        """Args: epoch: how many steps make one pass over the split ``weights``."""
        steps = options.steps or max(1, round(options.epochs * epoch))
        warmup = options.warmup_steps
        if warmup is None:
            warmup = round(options.warmup_epochs / options.epochs * steps)
        validation = max(1, round(options.validate_epochs * epoch)) if options.validate_epochs else 0
        return cls(steps, warmup, epoch, validation)

    def kind(self, index: int) -> str:
        """What step ``index`` (from 0) does, in words."""
        name = "warm-up" if index < self.warmup else "bilevel"
        return f"{name} + validation" if self.validates_after(index) else name

    def passed(self, index: int) -> float:
        """The share of the architecture's updates that are done at step ``index``: 0 in the first, 1 in the last."""
        return max(0, index - self.warmup) / max(1, self.steps - 1 - self.warmup)

    def validates_after(self, index: int) -> bool:
        """Whether step ``index`` (from 0) ends with a validation."""
        return self.validation > 0 and (index + 1) % self.validation == 0

    def looks_after(self, index: int, epochs: float) -> bool:
        """Whether step ``index`` (from 0), after the warm-up, ends with a look that comes every so many epochs."""
        every = max(1, round(epochs * self.epoch))
        return epochs > 0 and index >= self.warmup and (index + 1) % every == 0


def cosine(options: BilevelOptions, timing: Timing, index: int) -> float:
    """The weights' learning rate in step ``index``: half a cosine from ``lr`` to ``lr_min``."""
    if options.lr_every == "epoch":
        index -= index % timing.epoch
    fall = (1 + math.cos(math.pi * index / timing.steps)) / 2
    return options.lr_min + (options.lr - options.lr_min) * fall

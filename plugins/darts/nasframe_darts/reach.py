"""Whether architecture parameters can move far enough for anything to be decided, told before the search."""

from __future__ import annotations

import math

from nasframe.files.words import quantity
from nasframe_darts.options import BilevelOptions
from nasframe_darts.timing import Timing

DECIDING = 2.0
"""Logits: ln 7, by which one of eight equal options comes to weigh as much as the other seven together, rounded up."""


def remark_on(options: BilevelOptions) -> str | None:
    """What the options alone tell; None where ``steps`` are enough, or an update an epoch would be."""
    if options.steps is not None:
        return remark(options, Timing.of(options, epoch=1))  # no part of it depends on the epoch
    warmup = options.warmup_epochs if options.warmup_steps is None else 0.0
    epochs = max(0.0, options.epochs - warmup)
    needed = math.ceil(DECIDING / options.arch_lr)
    if epochs >= needed:
        return None
    length = f"{epochs:g} {'epoch' if epochs == 1 else 'epochs'}"
    if options.warmup_steps:
        length += f", less {quantity(options.warmup_steps, 'step')} of warm-up,"
    return _sentence(
        length + " of updates",
        options.arch_lr,
        f"{options.arch_lr:g} an update",
        f"with fewer than {quantity(needed, 'update')} ",
        "'nasframe plan' says how many these are",
    )


def remark(options: BilevelOptions, timing: Timing) -> str | None:
    """What is known once the data have told how long an epoch is; None where the updates are enough."""
    updates = max(0, timing.steps - timing.warmup)
    reach = updates * options.arch_lr  # a step of Adam is about as long as its learning rate, and rarely longer
    if reach >= DECIDING:
        return None
    advice = "Raise strategy.arch_lr, or the number of updates"
    return _sentence(quantity(updates, "update"), options.arch_lr, f"{reach:.2g}", "", advice)


def _sentence(updates: str, rate: float, reach: str, condition: str, advice: str) -> str:
    return (
        f"{updates} of the architecture parameters by strategy.arch_lr = {rate:g} can move a logit by about {reach} at "
        f"most, and {DECIDING:g} is what makes one of eight operations weigh as much as all others: {condition}expect "
        f"nearly even weights, and a genotype that noise has chosen. {advice}"
    )

"""Whether architecture parameters can move far enough for anything to be decided, told before the search."""

from __future__ import annotations

import math

from nasframe.files.words import quantity
from nasframe_darts.options import BilevelOptions
from nasframe_darts.timing import Timing

DECIDING = 2.0
"""Logits: ln 7, by which one of eight equal options comes to weigh as much as the other seven together, rounded up."""

PAPER = 14_880 * 0.003
"""Logits: how far one can move in Auto-DeepLab's search of Cityscapes (section 4.1), 20 epochs of 744 updates."""
MOST = 0.1
"""``arch_lr: auto`` is never more: with larger steps logits follow the noise of single batches."""


def arch_rate(options: BilevelOptions, timing: Timing) -> float:
    """The learning rate of the architecture parameters, chosen where the options leave it open."""
    if options.arch_lr != "auto":
        return options.arch_lr
    return min(MOST, PAPER / max(1, timing.steps - timing.warmup))


def choice(options: BilevelOptions, timing: Timing) -> str | None:
    """What ``arch_lr: auto`` has chosen, and why; None: nothing was left open."""
    if options.arch_lr != "auto":
        return None
    rate, updates = arch_rate(options, timing), max(0, timing.steps - timing.warmup)
    far = f"{quantity(updates, 'update')} by it can move a logit by about {updates * rate:.2g}"
    return f"strategy.arch_lr: auto is {rate:.3g} here: {far}, where those of Auto-DeepLab's search can by {PAPER:.2g}"


def remark_on(options: BilevelOptions) -> str | None:
    """What the options alone tell; None where ``steps`` are enough, or an update an epoch would be."""
    if options.steps is not None:
        return remark(options, Timing.of(options, epoch=1))  # no part of it depends on the epoch
    warmup = options.warmup_epochs if options.warmup_steps is None else 0.0
    epochs = max(0.0, options.epochs - warmup)
    rate = MOST if options.arch_lr == "auto" else options.arch_lr
    needed = math.ceil(DECIDING / rate)
    if epochs >= needed:
        return None
    length = f"{epochs:g} {'epoch' if epochs == 1 else 'epochs'}"
    if options.warmup_steps:
        length += f", less {quantity(options.warmup_steps, 'step')} of warm-up,"
    return _sentence(
        length + " of updates",
        rate,
        f"{rate:g} an update",
        f"with fewer than {quantity(needed, 'update')} ",
        "'nasframe plan' says how many these are",
    )


def remark(options: BilevelOptions, timing: Timing) -> str | None:
    """What is known once the data have told how long an epoch is; None where the updates are enough."""
    updates = max(0, timing.steps - timing.warmup)
    rate = arch_rate(options, timing)
    reach = updates * rate  # a step of Adam is about as long as its learning rate, and rarely longer
    if reach >= DECIDING:
        return None
    advice = "Raise strategy.arch_lr, or the number of updates"
    return _sentence(quantity(updates, "update"), rate, f"{reach:.2g}", "", advice)


def _sentence(updates: str, rate: float, reach: str, condition: str, advice: str) -> str:
    return (
        f"{updates} of the architecture parameters by strategy.arch_lr = {rate:g} can move a logit by about {reach} at "
        f"most, and {DECIDING:g} is what makes one of eight operations weigh as much as all others: {condition}expect "
        f"nearly even weights, and a genotype that noise has chosen. {advice}"
    )

"""One optimiser update of some parameters, from gradients that are known to be finite."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn

from nasframe.errors import RunError

__all__ = ["freeze", "update"]


@contextmanager
def freeze(parameters: Sequence[nn.Parameter]) -> Iterator[None]:
    """Within it nothing is kept or computed for the gradients of these parameters, which all require one otherwise."""
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)


def update(
    optimiser: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler,
    parameters: Sequence[nn.Parameter],
    clip: float | None,
    names: Sequence[str],
) -> None:
    """Clip the gradients and apply them.

    Args:
        scaler: of the loss; an enabled one skips updates whose gradients overflowed, as float16 needs.
        clip: largest L2 norm of all gradients together; None: not clipped.
        names: of the examples that the gradients come from, for the message.

    Raises:
        RunError: a gradient is not finite. The parameters are untouched, so the next checkpoint is sound.
    """
    scaler.unscale_(optimiser)
    norm = float(nn.utils.clip_grad_norm_(parameters, math.inf if clip is None else clip))
    if not math.isfinite(norm) and not scaler.is_enabled():
        raise RunError(
            f"the gradient's norm is {norm} on the batch {', '.join(names)}; it must be finite. Look at these "
            "examples; if they are sound, try a smaller lr, a longer warm-up or precision: float32"
        )
    scaler.step(optimiser)
    scaler.update()

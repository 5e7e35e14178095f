"""Running statistics, like batch norm's mean and variance: held still in some passes, or taken anew."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterable
from typing import final

import torch
from torch import Tensor, nn

from nasframe.evaluator import Batch, Runtime
from nasframe.training.precision import autocast

__all__ = ["HeldStatistics", "Holding", "recalibrate"]


class Holding(ABC):  # noqa: B024 - it says what a module has, and has nothing to implement
    """A module that leaves its running statistics as they are while it is ``held``, and so spares their copies."""

    held = False


@final
class HeldStatistics:
    """A context, which may be entered again, also within itself, in which a module's running statistics hold still.

    Modules that are ``Holding`` are told so. The buffers of all others are copied before and put back after, so that
    the norms of torch and of strangers hold still too.
    """

    def __init__(self, module: nn.Module) -> None:
        """Args: module: with all its parts, which stay the same."""
        parts = list(module.modules())
        self._holding = [part for part in parts if isinstance(part, Holding)]
        self._others = [part for part in parts if not isinstance(part, Holding) and list(part.buffers(recurse=False))]
        self._before: list[tuple[list[bool], list[dict[str, Tensor]]]] = []

    def __enter__(self) -> None:
        buffers = [
            {name: buffer.clone() for name, buffer in part.named_buffers(recurse=False)} for part in self._others
        ]
        self._before.append(([part.held for part in self._holding], buffers))
        for part in self._holding:
            part.held = True

    @torch.no_grad()
    def __exit__(self, *reason: object) -> None:
        held, buffers = self._before.pop()
        for part, was in zip(self._holding, held, strict=True):
            part.held = was
        for other, values in zip(self._others, buffers, strict=True):
            for name, value in values.items():
                other.get_buffer(name).copy_(value)


def recalibrate(network: nn.Module, batches: Iterable[Batch], runtime: Runtime) -> None:
    """Replace the running statistics of all norms by their means over these batches; without any, keep them.

    SPOS, section 3.4: statistics for one candidate. A norm is what has ``running_mean`` and ``momentum``. Whatever else
    behaves otherwise in training, such as dropout, behaves as when the network is measured, for which the statistics
    are. The network is left in training mode.
    """
    norms = [part for part in network.modules() if getattr(part, "running_mean", None) is not None]
    momenta = [norm.momentum for norm in norms]
    network.eval()
    for norm in norms:
        norm.train()
    with torch.no_grad():
        for count, batch in enumerate(batches, start=1):
            for norm in norms:
                norm.momentum = 1 / count  # type: ignore[assignment]  # so the moving average is the mean so far
            with autocast(runtime):
                network(batch.inputs)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.train()

"""Running statistics, like batch norm's mean and variance, that passes for some other purpose leave as they are."""

from __future__ import annotations

from abc import ABC
from typing import final

import torch
from torch import Tensor, nn

__all__ = ["HeldStatistics", "Holding"]


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

"""Many tensors of a plain module as one: a stacked tensor has the plain tensor's shape behind the axes of a grid."""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn


class Origin(NamedTuple):
    """Where a stacked tensor comes from."""

    names: tuple[str, ...]
    """Of the plain tensors, in the order of the grid."""
    axes: int
    """How many leading axes are the grid's."""


class PlainNames:
    """The names of a plain module's tensors."""

    def __init__(self, plain: nn.Module) -> None:
        self.names = {id(tensor): name for name, tensor in plain.state_dict(keep_vars=True).items()}

    def __getitem__(self, tensor: Tensor) -> str:
        return self.names[id(tensor)]


class Stacked(nn.Module, ABC):
    """A module whose parameters and buffers are stacks of a plain module's."""

    def __init__(self) -> None:
        super().__init__()
        self.origins: dict[str, Origin] = {}

    def stack(self, name: str, shape: tuple[int, ...], pick: Callable[..., Tensor], names: PlainNames) -> None:
        """Register a parameter or buffer made of the plain tensors that ``pick`` gives for each place of a grid."""
        tensors = [pick(*place) for place in np.ndindex(shape)]
        stacked = torch.stack([tensor.detach() for tensor in tensors]).reshape(*shape, *tensors[0].shape)
        if isinstance(tensors[0], nn.Parameter):
            self.register_parameter(name, nn.Parameter(stacked))
        else:
            self.register_buffer(name, stacked)
        self.origins[name] = Origin(tuple(names[tensor] for tensor in tensors), len(shape))


def origins(module: nn.Module) -> Mapping[str, Origin]:
    """By its name in the state of a module, where each stacked tensor comes from.

    The plain names are those within the node, whose name is the same in both forms.
    """
    found: dict[str, Origin] = {}
    for place, part in module.named_modules():
        if isinstance(part, Stacked):
            found |= {f"{place}.{name}".lstrip("."): origin for name, origin in part.origins.items()}
    return found

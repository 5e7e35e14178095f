"""Pools of 3x3 pixels at stride 1, in which those outside do not count."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def pooled(values: Tensor, mean: bool, maximum: bool) -> Tensor:
    """(…, H, W) -> (kinds, …, H, W): the mean, then the maximum, as far as they are wanted."""
    planes = values.flatten(0, -4)
    kinds: list[Tensor] = []
    if mean:
        kinds.append(functional.avg_pool2d(planes, 3, 1, padding=1, count_include_pad=False))
    if maximum:
        kinds.append(functional.max_pool2d(planes, 3, 1, padding=1))
    return torch.stack(kinds).view(len(kinds), *values.shape)

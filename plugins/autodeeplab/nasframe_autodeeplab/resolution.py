"""Sizes: at stride s a side of s·n + 1 pixels has n + 1; bilinear resizing keeps the corner pixels in place.

So the networks compute on sides of s·n + 1 for their coarsest stride s (321, 513, 769 and 1025 for 32). Other inputs
are padded to them with zeros, the middle of the input range [-1, 1], right and below, and the logits are cut back.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from nasframe_autodeeplab import traceable


def padded_side(side: int, stride: int) -> int:
    """The next stride·n + 1, n at least 1."""
    return stride * max(1, -(-(side - 1) // stride)) + 1


def pad(images: Tensor, stride: int) -> Tensor:
    """Images (N, C, H, W) with both sides enlarged to the next stride·n + 1."""
    if torch.compiler.is_exporting():
        return traceable.pad(images, stride)
    height, width = images.shape[-2:]
    right, below = (padded_side(side, stride) - side for side in (width, height))
    return functional.pad(images, (0, right, 0, below)) if right or below else images


def crop(logits: Tensor, like: Tensor) -> Tensor:
    """The top left of the logits, as large as ``like``."""
    if torch.compiler.is_exporting():
        return traceable.crop(logits, like)
    return logits[..., : like.shape[-2], : like.shape[-1]]


def resize(inputs: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear, corners aligned."""
    if tuple(inputs.shape[-2:]) == size:
        return inputs
    return functional.interpolate(inputs, size, mode="bilinear", align_corners=True)


def resize_like(inputs: Tensor, like: Tensor) -> Tensor:
    """Bilinear, corners aligned, to the height and width of ``like``."""
    return resize(inputs, (like.shape[-2], like.shape[-1]))


def double(inputs: Tensor) -> Tensor:
    """Twice as fine: sides of d pixels become 2d - 1."""
    return resize(inputs, (2 * inputs.shape[-2] - 1, 2 * inputs.shape[-1] - 1))


class Halve(nn.Module):
    """Twice as coarse, bilinear: sides of 2d - 1 pixels become d."""

    @override
    def forward(self, inputs: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, (H + 1) // 2, (W + 1) // 2)."""
        return resize(inputs, ((inputs.shape[-2] + 1) // 2, (inputs.shape[-1] + 1) // 2))

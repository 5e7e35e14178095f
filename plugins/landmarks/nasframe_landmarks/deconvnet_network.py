"""The layers of DeconvNet, as in the authors' model (github.com/HyeonwooNoh/DeconvNet)."""

from __future__ import annotations

from collections import OrderedDict
from itertools import pairwise
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from nasframe import Task
from nasframe_landmarks.deconvnet_outline import DOWN, UP
from nasframe_landmarks.layers import AtTaskSize, Convolution, conv, deconv, followed
from nasframe_landmarks.options import DeconvNetOptions


@final
class UnpoolingNetwork(nn.Module):
    """Images (N, C, H, W) -> logits of the task's size.

    H and W are multiples of 32, at least 32 times the bottleneck's kernel.
    """

    def __init__(self, kernel: int, options: DeconvNetOptions, task: Task) -> None:
        super().__init__()
        down = [[options.at_width(size) for size in sizes] for sizes in DOWN]
        up = [[options.at_width(size) for size in sizes] for sizes in UP]
        middle, ends = options.at_width(options.bottleneck), down[-1][-1]
        starts = [task.in_channels, *(sizes[-1] for sizes in down)]
        self.down = nn.ModuleList(_stage(start, sizes, conv) for start, sizes in zip(starts, down, strict=False))
        self.bottleneck = nn.Sequential(
            OrderedDict(
                fc6=followed(nn.Conv2d(ends, middle, kernel)),  # not padded
                fc7=followed(conv(middle, middle, 1)),
                fc6_deconv=followed(nn.ConvTranspose2d(middle, ends, kernel)),
            )
        )
        starts = [ends, *(sizes[-1] for sizes in up)]
        self.up = nn.ModuleList(_stage(start, sizes, deconv) for start, sizes in zip(starts, up, strict=False))
        self.classify = conv(up[-1][-1], task.num_classes, 1)
        self.fit = AtTaskSize(task)

    @override
    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, classes, H / stride, W / stride)."""
        features, places = images, []
        for stage in self.down:
            features, place = functional.max_pool2d_with_indices(stage(features), (2, 2))
            places.append(place)
        features = self.bottleneck(features)
        for stage in self.up:
            features = stage(unpooled(features, places.pop()))
        found: Tensor = self.fit(self.classify(features), images)
        return found


def unpooled(features: Tensor, places: Tensor) -> Tensor:
    """Each value at the place of the maximum that 2x2 pooling took, zeros elsewhere; deterministic on every device.

    Args:
        features: (N, C, h, w).
        places: what ``max_pool2d_with_indices`` gave, places in rows of 2 w pixels, (N, C, h, w).

    Returns:
        (N, C, 2 h, 2 w).
    """
    count, channels, height, width = features.shape
    sides = torch.arange(2, device=features.device)
    rows = (places // (2 * width) % 2)[..., None] == sides  # (N, C, h, w, 2)
    columns = (places % 2)[..., None] == sides
    spread = torch.where(rows[..., :, None] & columns[..., None, :], features[..., None, None], 0)
    return spread.permute(0, 1, 2, 4, 3, 5).reshape(count, channels, 2 * height, 2 * width)


def _stage(start: int, sizes: list[int], convolution: Convolution) -> nn.Sequential:
    """3x3 convolutions, each with batch norm and ReLU."""
    return nn.Sequential(*(followed(convolution(before, after)) for before, after in pairwise([start, *sizes])))

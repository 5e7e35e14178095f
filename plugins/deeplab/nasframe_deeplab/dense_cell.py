"""The dense prediction cell's layers (Chen et al., NeurIPS 2018, section 3.2 and the authors' code)."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from nasframe_deeplab.cell import FEATURES, Branch, numbers_of
from nasframe_deeplab.layers import Norm, Resize, conv_norm_relu, resize_of, separable
from nasframe_deeplab.options import DpcOptions


@final
class DenseCell(nn.Module):
    """Branches in their order, joined by a 1x1."""

    def __init__(self, inputs: int, cell: tuple[Branch, ...], options: DpcOptions, norm: Norm) -> None:
        super().__init__()
        self.channels = options.at_width(options.head_filters)
        self.reads = tuple(-1 if branch.input == FEATURES else int(branch.input[1:]) - 1 for branch in cell)
        self.branches = nn.ModuleList(
            _operation(branch.operation, inputs if index < 0 else self.channels, self.channels, options, norm)
            for branch, index in zip(cell, self.reads, strict=True)
        )
        self.dropout = nn.Dropout(options.dropout)
        self.project = conv_norm_relu(len(cell) * self.channels, self.channels, norm)

    @override
    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, head_filters, H, W)."""
        found: list[Tensor] = []
        for index, branch in zip(self.reads, self.branches, strict=True):
            found.append(branch(features if index < 0 else found[index]))
        output: Tensor = self.project(self.dropout(torch.cat(found, dim=1)))
        return output


def pooled_places(side: int, count: int) -> int:
    """Pixels of a released pooling window along a side of the features.

    The authors' code divides the image's side d by output stride times grid as int((d - 1) / (stride · grid) + 1); the
    features' side is (d - 1) / stride + 1.
    """
    return (side - 1) // count + 1


@final
class PyramidPooling(nn.Module):
    """Means over a grid, or over windows of a field's size, then a 1x1 convolution, resized to the features."""

    def __init__(self, inputs: int, outputs: int, grid: tuple[int, int], options: DpcOptions, norm: Norm) -> None:
        """Args: grid: rows and columns."""
        super().__init__()
        self.grid = grid
        self.pooling = options.pooling
        self.resize: Resize = resize_of(options)
        self.project = conv_norm_relu(inputs, outputs, norm)

    @override
    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', H, W)."""
        output: Tensor = self.resize(self.project(self.pooled(features)), features)
        return output

    def pooled(self, features: Tensor) -> Tensor:
        """The means: (N, C, rows, columns), or as many as there are places for the window."""
        if self.pooling == "grid":
            return functional.adaptive_avg_pool2d(features, self.grid)
        sides = zip(features.shape[-2:], self.grid, strict=True)
        down, right = (pooled_places(side, count) for side, count in sides)
        return functional.avg_pool2d(features, (down, right), stride=1)


def _operation(name: str, inputs: int, outputs: int, options: DpcOptions, norm: Norm) -> nn.Module:
    kind, (down, right) = numbers_of(name)
    if kind == "pool":
        return PyramidPooling(inputs, outputs, (down, right), options, norm)
    if kind == "atrous":
        return separable(inputs, outputs, norm, (down * options.rate_factor, right * options.rate_factor))
    return conv_norm_relu(inputs, outputs, norm)

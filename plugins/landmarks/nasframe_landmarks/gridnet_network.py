"""The layers of a GridNet, as in the authors' code (github.com/Fourure/GridNet)."""

from __future__ import annotations

from itertools import pairwise
from typing import final

import torch
from torch import Tensor, nn
from typing_extensions import override

from nasframe import Task
from nasframe_landmarks.layers import AtTaskSize, Convolution, conv, deconv, followed, preceded
from nasframe_landmarks.options import GridNetOptions


@final
class GridNetwork(nn.Module):
    """Images (N, C, H, W) -> logits of the task's size; H and W are multiples of the lowest stream's stride."""

    def __init__(self, streams: int, columns: int, options: GridNetOptions, task: Task) -> None:
        super().__init__()
        channels = [options.at_width(options.channels * 2**stream) for stream in range(streams)]
        first, classes = channels[0], task.num_classes
        self.first = nn.Sequential(
            nn.BatchNorm2d(task.in_channels), followed(conv(task.in_channels, first)), followed(conv(first, first))
        )
        self.down = nn.ModuleList(
            DownColumn(channels, options.total_dropout if column else None) for column in range(columns)
        )
        self.up = nn.ModuleList(
            UpColumn(channels, options.total_dropout, deconv if column else conv) for column in range(columns)
        )
        self.head = nn.Sequential(followed(deconv(first, classes)), deconv(classes, classes), nn.BatchNorm2d(classes))
        self.fit = AtTaskSize(task)

    @override
    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, classes, H / stride, W / stride)."""
        features = [self.first(images)]
        for column in (*self.down, *self.up):
            features = column(features)
        found: Tensor = self.fit(self.head(features[0]), images)
        return found


@final
class DownColumn(nn.Module):
    """From the first stream to the lowest: what a stream brings, plus what comes down from the one above."""

    def __init__(self, channels: list[int], dropout: float | None) -> None:
        """Args: dropout: of the residual units; None: the first column, which has none."""
        super().__init__()
        units = [] if dropout is None else [ResidualUnit(size, dropout, conv) for size in channels]
        self.units = nn.ModuleList(units)
        self.subsample = nn.ModuleList(
            nn.Sequential(preceded(conv(above, below, stride=2)), preceded(conv(below, below)))
            for above, below in pairwise(channels)
        )

    @override
    def forward(self, features: list[Tensor]) -> list[Tensor]:
        """Of each stream what came before -> of each stream; to the first column of the first stream alone."""
        found = [unit(before) for unit, before in zip(self.units, features, strict=False)] or features
        for stream, subsample in enumerate(self.subsample, start=1):
            lower = subsample(found[stream - 1])
            found[stream:] = [found[stream] + lower, *found[stream + 1 :]] if self.units else [lower]
        return found


@final
class UpColumn(nn.Module):
    """From the lowest stream to the first: what a stream brings, plus what comes up from the one below."""

    def __init__(self, channels: list[int], dropout: float, convolution: Convolution) -> None:
        super().__init__()
        self.units = nn.ModuleList(ResidualUnit(size, dropout, convolution) for size in channels)
        self.upsample = nn.ModuleList(
            nn.Sequential(preceded(deconv(below, above, stride=2)), preceded(deconv(above, above)))
            for above, below in pairwise(channels)
        )

    @override
    def forward(self, features: list[Tensor]) -> list[Tensor]:
        """Of each stream what came before -> of each stream."""
        found = [unit(before) for unit, before in zip(self.units, features, strict=True)]
        for stream in reversed(range(len(self.upsample))):
            found[stream] = found[stream] + self.upsample[stream](found[stream + 1])
        return found


@final
class ResidualUnit(nn.Module):
    """Twice batch norm, ReLU and a 3x3 convolution, added to the input; in training at times the input alone."""

    def __init__(self, channels: int, dropout: float, convolution: Convolution) -> None:
        super().__init__()
        self.dropout = dropout
        self.transform = nn.Sequential(
            preceded(convolution(channels, channels)), preceded(convolution(channels, channels))
        )

    @override
    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        found: Tensor = self.transform(features)
        # The whole branch, for the whole batch, without rescaling (section 3.2); drawn on the CPU, so no device waits.
        if self.training and float(torch.rand((), device="cpu")) < self.dropout:
            found = found * 0
        return features + found

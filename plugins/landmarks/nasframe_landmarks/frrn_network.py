"""The layers of a full-resolution residual network, as in the authors' code (github.com/TobyPDE/FRRN)."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from nasframe import Task
from nasframe_landmarks.frrn_outline import Stage
from nasframe_landmarks.layers import AtTaskSize, conv, followed
from nasframe_landmarks.options import FrrnOptions


@final
class FullResolutionNetwork(nn.Module):
    """Images (N, C, H, W) -> logits of the task's size; H and W are multiples of the coarsest stage's stride."""

    def __init__(self, stages: tuple[Stage, ...], options: FrrnOptions, task: Task) -> None:
        super().__init__()
        channels, streamed = options.at_width(options.channels), options.at_width(options.residual_channels)
        self.stem = followed(conv(task.in_channels, channels, 5, bias=False))
        self.before = nn.Sequential(*(ResidualUnit(channels, channels) for _ in range(3)))
        self.split = nn.Sequential(conv(channels, streamed, 1, bias=False), nn.BatchNorm2d(streamed))
        self.strides = [stage.stride for stage in stages]
        self.stages = nn.ModuleList()
        inputs = channels
        for stage in stages:
            outputs = options.at_width(stage.factor * options.channels)
            self.stages.append(FullResolutionStage(stage, inputs, outputs, streamed))
            inputs = outputs
        self.after = nn.Sequential(
            ResidualUnit(inputs + streamed, channels), *(ResidualUnit(channels, channels) for _ in range(2))
        )
        self.classify = conv(channels, task.num_classes, 1)
        self.fit = AtTaskSize(task)

    @override
    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, classes, H / stride, W / stride)."""
        pooled = self.before(self.stem(images))
        residual = self.split(pooled)
        stride = 1
        for stage, wanted in zip(self.stages, self.strides, strict=True):
            pooled, residual = stage(resized(pooled, stride, wanted), residual)
            stride = wanted
        joined = torch.cat([resized(pooled, stride, 1), residual], dim=1)
        found: Tensor = self.fit(self.classify(self.after(joined)), images)
        return found


@final
class FullResolutionStage(nn.Module):
    """Several units at one stride: each gets the output of the one before it, in both streams."""

    def __init__(self, stage: Stage, inputs: int, outputs: int, streamed: int) -> None:
        super().__init__()
        self.units = nn.ModuleList(
            FullResolutionUnit(outputs if number else inputs, outputs, streamed, stage.stride)
            for number in range(stage.units)
        )

    @override
    def forward(self, pooled: Tensor, residual: Tensor) -> tuple[Tensor, Tensor]:
        """Both streams -> both streams, changed."""
        for unit in self.units:
            pooled, residual = unit(pooled, residual)
        return pooled, residual


@final
class FullResolutionUnit(nn.Module):
    """FRRU (section 3.3): the residual stream is pooled in, and what comes of both is added to it, enlarged."""

    def __init__(self, inputs: int, outputs: int, streamed: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.transform = nn.Sequential(
            followed(conv(inputs + streamed, outputs, bias=False)), followed(conv(outputs, outputs, bias=False))
        )
        self.give = conv(outputs, streamed, 1)

    @override
    def forward(self, pooled: Tensor, residual: Tensor) -> tuple[Tensor, Tensor]:
        """(N, inputs, H / p, W / p), (N, streamed, H, W) -> (N, outputs, H / p, W / p), (N, streamed, H, W)."""
        pooled = self.transform(torch.cat([pooled, functional.max_pool2d(residual, self.stride)], dim=1))
        given = functional.interpolate(self.give(pooled), scale_factor=float(self.stride), mode="nearest")
        return pooled, residual + given


@final
class ResidualUnit(nn.Module):
    """Two 3x3 convolutions, added to their input; no ReLU after the sum."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.transform = nn.Sequential(
            followed(conv(inputs, outputs, bias=False)), conv(outputs, outputs, bias=False), nn.BatchNorm2d(outputs)
        )
        self.project = nn.Identity() if inputs == outputs else conv(inputs, outputs, 1, bias=False)

    @override
    def forward(self, features: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H, W)."""
        found: Tensor = self.project(features) + self.transform(features)
        return found


def resized(features: Tensor, stride: int, wanted: int) -> Tensor:
    """Features of a stride at half of it, or twice: pooled by maxima, or enlarged bilinearly."""
    if wanted > stride:
        return functional.max_pool2d(features, wanted // stride)
    return functional.interpolate(features, scale_factor=stride / wanted, mode="bilinear", align_corners=False)

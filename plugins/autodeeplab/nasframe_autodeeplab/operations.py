"""The primitives (Auto-DeepLab, section 3.1), the same for supernet and network; exact forms from the official code.

All work on C channels and begin with their ReLU; convolutions have no bias and pad by half their reach.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from nasframe_autodeeplab.normalisation import Norm
from nasframe_autodeeplab.resolution import Halve


@dataclass(frozen=True)
class Recipe:
    """What all primitives of a network have in common."""

    norm: Norm
    sep_repeats: int
    atrous_separable: bool
    pool_norm: bool


def conv(inputs: int, outputs: int, kernel: int = 1, stride: int = 1, rate: int = 1) -> nn.Conv2d:
    """A convolution without bias that keeps the size at stride 1."""
    return nn.Conv2d(inputs, outputs, kernel, stride, padding=rate * (kernel // 2), dilation=rate, bias=False)


def depthwise(channels: int, kernel: int, stride: int = 1, rate: int = 1) -> nn.Conv2d:
    """A convolution of each channel by itself."""
    return nn.Conv2d(channels, channels, kernel, stride, rate * (kernel // 2), rate, groups=channels, bias=False)


def relu_conv_norm(inputs: int, outputs: int, norm: Norm, kernel: int = 1, stride: int = 1) -> nn.Sequential:
    """ReLU, convolution, batch norm: what brings a tensor to a number of channels."""
    return nn.Sequential(nn.ReLU(), conv(inputs, outputs, kernel, stride), norm(outputs))


def separable(kernel: int, channels: int, stride: int, recipe: Recipe) -> nn.Module:
    """(ReLU, depthwise, pointwise, batch norm), repeated; the stride is in the first depthwise."""
    layers: list[nn.Module] = []
    for repeat in range(recipe.sep_repeats):
        layers += [
            nn.ReLU(),
            depthwise(channels, kernel, stride if repeat == 0 else 1),
            conv(channels, channels),
            recipe.norm(channels),
        ]
    return nn.Sequential(*layers)


def atrous(kernel: int, channels: int, stride: int, recipe: Recipe) -> nn.Module:
    """ReLU, convolution at rate 2, batch norm; at stride 2 halved bilinearly first and then at rate 1."""
    rate = 2 if stride == 1 else 1
    halve = [] if stride == 1 else [Halve()]
    if recipe.atrous_separable:
        convolution = [depthwise(channels, kernel, rate=rate), conv(channels, channels)]
    else:
        convolution = [conv(channels, channels, kernel, rate=rate)]
    return nn.Sequential(nn.ReLU(), *halve, *convolution, recipe.norm(channels))


def avg_pool(channels: int, stride: int, recipe: Recipe) -> nn.Module:
    """The mean of 3x3 pixels; those outside do not count."""
    return _pooling(nn.AvgPool2d(3, stride, padding=1, count_include_pad=False), channels, recipe)


def max_pool(channels: int, stride: int, recipe: Recipe) -> nn.Module:
    """The maximum of 3x3 pixels."""
    return _pooling(nn.MaxPool2d(3, stride, padding=1), channels, recipe)


def skip(channels: int, stride: int, recipe: Recipe) -> nn.Module:
    """The identity; at stride 2 a strided 1x1 convolution."""
    return nn.Identity() if stride == 1 else relu_conv_norm(channels, channels, recipe.norm, stride=stride)


def _pooling(pool: nn.Module, channels: int, recipe: Recipe) -> nn.Module:
    return nn.Sequential(pool, recipe.norm(channels)) if recipe.pool_norm else pool


Factory = Callable[[int, int, Recipe], nn.Module]
OPERATIONS: dict[str, Factory] = {
    "sep_3x3": partial(separable, 3),
    "sep_5x5": partial(separable, 5),
    "atrous_3x3": partial(atrous, 3),
    "atrous_5x5": partial(atrous, 5),
    "avg_pool_3x3": avg_pool,
    "max_pool_3x3": max_pool,
    "skip": skip,
}
"""From channels, stride (1 or 2) and recipe; ``zero`` is not here: it adds nothing."""


@final
class FactorisedReduction(nn.Module):
    """ReLU, two strided 1x1 convolutions of which one sees shifted pixels, concatenated, batch norm (DARTS)."""

    def __init__(self, inputs: int, outputs: int, stride: int, norm: Norm) -> None:
        super().__init__()
        self.shift = stride // 2
        self.straight = conv(inputs, outputs - outputs // 2, stride=stride)
        self.shifted = conv(inputs, outputs // 2, stride=stride)
        self.norm = norm(outputs)

    @override
    def forward(self, inputs: Tensor) -> Tensor:
        """(N, C, s·h + 1, s·w + 1) -> (N, C', h + 1, w + 1)."""
        inputs = functional.relu(inputs)
        shifted = functional.pad(inputs, (0, self.shift, 0, self.shift))[..., self.shift :, self.shift :]
        normalised: Tensor = self.norm(torch.cat([self.straight(inputs), self.shifted(shifted)], dim=1))
        return normalised

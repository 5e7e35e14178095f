"""The operations of DARTS's networks, as its code for final networks has them: from C channels to C.

Convolutions have no bias and pad by half their reach on every side, so sides of n pixels become ceil(n / stride).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import nn

from nasframe_cells.operations import FactorisedReduction, Norm


def conv(inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1, rate: int = 1) -> nn.Conv2d:
    """A convolution without bias, padded by half its reach."""
    return nn.Conv2d(inputs, outputs, kernel, stride, rate * (kernel // 2), rate, groups, bias=False)


def relu_conv_norm(inputs: int, outputs: int, norm: Norm) -> nn.Sequential:
    """ReLU, 1x1 convolution, batch norm."""
    return nn.Sequential(nn.ReLU(), conv(inputs, outputs), norm(outputs))


def relu_reduction(inputs: int, outputs: int, norm: Norm) -> nn.Sequential:
    """ReLU, then two 1x1 convolutions of stride 2, of which one sees the image shifted by a pixel, and batch norm.

    DARTS crops the pixel away, which wants even sides. At odd ones, which its code refuses, a zero stands for the pixel
    outside.
    """
    return nn.Sequential(nn.ReLU(), FactorisedReduction(inputs, outputs, norm))


def separable(kernel: int, rate: int, repeats: int, channels: int, stride: int, norm: Norm) -> nn.Module:
    """(ReLU, depthwise, pointwise, batch norm), repeated; the stride is in the first depthwise."""
    layers: list[nn.Module] = []
    for repeat in range(repeats):
        step = stride if repeat == 0 else 1
        layers += [
            nn.ReLU(),
            conv(channels, channels, kernel, step, groups=channels, rate=rate),
            conv(channels, channels),
            norm(channels),
        ]
    return nn.Sequential(*layers)


def in_two(channels: int, stride: int, norm: Norm) -> nn.Module:
    """ReLU, a row's convolution of 7 pixels, a column's, batch norm: neither a bottleneck nor anything in between."""
    row = nn.Conv2d(channels, channels, (1, 7), (1, stride), (0, 3), bias=False)
    column = nn.Conv2d(channels, channels, (7, 1), (stride, 1), (3, 0), bias=False)
    return nn.Sequential(nn.ReLU(), row, column, norm(channels))


def skip(channels: int, stride: int, norm: Norm) -> nn.Module:
    """The identity; at stride 2 a factorised reduction."""
    return nn.Identity() if stride == 1 else relu_reduction(channels, channels, norm)


def max_pool(channels: int, stride: int, norm: Norm) -> nn.Module:
    """The maximum of 3x3 pixels."""
    return nn.MaxPool2d(3, stride, padding=1)


def avg_pool(channels: int, stride: int, norm: Norm) -> nn.Module:
    """The mean of 3x3 pixels; those outside do not count."""
    return nn.AvgPool2d(3, stride, padding=1, count_include_pad=False)


Factory = Callable[[int, int, Norm], nn.Module]
SEPARABLE: dict[str, tuple[int, int, int]] = {
    "sep_3x3": (3, 1, 2),
    "sep_5x5": (5, 1, 2),
    "sep_7x7": (7, 1, 2),
    "dil_sep_3x3": (3, 2, 1),
    "dil_sep_5x5": (5, 2, 1),
}
"""Kernel, rate and how often it is applied."""
OPERATIONS: dict[str, Factory] = {
    "max_pool_3x3": max_pool,
    "avg_pool_3x3": avg_pool,
    "skip": skip,
    "conv_1x7_7x1": in_two,
    **{name: partial(separable, *form) for name, form in SEPARABLE.items()},
}
"""From channels, stride (1 or 2) and norm; ``none`` is not here: it adds nothing."""

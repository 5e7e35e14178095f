"""Depthwise separable convolutions, most of a supernet's time, in the forms that a CPU computes fastest.

Torch's depthwise convolutions (oneDNN) are made for large images. They are faster where a pixel's channels lie side by
side in memory, and several times as slow at rate 2, where outputs at even and at odd rows and columns depend on
different pixels, so that four convolutions of rate 1, or with stride 2 one, do the same. Of images of 8x8 pixels and
below most are slower than a product with a matrix of pixels by pixels for each channel. On other devices than a CPU
torch's own are taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Self, final

import torch
from torch import Tensor
from torch.nn import functional

MOST_PIXELS = 64
"""Of an image whose convolutions are products with matrices."""
Normalise = Callable[[Tensor], Tensor]
"""(N, C, H, W) -> (N, C, H, W)."""


def arranged(images: Tensor) -> Tensor:
    """The same images, on a CPU with a pixel's channels side by side in memory; what is made of them keeps that."""
    return images.contiguous(memory_format=torch.channels_last) if images.device.type == "cpu" else images


@final
@dataclass(frozen=True)
class Large:
    """Images as torch has them, (N, C, H, W)."""

    values: Tensor

    def relu(self) -> Self:
        """What is above 0."""
        return type(self)(functional.relu(self.values))

    def depthwise(self, weight: Tensor, stride: int, rate: int) -> Self:
        """A convolution of each channel by itself, padded by half its reach, by weights (C, 1, K, K)."""
        values = self.values
        if rate == 2 and values.device.type == "cpu":
            by_parts = _convolved(values[:, :, ::2, ::2], weight) if stride == 2 else _in_quarters(values, weight)
            return type(self)(by_parts)
        return type(self)(_convolved(values, weight, stride, rate))

    def pointwise(self, weight: Tensor) -> Self:
        """Groups of C' channels mixed, each by C' of the rows of weights (C, C', 1, 1)."""
        return type(self)(functional.conv2d(self.values, weight, groups=weight.shape[0] // weight.shape[1]))

    def normalised(self, norm: Normalise) -> Self:
        """By a norm of each channel."""
        return type(self)(norm(self.values))

    def images(self) -> Tensor:
        """(N, C, H, W)."""
        return self.values


@final
@dataclass(frozen=True)
class Small:
    """Images channel by channel, (C, N, pixels)."""

    rows: Tensor
    size: tuple[int, int]
    """Height and width in pixels."""

    @staticmethod
    def fits(images: Tensor) -> bool:
        """Whether this is the faster form of images (N, C, H, W)."""
        return images.device.type == "cpu" and images.shape[2:].numel() <= MOST_PIXELS

    @classmethod
    def of(cls, images: Sequence[Tensor]) -> Self:
        """Images of one size, (N, C, H, W) each, joined along their channels."""
        height, width = images[0].shape[2:]
        return cls(torch.cat([one.transpose(0, 1).flatten(2) for one in images]), (height, width))

    def relu(self) -> Self:
        """As of ``Large``, like all here."""
        return type(self)(functional.relu(self.rows), self.size)

    def depthwise(self, weight: Tensor, stride: int, rate: int) -> Self:
        """A product with a matrix (pixels, pixels) for each channel."""
        height, width = self.size
        taps = _taps(weight.shape[-1], height, width, stride, rate).to(weight)
        matrices = (weight.flatten(1) @ taps.flatten(1)).view(-1, *taps.shape[1:])
        return type(self)(torch.bmm(self.rows, matrices), (-(-height // stride), -(-width // stride)))

    def pointwise(self, weight: Tensor) -> Self:
        """A product of matrices for each group."""
        groups = weight.reshape(-1, weight.shape[1], weight.shape[1])  # (groups, C', C')
        mixed = torch.bmm(groups, self.rows.reshape(*groups.shape[:2], -1))
        return type(self)(mixed.view(self.rows.shape), self.size)

    def normalised(self, norm: Normalise) -> Self:
        """All pixels of all images are one image of a batch of one."""
        return type(self)(norm(self.rows.unsqueeze(0)).squeeze(0), self.size)

    def images(self) -> Tensor:
        """(N, C, H, W), without copying."""
        return self.rows.view(*self.rows.shape[:2], *self.size).transpose(0, 1)


def _convolved(values: Tensor, weight: Tensor, stride: int = 1, rate: int = 1) -> Tensor:
    padding = rate * (weight.shape[-1] // 2)
    return functional.conv2d(values, weight, None, stride, padding, rate, groups=values.shape[1])


def _in_quarters(values: Tensor, weight: Tensor) -> Tensor:
    """At rate 2 and stride 1; an odd side gets a row of zeros, as there are outside anyway."""
    count, channels, height, width = values.shape
    even = functional.pad(values, (0, width % 2, 0, height % 2))
    rows, columns = even.shape[2] // 2, even.shape[3] // 2
    pixels = even.permute(0, 2, 3, 1).reshape(count, rows, 2, columns, 2, channels)
    quarters = pixels.permute(2, 4, 0, 1, 3, 5).reshape(4 * count, rows, columns, channels)
    found = _convolved(quarters.permute(0, 3, 1, 2), weight).permute(0, 2, 3, 1)
    joined = found.reshape(2, 2, count, rows, columns, channels).permute(2, 3, 0, 4, 1, 5)
    return joined.reshape(count, 2 * rows, 2 * columns, channels).permute(0, 3, 1, 2)[:, :, :height, :width]


@cache
def _taps(kernel: int, height: int, width: int, stride: int, rate: int) -> Tensor:
    """Which weight of a kernel leads from a pixel to another: 1 there, else 0, (K·K, pixels before, pixels after)."""
    with torch.inference_mode(False), torch.device("cpu"):
        pixels = torch.eye(height * width).view(-1, 1, height, width)
        weights = torch.eye(kernel * kernel).view(-1, 1, kernel, kernel)
        found = functional.conv2d(pixels, weights, None, stride, rate * (kernel // 2), rate)
    return found.transpose(0, 1).flatten(2)

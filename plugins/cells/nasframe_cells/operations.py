"""The operations on a cell's edges, as in the code of NASNet's, PNAS's and AmoebaNet's authors.

Sources: github.com/tensorflow/models, research/slim/nets/nasnet; github.com/tensorflow/tpu, models/official/amoeba_net.
Each maps C channels to C' at stride 1 or 2; sides of n pixels become ceil(n / stride) by TensorFlow's padding (SAME),
which puts the odd pixel right and below. Convolutions have no bias.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

Norm = Callable[[int], nn.Module]
"""Makes the normalisation of that many channels."""
Pair = tuple[int, int]


def padding(side: int, kernel: int, stride: int, rate: int = 1) -> Pair:
    """Pixels before and after a side of so many pixels (SAME)."""
    total = max(0, (-(-side // stride) - 1) * stride + rate * (kernel - 1) + 1 - side)
    return total // 2, total - total // 2


@final
class SameConv(nn.Conv2d):
    """A strided convolution without bias whose sides of n pixels become ceil(n / stride)."""

    @override
    def forward(self, inputs: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', ceil(H / stride), ceil(W / stride))."""
        sides = zip(inputs.shape[2:], self.kernel_size, self.stride, self.dilation, strict=True)
        rows, columns = (padding(*side) for side in sides)
        return super().forward(functional.pad(inputs, (*columns, *rows)))


def conv(
    inputs: int, outputs: int, kernel: int | Pair = 1, stride: int | Pair = 1, groups: int = 1, rate: int = 1
) -> nn.Conv2d:
    """A convolution without bias that pads like TensorFlow (SAME)."""
    height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
    if stride in (1, (1, 1)) or (height, width) == (1, 1):
        around = (rate * (height // 2), rate * (width // 2))
        return nn.Conv2d(inputs, outputs, (height, width), stride, around, rate, groups, bias=False)
    return SameConv(inputs, outputs, (height, width), stride, 0, rate, groups, bias=False)


def relu_conv_norm(inputs: int, outputs: int, norm: Norm, stride: int = 1) -> nn.Sequential:
    """ReLU, 1x1 convolution, batch norm."""
    return nn.Sequential(nn.ReLU(), conv(inputs, outputs, stride=stride), norm(outputs))


def separable(kernel: int, rate: int, inputs: int, outputs: int, stride: int, norm: Norm) -> nn.Module:
    """(ReLU, depthwise, pointwise, batch norm) twice, the stride in the first depthwise; nothing in between."""
    layers: list[nn.Module] = []
    for before, step in ((inputs, stride), (outputs, 1)):
        layers += [
            nn.ReLU(),
            conv(before, before, kernel, step, groups=before, rate=rate),
            conv(before, outputs),
            norm(outputs),
        ]
    return nn.Sequential(*layers)


def dense(kernel: int, rate: int, inputs: int, outputs: int, stride: int, norm: Norm) -> nn.Module:
    """A convolution of all channels, in a bottleneck of a quarter of them."""

    def inner(before: int, after: int) -> list[nn.Module]:
        return [conv(before, after, kernel, stride, rate=rate)]

    return _bottleneck(inner, outputs // 4, inputs, outputs, norm)


def in_two(length: int, inputs: int, outputs: int, stride: int, norm: Norm) -> nn.Module:
    """A row's convolution, batch norm, ReLU, a column's convolution, in a bottleneck (3x1 after 1x3: of 3/8)."""

    def inner(before: int, after: int) -> list[nn.Module]:
        row = conv(before, after, (1, length), (1, stride))
        return [row, norm(after), nn.ReLU(), conv(after, after, (length, 1), (stride, 1))]

    return _bottleneck(inner, 3 * outputs // 8 if length == 3 else outputs // 4, inputs, outputs, norm)


def _bottleneck(
    inner: Callable[[int, int], list[nn.Module]], width: int, inputs: int, outputs: int, norm: Norm
) -> nn.Module:
    """Inner layers on ``width`` channels between 1x1 convolutions; without these where the width would be 0."""
    if width == 0:
        return nn.Sequential(nn.ReLU(), *inner(inputs, outputs), norm(outputs))
    return nn.Sequential(
        *relu_conv_norm(inputs, width, norm),
        nn.ReLU(),
        *inner(width, width),
        norm(width),
        *relu_conv_norm(width, outputs, norm),
    )


def pointwise(inputs: int, outputs: int, stride: int, norm: Norm) -> nn.Module:
    """ReLU, 1x1 convolution, batch norm."""
    return relu_conv_norm(inputs, outputs, norm, stride)


def skip(inputs: int, outputs: int, stride: int, norm: Norm) -> nn.Module:
    """The identity; at stride 2, or to another number of channels, as ``pointwise``."""
    return nn.Identity() if (stride, inputs) == (1, outputs) else pointwise(inputs, outputs, stride, norm)


@final
class SamePool(nn.Module):
    """The maximum, or the mean, of windows of pixels, of which those outside do not count."""

    def __init__(self, kind: str, kernel: int, stride: int) -> None:
        """Args: kind: ``"max"`` or ``"mean"``."""
        super().__init__()
        self.kind, self.kernel, self.stride = kind, kernel, stride

    @override
    def forward(self, inputs: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, ceil(H / stride), ceil(W / stride))."""
        height, width = inputs.shape[2:]
        (above, below), (left, right) = (padding(side, self.kernel, self.stride) for side in (height, width))
        if self.stride == 1 and self.kernel % 2 == 0:
            inputs, below, right = functional.pad(inputs, (left, right, above, below), value=-torch.inf), 0, 0
        around = (above, left)
        # With windows that begin inside and end outside (ceil_mode), the odd pixel right and below needs no copy.
        if self.kind == "max":
            return functional.max_pool2d(inputs, self.kernel, self.stride, around, ceil_mode=True)
        return functional.avg_pool2d(inputs, self.kernel, self.stride, around, ceil_mode=True, count_include_pad=False)

    @override
    def extra_repr(self) -> str:
        return f"{self.kind}, kernel={self.kernel}, stride={self.stride}"


def pool(kind: str, kernel: int, inputs: int, outputs: int, stride: int, norm: Norm) -> nn.Module:
    """Pooling; to another number of channels a 1x1 convolution and batch norm follow, without a ReLU."""
    pooling = SamePool(kind, kernel, stride)
    return pooling if inputs == outputs else nn.Sequential(pooling, conv(inputs, outputs), norm(outputs))


Factory = Callable[[int, int, int, Norm], nn.Module]
OPERATIONS: dict[str, Factory] = {
    "skip": skip,
    "conv_1x1": pointwise,
    "conv_3x3": partial(dense, 3, 1),
    "conv_1x3_3x1": partial(in_two, 3),
    "conv_1x7_7x1": partial(in_two, 7),
    "dil_conv_3x3": partial(dense, 3, 2),
    "sep_3x3": partial(separable, 3, 1),
    "sep_5x5": partial(separable, 5, 1),
    "sep_7x7": partial(separable, 7, 1),
    "dil_sep_3x3": partial(separable, 3, 2),
    "dil_sep_5x5": partial(separable, 5, 2),
    "avg_pool_3x3": partial(pool, "mean", 3),
    "max_pool_2x2": partial(pool, "max", 2),
    "max_pool_3x3": partial(pool, "max", 3),
    "max_pool_5x5": partial(pool, "max", 5),
    "max_pool_7x7": partial(pool, "max", 7),
}
"""From channels before and after, stride (1 or 2) and norm."""


def every_second(images: Tensor) -> tuple[Tensor, Tensor]:
    """Every second pixel of every second row, (N, C, ceil(H / 2), ceil(W / 2)), from the first on and from the second.

    A 1x1 convolution of them is the strided one of the images. That one is not used: in torch 2.13 its gradient writes
    beyond its memory, on a CPU, where a pixel's 2 to 7 channels lie side by side.
    """
    return images[:, :, ::2, ::2], functional.pad(images, (-1, 1, -1, 1))[:, :, ::2, ::2]


@final
class FactorisedReduction(nn.Module):
    """Two 1x1 convolutions of stride 2, of which one sees the image shifted by a pixel, joined; batch norm.

    The shifted image has zeros right and below, so sides may be odd; of an odd number of channels the shifted
    convolution makes one more.
    """

    def __init__(self, inputs: int, outputs: int, norm: Norm) -> None:
        super().__init__()
        self.straight = conv(inputs, outputs // 2)
        self.shifted = conv(inputs, outputs - outputs // 2)
        self.norm = norm(outputs)

    @override
    def forward(self, inputs: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', ceil(H / 2), ceil(W / 2))."""
        straight, shifted = every_second(inputs)
        normalised: Tensor = self.norm(torch.cat([self.straight(straight), self.shifted(shifted)], dim=1))
        return normalised

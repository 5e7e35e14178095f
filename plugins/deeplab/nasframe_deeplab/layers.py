"""What the networks are made of: convolutions with their batch norms, and resizing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial

from torch import Tensor, nn
from torch.nn import functional

from nasframe_deeplab.options import NetworkOptions

Norm = Callable[[int], nn.Module]
"""Channels -> a batch norm."""
Resize = Callable[[Tensor, Tensor], Tensor]
"""Features and others -> the features bilinearly at the size of the others."""


def norm_of(options: NetworkOptions) -> Norm:
    """The batch norm of the options."""
    return partial(nn.BatchNorm2d, eps=options.bn_eps, momentum=options.bn_momentum)


def resize_of(options: NetworkOptions) -> Resize:
    """The resizing of the options."""
    corners = options.align_corners

    def resize(features: Tensor, like: Tensor) -> Tensor:
        return functional.interpolate(features, size=like.shape[-2:], mode="bilinear", align_corners=corners)

    return resize


def conv(
    inputs: int, outputs: int, kernel: int = 1, stride: int = 1, rate: int | tuple[int, int] = 1, groups: int = 1
) -> nn.Conv2d:
    """A convolution without bias, padded alike on all sides so that at stride 1 the size stays.

    Args: rate: one, or that down and that to the right.
    """
    down, right = (rate, rate) if isinstance(rate, int) else rate
    half = kernel // 2
    padding = (half * down, half * right)
    return nn.Conv2d(inputs, outputs, kernel, stride, padding, (down, right), groups, bias=False)


def conv_norm_relu(inputs: int, outputs: int, norm: Norm, kernel: int = 1, rate: int = 1) -> nn.Sequential:
    """Convolution, batch norm, ReLU."""
    return nn.Sequential(OrderedDict(conv=conv(inputs, outputs, kernel, rate=rate), bn=norm(outputs), relu=nn.ReLU()))


def separable(inputs: int, outputs: int, norm: Norm, rate: int | tuple[int, int] = 1) -> nn.Sequential:
    """Depthwise 3x3 and pointwise convolution, each with batch norm and ReLU, as DeepLab's code has them."""
    return nn.Sequential(
        OrderedDict(
            conv_dw=conv(inputs, inputs, 3, rate=rate, groups=inputs),
            bn_dw=norm(inputs),
            relu_dw=nn.ReLU(),
            conv_pw=conv(inputs, outputs),
            bn_pw=norm(outputs),
            relu_pw=nn.ReLU(),
        )
    )

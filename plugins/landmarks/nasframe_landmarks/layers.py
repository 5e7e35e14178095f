"""What the networks are made of."""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol, final

from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from nasframe import Task


class Convolution(Protocol):
    """What makes 3x3 convolutions, plain or transposed ones."""

    def __call__(self, inputs: int, outputs: int, /) -> nn.Conv2d | nn.ConvTranspose2d:
        """One that keeps the size."""


def conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1, *, bias: bool = True) -> nn.Conv2d:
    """A convolution, padded so that at stride 1 the size stays."""
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=bias)


def deconv(inputs: int, outputs: int, stride: int = 1) -> nn.ConvTranspose2d:
    """A transposed 3x3 convolution with bias that multiplies the size by its stride."""
    return nn.ConvTranspose2d(inputs, outputs, 3, stride, padding=1, output_padding=stride - 1)


def norm_relu(channels: int) -> OrderedDict[str, nn.Module]:
    """Batch norm and ReLU, with their names."""
    return OrderedDict(bn=nn.BatchNorm2d(channels), relu=nn.ReLU())


def followed(convolution: nn.Conv2d | nn.ConvTranspose2d) -> nn.Sequential:
    """A convolution, then batch norm and ReLU."""
    return nn.Sequential(OrderedDict([("conv", convolution), *norm_relu(convolution.out_channels).items()]))


def preceded(convolution: nn.Conv2d | nn.ConvTranspose2d) -> nn.Sequential:
    """Batch norm and ReLU, then a convolution."""
    return nn.Sequential(OrderedDict([*norm_relu(convolution.in_channels).items(), ("conv", convolution)]))


@final
class AtTaskSize(nn.Module):
    """Outputs of any size -> outputs of the task's size, bilinearly; as they are where that is theirs already."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.task = task

    @override
    def forward(self, found: Tensor, images: Tensor) -> Tensor:
        """(N, classes, h, w) -> (N, classes, H / stride, W / stride), for images (N, C, H, W)."""
        height, width = images.shape[-2:]
        size = -(-height // self.task.stride), -(-width // self.task.stride)
        if found.shape[-2:] == size:
            return found
        return functional.interpolate(found, size=size, mode="bilinear", align_corners=False)

"""ResNet (He et al., CVPR 2016) and aligned Xception (Chen et al., DeepLabv3+, ECCV 2018, section 3.2), made atrous.

Modules have the names of torchvision's ResNets and of timm's Xceptions, so that files of their weights fit.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from itertools import groupby
from typing import final

from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from nasframe_deeplab.layers import Norm, conv
from nasframe_deeplab.options import NetworkOptions
from nasframe_deeplab.outline import STEM_STRIDE, Backbone, Placed, family, low_level_unit, placed, units


class AtrousBackbone(nn.Module, ABC):
    """Images -> features of several strides."""

    low_channels: int
    """Of the features of stride 4."""
    before_channels: int
    """Of the features that the last stage gets."""
    channels: int
    """Of the last features."""

    @abstractmethod
    @override
    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(N, C, H, W) -> features of stride 4, those that the last stage gets, and its own of the output stride."""


def backbone(name: Backbone, in_channels: int, options: NetworkOptions, norm: Norm) -> AtrousBackbone:
    """A backbone at the options' width and output stride."""
    kind = family(name)
    places = placed(units(name), STEM_STRIDE[kind], options.output_stride)
    if kind == "resnet":
        return ResNet(places, in_channels, options, norm)
    return Xception(places, low_level_unit(name), in_channels, options, norm)


@final
class ResNet(AtrousBackbone):
    """7x7 of stride 2, pooling, four stages of bottlenecks; ends with 2048 channels."""

    def __init__(self, places: list[Placed], in_channels: int, options: NetworkOptions, norm: Norm) -> None:
        super().__init__()
        channels = options.at_width(64)
        self.conv1 = conv(in_channels, channels, 7, 2)
        self.bn1 = norm(channels)
        stages, outputs = [], []
        for name, stage in groupby(places, key=lambda place: place.unit.stage):
            layer = nn.Sequential()
            for number, place in enumerate(stage):
                grid = options.multi_grid[number] if name == places[-1].unit.stage else 1
                inner, outer = (options.at_width(count) for count in place.unit.channels)
                layer.append(Bottleneck(channels, inner, outer, place, place.rate * grid, norm))
                channels = outer
            stages.append(layer)
            outputs.append(channels)
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.low_channels, *_, self.before_channels, self.channels = outputs

    @override
    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features = functional.relu(self.bn1(self.conv1(images)))
        low = self.layer1(functional.max_pool2d(features, 3, 2, 1))
        before = self.layer3(self.layer2(low))
        return low, before, self.layer4(before)


@final
class Bottleneck(nn.Module):
    """1x1, 3x3 with stride and rate, 1x1, each with batch norm, plus a shortcut; ReLU after the sum."""

    def __init__(self, inputs: int, inner: int, outer: int, place: Placed, rate: int, norm: Norm) -> None:
        super().__init__()
        self.conv1, self.bn1 = conv(inputs, inner), norm(inner)
        self.conv2, self.bn2 = conv(inner, inner, 3, place.stride, rate), norm(inner)
        self.conv3, self.bn3 = conv(inner, outer), norm(outer)
        first = inputs != outer or place.unit.stride > 1
        self.downsample = nn.Sequential(conv(inputs, outer, 1, place.stride), norm(outer)) if first else None

    @override
    def forward(self, features: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outer, H / stride, W / stride)."""
        shortcut = features if self.downsample is None else self.downsample(features)
        inner = functional.relu(self.bn1(self.conv1(features)))
        inner = functional.relu(self.bn2(self.conv2(inner)))
        return functional.relu(self.bn3(self.conv3(inner)) + shortcut)


@final
class Xception(AtrousBackbone):
    """Two 3x3 convolutions, then units of three separable convolutions; ends with 2048 channels."""

    def __init__(
        self, places: list[Placed], low_level: int, in_channels: int, options: NetworkOptions, norm: Norm
    ) -> None:
        """Args: low_level: index of the unit whose second separable convolution gives the features of stride 4."""
        super().__init__()
        first, channels = options.at_width(32), options.at_width(64)
        self.low_level = low_level
        self.stem = nn.Sequential(_conv_norm(in_channels, first, norm, 3, 2), _conv_norm(first, channels, norm, 3))
        self.blocks = nn.ModuleList()
        for number, place in enumerate(places):
            widths = [options.at_width(count) for count in place.unit.channels]
            grid = options.multi_grid if number == len(places) - 1 else (1, 1, 1)
            if number == len(places) - 1:
                self.before_channels = channels
            self.blocks.append(XceptionUnit(channels, widths, place, grid, norm))
            channels = widths[-1]
        self.low_channels = options.at_width(places[low_level].unit.channels[1])
        self.channels = channels

    @override
    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features = images
        for convolution in self.stem:
            features = functional.relu(convolution(features))
        low = before = features
        for number, block in enumerate(self.blocks):
            before = features
            features, second = block(features)
            if number == self.low_level:
                low = second
        return low, before, features


@final
class XceptionUnit(nn.Module):
    """Three separable convolutions, the last with the stride, plus a shortcut.

    With a shortcut: ReLU before each, none inside and none after the sum. Without: ReLU inside and after each.
    """

    def __init__(self, inputs: int, widths: list[int], place: Placed, grid: tuple[int, ...], norm: Norm) -> None:
        super().__init__()
        self.has_shortcut = place.unit.shortcut
        changes = inputs != widths[-1] or place.unit.stride > 1
        self.shortcut = _conv_norm(inputs, widths[-1], norm, 1, place.stride) if self.has_shortcut and changes else None
        self.stack = nn.ModuleDict()
        for number, outputs in enumerate(widths):
            stride = place.stride if number == len(widths) - 1 else 1
            rate = place.rate * grid[number]
            separable = PlainSeparable(inputs, outputs, stride, rate, norm, inside=not self.has_shortcut)
            self.stack[f"conv{number + 1}"] = separable
            inputs = outputs

    @override
    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C, H, W) -> the output, and that of the second separable convolution."""
        output, found = features, []
        for separable in self.stack.values():
            output = separable(functional.relu(output)) if self.has_shortcut else functional.relu(separable(output))
            found.append(output)
        if self.has_shortcut:
            output = output + (features if self.shortcut is None else self.shortcut(features))
        return output, found[1]


@final
class PlainSeparable(nn.Module):
    """Depthwise 3x3 and pointwise convolution, each with batch norm; ReLU at most between the two."""

    def __init__(self, inputs: int, outputs: int, stride: int, rate: int, norm: Norm, *, inside: bool) -> None:
        """Args: inside: whether there is a ReLU between the two."""
        super().__init__()
        self.inside = inside
        self.conv_dw, self.bn_dw = conv(inputs, inputs, 3, stride, rate, groups=inputs), norm(inputs)
        self.conv_pw, self.bn_pw = conv(inputs, outputs), norm(outputs)

    @override
    def forward(self, features: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H / stride, W / stride)."""
        inner = self.bn_dw(self.conv_dw(features))
        output: Tensor = self.bn_pw(self.conv_pw(functional.relu(inner) if self.inside else inner))
        return output


def _conv_norm(inputs: int, outputs: int, norm: Norm, kernel: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(OrderedDict(conv=conv(inputs, outputs, kernel, stride), bn=norm(outputs)))

"""Heads: what makes logits of the last features (Auto-DeepLab, sections 3.2 and 4; DeepLabv3 and v3+)."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from nasframe_autodeeplab import traceable
from nasframe_autodeeplab.normalisation import Norm
from nasframe_autodeeplab.operations import conv, depthwise
from nasframe_autodeeplab.options import NetworkOptions
from nasframe_autodeeplab.resolution import resize_like


def conv_norm_relu(inputs: int, outputs: int, norm: Norm, kernel: int = 1, rate: int = 1) -> nn.Sequential:
    """Convolution, batch norm, ReLU."""
    return nn.Sequential(conv(inputs, outputs, kernel, rate=rate), norm(outputs), nn.ReLU())


def conv_3x3(inputs: int, outputs: int, norm: Norm, rate: int, kind: str) -> nn.Sequential:
    """Convolution, norm, ReLU; of ``kind`` ``"separable"`` once depthwise and once pointwise, else ``"dense"``."""
    if kind == "dense":
        return conv_norm_relu(inputs, outputs, norm, 3, rate)
    return nn.Sequential(
        depthwise(inputs, 3, rate=rate),
        norm(inputs),
        nn.ReLU(),
        *conv_norm_relu(inputs, outputs, norm),
    )


@final
class ImagePooling(nn.Module):
    """The mean over the image, or in evaluation over windows, then a 1x1 convolution, resized to the input."""

    def __init__(self, inputs: int, outputs: int, norm: Norm, window: int | None = None) -> None:
        """Args: window: side in feature pixels; None: the whole image."""
        super().__init__()
        self.window = window
        self.project = conv_norm_relu(inputs, outputs, norm)

    @override
    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', H, W)."""
        height, width = features.shape[-2:]
        if torch.compiler.is_exporting() and not self.training and self.window is not None:
            means = self.project(traceable.window_means(features, self.window))
            return traceable.enlarge_means(means, self.window)
        if self.training or self.window is None:
            window = (height, width)
        else:
            window = (min(self.window, height), min(self.window, width))
        if window == (height, width):
            pooled = features.mean(dim=(2, 3), keepdim=True)
            return resize_like(self.project(pooled), features)
        return resize_like(self.project(functional.avg_pool2d(features, window, stride=1)), features)


@final
class Aspp(nn.Module):
    """Atrous spatial pyramid pooling of the derived network: a 1x1, some atrous 3x3 and an image pooling branch."""

    def __init__(self, inputs: int, stride: int, options: NetworkOptions, norm: Norm) -> None:
        """Args: stride: of the features; the rates are given for stride 8."""
        super().__init__()
        width = options.aspp_filters
        kind = "separable" if options.aspp_separable else "dense"
        rates = [max(1, rate * 8 // stride) for rate in options.aspp_rates]
        window = None if options.pooling_window is None else (options.pooling_window - 1) // stride + 1
        self.branches = nn.ModuleList(
            [
                conv_norm_relu(inputs, width, norm),
                *(conv_3x3(inputs, width, norm, rate, kind) for rate in rates),
                *([ImagePooling(inputs, width, norm, window)] if options.image_pooling else []),
            ]
        )
        self.project = conv_norm_relu(len(self.branches) * width, width, norm)
        self.dropout = nn.Dropout(options.head_dropout)

    @override
    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, aspp_filters, H, W)."""
        joined = torch.cat([branch(features) for branch in self.branches], dim=1)
        output: Tensor = self.dropout(self.project(joined))
        return output


@final
class Decoder(nn.Module):
    """Joins the ASPP's output with features at stride 4 (DeepLabv3+) and makes logits."""

    def __init__(self, low_level: int, options: NetworkOptions, classes: int, norm: Norm) -> None:
        """Args: low_level: channels of the features at stride 4."""
        super().__init__()
        width = options.decoder_filters
        kind = "separable" if options.decoder_separable else "dense"
        self.reduce = conv_norm_relu(low_level, options.low_level_filters, norm)
        self.refine = nn.Sequential(
            conv_3x3(options.aspp_filters + options.low_level_filters, width, norm, 1, kind),
            conv_3x3(width, width, norm, 1, kind),
        )
        self.classify = nn.Conv2d(width, classes, 1)

    @override
    def forward(self, features: Tensor, low_level: Tensor) -> Tensor:
        """ASPP output, features at stride 4 -> logits at stride 4, (N, classes, H, W)."""
        joined = torch.cat([resize_like(features, low_level), self.reduce(low_level)], dim=1)
        logits: Tensor = self.classify(self.refine(joined))
        return logits


@final
class SupernetHead(nn.Module):
    """The supernet's ASPP at one level: a 1x1, one atrous 3x3 and an image pooling branch, then logits.

    Each branch gives as many channels as it gets; the joined branches go straight to the logits. With a projection
    in between, the parameter counts of the whole supernet would not come out.
    """

    def __init__(self, channels: int, rate: int, classes: int, norm: Norm) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            [
                conv_norm_relu(channels, channels, norm),
                conv_norm_relu(channels, channels, norm, 3, rate),
                ImagePooling(channels, channels, norm),
            ]
        )
        self.classify = nn.Conv2d(3 * channels, classes, 1)

    @override
    def forward(self, features: Tensor) -> Tensor:
        """(N, B·C, H, W) -> logits of the same size, (N, classes, H, W)."""
        features = functional.relu(features)
        logits: Tensor = self.classify(torch.cat([branch(features) for branch in self.branches], dim=1))
        return logits

"""What looks around: atrous spatial pyramid pooling (DeepLabv3, section 3.3), and the decoder of DeepLabv3+."""

from __future__ import annotations

from typing import Literal, final

import torch
from torch import Tensor, nn
from typing_extensions import override

from nasframe_deeplab.layers import Norm, Resize, conv_norm_relu, resize_of, separable
from nasframe_deeplab.options import AsppOptions, DecoderOptions

Kind = Literal["dense", "separable"]
"""Of 3x3 convolutions."""


def conv_3x3(inputs: int, outputs: int, norm: Norm, kind: Kind, rate: int = 1) -> nn.Sequential:
    """A 3x3 convolution of a kind, with batch norm and ReLU."""
    return (
        separable(inputs, outputs, norm, rate)
        if kind == "separable"
        else conv_norm_relu(inputs, outputs, norm, 3, rate)
    )


@final
class ImagePooling(nn.Module):
    """The mean over the image, then a 1x1 convolution, at every place."""

    def __init__(self, inputs: int, outputs: int, norm: Norm) -> None:
        super().__init__()
        self.project = conv_norm_relu(inputs, outputs, norm)

    @override
    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', H, W)."""
        pooled: Tensor = self.project(features.mean(dim=(2, 3), keepdim=True))
        return pooled.expand(-1, -1, *features.shape[-2:])


@final
class Aspp(nn.Module):
    """A 1x1, a 3x3 of each rate and image pooling side by side, joined by a 1x1."""

    def __init__(self, inputs: int, options: AsppOptions, norm: Norm, kind: Kind) -> None:
        super().__init__()
        self.channels = options.at_width(options.head_filters)
        rates = [rate * options.rate_factor for rate in options.rates]
        self.branches = nn.ModuleList(
            [
                conv_norm_relu(inputs, self.channels, norm),
                *(conv_3x3(inputs, self.channels, norm, kind, rate) for rate in rates),
                *([ImagePooling(inputs, self.channels, norm)] if options.image_pooling else []),
            ]
        )
        self.project = conv_norm_relu(len(self.branches) * self.channels, self.channels, norm)
        self.dropout = nn.Dropout(options.dropout)

    @override
    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, head_filters, H, W)."""
        joined = torch.cat([branch(features) for branch in self.branches], dim=1)
        output: Tensor = self.dropout(self.project(joined))
        return output


@final
class Decoder(nn.Module):
    """Joins the head's output with features of stride 4 (DeepLabv3+, section 3.1)."""

    def __init__(self, low_level: int, inputs: int, options: DecoderOptions, norm: Norm) -> None:
        """Args: low_level, inputs: channels of the features of stride 4, and of the head's output."""
        super().__init__()
        reduced = options.at_width(options.low_level_filters)
        self.channels = options.at_width(options.decoder_filters)
        self.resize: Resize = resize_of(options)
        self.reduce = conv_norm_relu(low_level, reduced, norm)
        self.refine = nn.Sequential(
            separable(inputs + reduced, self.channels, norm), separable(self.channels, self.channels, norm)
        )

    @override
    def forward(self, features: Tensor, low_level: Tensor) -> Tensor:
        """Head's output, features of stride 4 -> (N, decoder_filters, H / 4, W / 4)."""
        joined = torch.cat([self.resize(features, low_level), self.reduce(low_level)], dim=1)
        output: Tensor = self.refine(joined)
        return output

"""The settings of the spaces deeplabv3, deeplabv3plus and dpc."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from nasframe import AbsolutePath, Options
from nasframe_deeplab.outline import Backbone, OutputStride

Positive = Annotated[int, Field(ge=1)]
PUBLISHED_AT: OutputStride = 16
"""The output stride for which the papers give atrous rates; at 8 they are twice as large."""


class NetworkOptions(Options):
    """What the three spaces have in common; the defaults are those of DeepLab's code."""

    width: float = Field(default=1.0, gt=0)
    """Multiplies all channels, those of the head too; with 0.125 two CPU cores can train a network."""
    output_stride: OutputStride = PUBLISHED_AT
    """Pixels of an image to one of the backbone's features; 8 has finer ones and costs about three times as much."""
    multi_grid: tuple[Positive, Positive, Positive] = (1, 1, 1)
    """Factors of the atrous rates of the last three units of a ResNet, or of the last three convolutions of an
    Xception (DeepLabv3, section 3.2.1)."""
    head_filters: Positive = 256
    """Channels of each branch of the head, and of its output, at width 1."""
    dropout: float = Field(default=0.1, ge=0, lt=1)
    """Probability of zeroing a value in training: of ASPP's output, of what the branches of DPC give."""
    align_corners: bool = True
    """Whether resizing maps corner pixels to corner pixels: so in DeepLab's code, for sides of 16·n + 1 pixels; not so
    in torchvision."""
    weights: AbsolutePath | None = None
    """File of the backbone's weights, as torchvision has them for ResNets and timm for ResNets and aligned Xceptions: a
    ``state_dict`` that torch saved. None: random weights. It needs the width 1 and images of 3 channels."""
    bn_momentum: float = Field(default=0.1, gt=0, le=1)
    """Share of the newest batch in batch norms' running statistics; 3e-4 in DeepLab's code."""
    bn_eps: float = Field(default=1e-5, gt=0)
    """Added to variances by batch norms; 1e-3 in Xceptions."""

    def at_width(self, channels: int) -> int:
        """Channels of a layer that has so many at width 1: a multiple of 4."""
        return max(4, 4 * round(channels * self.width / 4))

    @property
    def rate_factor(self) -> int:
        """What the head's rates are multiplied by at this output stride."""
        return PUBLISHED_AT // self.output_stride


class AsppOptions(NetworkOptions):
    """Of networks with atrous spatial pyramid pooling."""

    rates: tuple[Positive, ...] = Field(default=(6, 12, 18), max_length=8)
    """Atrous rates of ASPP's 3x3 branches at output stride 16; at 8 they are doubled."""
    image_pooling: bool = True
    """Whether ASPP has a branch with the mean over the image."""


class DecoderOptions(NetworkOptions):
    """Of networks with DeepLabv3+'s decoder."""

    low_level_filters: Positive = 48
    """Channels to which the decoder reduces the features of stride 4, at width 1."""
    decoder_filters: Positive = 256
    """Channels of the decoder's two 3x3 convolutions, at width 1."""


class DeepLabV3Options(AsppOptions):
    """DeepLabv3's networks; the defaults are the paper's. torchvision's are published as ``deeplabv3-r50``."""

    backbones: tuple[Backbone, ...] = Field(default=("resnet50", "resnet101"), min_length=1)
    """Among which a genotype chooses."""
    multi_grid: tuple[Positive, Positive, Positive] = (1, 2, 4)
    """Factors of the atrous rates of the last three units of a ResNet (section 3.2.1)."""
    extra_conv: bool = False
    """Whether a further 3x3 convolution comes between ASPP and the classifier, as in torchvision."""
    auxiliary: bool = False
    """A second classifier in training, on the features that the last stage gets (torchvision's)."""
    auxiliary_weight: float = Field(default=0.5, gt=0)
    """Of the second classifier's loss."""


class DeepLabV3PlusOptions(AsppOptions, DecoderOptions):
    """DeepLabv3+'s networks; the defaults are the paper's."""

    backbones: tuple[Backbone, ...] = Field(
        default=("xception41", "xception65", "xception71", "resnet50", "resnet101"), min_length=1
    )
    """Among which a genotype chooses."""


class DpcOptions(DecoderOptions):
    """The dense prediction cell's space and networks; the defaults are the paper's."""

    branches: Positive = 5
    """B: branches of the cell."""
    rates: tuple[Positive, ...] = Field(default=(1, 3, 6, 9, 12, 15, 18, 21))
    """Atrous rates of a 3x3 convolution, for its height and for its width, at output stride 16; at 8 they are
    doubled. Empty: no such operations."""
    grids: tuple[Positive, ...] = Field(default=(1, 2, 4, 8))
    """Rows, and columns, into which pyramid pooling divides the features. Empty: no such operations."""
    pooling: Literal["grid", "released"] = "grid"
    """``grid``: a mean for each of the rows x columns (the paper's text). ``released``: means of windows that are
    as large as a field of the grid, at every place where they fit, as in the authors' code."""
    backbone: Backbone = "xception71"
    """The network whose features the cell gets."""
    decoder: bool = True
    """Whether DeepLabv3+'s decoder follows; else logits are made at the output stride."""

    @property
    def operations(self) -> tuple[str, ...]:
        """The names of all operations: 81 by default."""
        sides = [("atrous", self.rates), ("pool", self.grids)]
        pairs = [f"{kind}_{down}x{right}" for kind, values in sides for down in values for right in values]
        return "conv_1x1", *pairs

    @field_validator("rates", "grids")
    @classmethod
    def _each_once(cls, values: tuple[int, ...], found: ValidationInfo) -> tuple[int, ...]:
        if len(set(values)) < len(values):
            raise ValueError(f"{found.field_name} has a number twice: {list(values)}; give each once")
        return values

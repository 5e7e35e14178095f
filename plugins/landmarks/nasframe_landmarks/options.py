"""The settings of the spaces frrn, gridnet, deconvnet and hourglass; the defaults are the published networks'."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from nasframe import Options

Positive = Annotated[int, Field(ge=1)]
Variant = Literal["a", "b"]


class LandmarkOptions(Options):
    """What the four spaces have in common."""

    width: float = Field(default=1.0, gt=0)
    """Multiplies all channels but those of images and labels; they stay multiples of 4. With 0.125 two CPU cores can
    train a network."""

    def at_width(self, channels: int) -> int:
        """Channels of a layer that has so many at width 1: a multiple of 4, at least 4."""
        return max(4, 4 * round(channels * self.width / 4))


class FrrnOptions(LandmarkOptions):
    """Full-resolution residual networks."""

    variants: tuple[Variant, ...] = Field(default=("a", "b"), min_length=1)
    """Among which a genotype chooses: ``a`` halves the resolution four times, ``b`` five times."""
    channels: Positive = 48
    """Of the first and the last residual units, at width 1; the stages have 2, 4 and 8 times as many."""
    residual_channels: Positive = 32
    """Of the stream at full resolution, at width 1."""


class GridNetOptions(LandmarkOptions):
    """Grids of streams and columns."""

    streams: tuple[Positive, ...] = Field(default=(5,), min_length=1)
    """Among which numbers of streams a genotype chooses; each has half the resolution of the one above and twice its
    channels."""
    columns: tuple[Positive, ...] = Field(default=(3,), min_length=1)
    """Among which numbers of columns a genotype chooses: so many lead down, and as many up."""
    channels: Positive = 16
    """Of the first stream, at width 1."""
    total_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Probability that in training a residual unit gives nothing to a whole batch."""


class DeconvNetOptions(LandmarkOptions):
    """Networks that undo VGG-16's poolings."""

    kernels: tuple[Positive, ...] = Field(default=(7,), min_length=1)
    """Among which sides of the bottleneck's first and last convolutions a genotype chooses. They are not padded: images
    have sides of at least 32 times as many pixels, and 7x7 ones hold 205 of the 252 million parameters."""
    bottleneck: Positive = 4096
    """Channels of the bottleneck, at width 1."""


class HourglassOptions(LandmarkOptions):
    """Stacked hourglasses."""

    stacks: tuple[Positive, ...] = Field(default=(1, 2, 4, 8), min_length=1)
    """Among which numbers of hourglasses a genotype chooses."""
    depth: int = Field(default=4, ge=1, le=6)
    """How many times an hourglass halves the resolution, which is a quarter of the image's before."""
    channels: Positive = 256
    """Of the hourglasses, at width 1."""
    stack_weight: float = Field(default=1.0, gt=0)
    """Weight in the loss of the output of each hourglass but the last, whose weight is 1."""

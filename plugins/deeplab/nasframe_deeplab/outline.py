"""The backbones without their layers: their stages with strides and rates; light, for graphs and for builders.

A backbone halves the resolution five times. With an *output stride* of 16 or 8 the last one or two halvings are given
up: their units have stride 1, and units after them are atrous, so that they look as far as they would have. **The unit
that would have strided keeps the rate of the one before it; only later units get the new rate** (TensorFlow's slim,
torchvision, timm).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, final

Backbone = Literal["resnet50", "resnet101", "xception41", "xception65", "xception71"]
"""ResNets with strides in the 3x3 convolution, as torchvision has them, and aligned Xceptions of DeepLabv3+."""
OutputStride = Literal[8, 16]
"""Pixels of an image to a pixel of the backbone's features, down and to the right."""


@final
@dataclass(frozen=True)
class Unit:
    """A residual unit: a bottleneck of ResNet, or three separable convolutions of Xception."""

    stage: str
    channels: tuple[int, ...]
    """Of its convolutions at width 1: of a bottleneck the inner and the outer ones, of Xception's unit all three."""
    stride: int = 1
    """What it divides the resolution by where nothing is given up."""
    shortcut: bool = True
    """Whether its input is added to its output."""


@final
@dataclass(frozen=True)
class Placed:
    """A unit with what the output stride makes of it."""

    unit: Unit
    stride: int
    rate: int
    output_stride: int
    """Of its output."""


@final
@dataclass(frozen=True)
class Stage:
    """Several units of one resolution, as a picture shows them."""

    name: str
    stride: int
    """Of its output."""
    gives_low_level: bool = False
    """Whether it gives DeepLabv3+'s features of stride 4."""


RESNETS = {"resnet50": (3, 4, 6, 3), "resnet101": (3, 4, 23, 3)}
"""Units of each stage."""
MIDDLE_UNITS = {"xception41": 8, "xception65": 16, "xception71": 16}
STEM_STRIDE = {"resnet": 4, "xception": 2}
"""Of what comes before the first unit."""


def family(backbone: Backbone) -> Literal["resnet", "xception"]:
    """Which builder makes it."""
    return "resnet" if backbone in RESNETS else "xception"


def units(backbone: Backbone) -> list[Unit]:
    """All residual units in order."""
    return list(_resnet(RESNETS[backbone])) if backbone in RESNETS else list(_xception(backbone))


def low_level_unit(backbone: Backbone) -> int:
    """The index of the unit that gives DeepLabv3+'s features of stride 4.

    Of ResNet its output, of Xception that of its second separable convolution.
    """
    if backbone in RESNETS:
        return RESNETS[backbone][0] - 1
    return 2 if backbone == "xception71" else 1


def placed(chain: Iterable[Unit], stem_stride: int, output_stride: int) -> list[Placed]:
    """Strides and rates of units.

    Args:
        chain: the units, in order.
        stem_stride: of what comes before the first one.
        output_stride: halvings beyond it are given up.
    """
    found: list[Placed] = []
    stride, rate = stem_stride, 1
    for unit in chain:
        strides = unit.stride if stride < output_stride else 1
        stride *= strides
        found.append(Placed(unit, strides, rate, stride))
        rate *= unit.stride // strides
    return found


def stages(backbone: Backbone, output_stride: int) -> list[Stage]:
    """The stem and the stages with their strides; neighbouring units of one name are one.

    The unit of an Xception that gives the features of stride 4 is two: what comes before its stride, and its output.
    """
    stem = STEM_STRIDE[family(backbone)]
    found = [Stage("stem", stem)]
    for number, place in enumerate(placed(units(backbone), stem, output_stride)):
        low = number == low_level_unit(backbone)
        if low and place.stride > 1:
            found.append(Stage(place.unit.stage, place.output_stride // place.stride, gives_low_level=True))
        stage = Stage(place.unit.stage, place.output_stride, gives_low_level=low and place.stride == 1)
        if stage.name == found[-1].name and stage.stride == found[-1].stride:
            found.pop()
        found.append(stage)
    return found


def _resnet(counts: tuple[int, ...]) -> Iterable[Unit]:
    for stage, count in enumerate(counts, start=1):
        inner = 32 * 2**stage
        for number in range(count):
            yield Unit(f"layer{stage}", (inner, 4 * inner), 2 if stage > 1 and number == 0 else 1)


def _xception(backbone: str) -> Iterable[Unit]:
    if backbone == "xception71":
        entry = [(128, 2), (256, 1), (256, 2), (728, 1), (728, 2)]
    else:
        entry = [(128, 2), (256, 2), (728, 2)]
    for number, (channels, stride) in enumerate(entry, start=1):
        yield Unit(f"entry{number}", (channels,) * 3, stride)
    for _ in range(MIDDLE_UNITS[backbone]):
        yield Unit("middle", (728,) * 3)
    yield Unit("exit1", (728, 1024, 1024), 2)
    yield Unit("exit2", (1536, 1536, 2048), shortcut=False)

"""Counts of the published networks and the size of the space that this build must reproduce."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from math import prod
from typing import Any

from nasframe import SearchSpace, Task
from nasframe.plugin.golden import Golden
from nasframe_deeplab import published
from nasframe_deeplab.cell import inputs_of
from nasframe_deeplab.deeplabv3 import DeepLabV3
from nasframe_deeplab.deeplabv3plus import DeepLabV3Plus
from nasframe_deeplab.dpc import Dpc
from nasframe_deeplab.outline import Backbone

COMPUTED = "computed from the layers of the authors' code"
SPACES: Mapping[str, type[SearchSpace]] = {space.name: space for space in (DeepLabV3, DeepLabV3Plus, Dpc)}


@dataclass(frozen=True)
class Row:
    """A published network and its counts."""

    what: str
    name: str
    """Of the published genotype, in ``published``."""
    classes: int
    size: tuple[int, int]
    params: float
    gmacs: float
    """Billions of multiply-adds, as far as they are known."""
    source: str = COMPUTED
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Options that differ from the published ones."""
    tolerance: float = 0.0051
    """Of billions of multiply-adds."""


ROWS = (
    Row("DeepLabv3 on ResNet-50", "deeplabv3_r50", 21, (512, 512), 39_638_869, 163.58, "torchvision"),
    Row(
        "DeepLabv3 on ResNet-50, stride 16",
        "deeplabv3_r50",
        21,
        (512, 512),
        39_638_869,
        48.40,
        "torchvision",
        {"output_stride": 16},
    ),
    Row("DeepLabv3+ on Xception-65", "deeplabv3plus_x65", 21, (513, 513), 41_055_413, 54.035, tolerance=0.00051),
    Row("DeepLabv3+ on Xception-65, Cityscapes", "deeplabv3plus_x65", 19, (1025, 2049), 41_054_899, 418.38),
    Row(
        "DeepLabv3+ on Xception-71, stride 8",
        "deeplabv3plus_x71",
        19,
        (1025, 2049),
        43_477_323,
        1491.55,
        "43.48M in Auto-DeepLab's paper",
        {"output_stride": 8},
        0.0051,
    ),
)
TRUNKS: Mapping[Backbone, int] = {"xception41": 24_920_560, "xception65": 37_867_312, "xception71": 40_289_736}
"""Parameters of the backbones alone."""


@cache
def counts(number: int) -> tuple[int, float]:
    """Parameters, and billions of multiply-adds, of one of ``ROWS``."""
    from nasframe.cost import count

    row = ROWS[number]
    record = vars(published)[row.name]
    space_class = SPACES[record.genotype.space]
    space = space_class(space_class.Options(**{**record.options, **row.changes}))
    cost = count(space, record.genotype, Task(3, row.classes, row.size))
    return cost.params, cost.macs / 1e9


def trunk(backbone: Backbone) -> int:
    """Parameters of a backbone."""
    import torch

    from nasframe_deeplab import backbones, layers

    options = DeepLabV3Plus.Options()
    with torch.device("meta"):
        network = backbones.backbone(backbone, 3, options, layers.norm_of(options))
    return sum(parameter.numel() for parameter in network.parameters())


def module(inputs: int, *, convolutions_of_branches: bool) -> int:
    """Parameters of the cell found on Cityscapes, for features of so many channels.

    Args: convolutions_of_branches: count those alone, without batch norms and the projection.
    """
    import torch
    from torch import nn

    from nasframe_deeplab import dense_cell, layers

    options = Dpc.Options()
    with torch.device("meta"):
        cell: nn.Module = dense_cell.DenseCell(inputs, published.TOP_1, options, layers.norm_of(options))
    if convolutions_of_branches:
        parts = [part for name, part in cell.named_modules() if name.startswith("branches")]
        return sum(int(part.weight.numel()) for part in parts if isinstance(part, nn.Conv2d))
    return sum(parameter.numel() for parameter in cell.parameters())


def cells() -> int:
    """How many ways there are to answer all questions about a cell."""
    options = Dpc.Options()
    return prod(len(inputs_of(number)) * len(options.operations) for number in range(options.branches))


def _of_row(number: int) -> Iterator[Golden]:
    row = ROWS[number]
    yield Golden(f"parameters of {row.what}", row.params, lambda: counts(number)[0], source=row.source)
    yield Golden(
        f"multiply-adds of {row.what}, billions", row.gmacs, lambda: counts(number)[1], row.tolerance, COMPUTED
    )


def _of_trunk(backbone: Backbone) -> Golden:
    return Golden(f"parameters of {backbone} alone", TRUNKS[backbone], lambda: trunk(backbone), source=COMPUTED)


def _of_module(what: str, expected: int, inputs: int, source: str, *, branches: bool) -> Golden:
    return Golden(what, expected, lambda: module(inputs, convolutions_of_branches=branches), source=source)


GOLDEN = (
    *(golden for number in range(len(ROWS)) for golden in _of_row(number)),
    *map(_of_trunk, TRUNKS),
    _of_module("DPC's branches, 2048 channels in", 814_080, 2048, "0.81M in the paper", branches=True),
    _of_module("DPC's branches, 320 channels in", 356_160, 320, "0.36M in the paper", branches=True),
    _of_module("DPC's whole module, 2048 channels in", 1_150_976, 2048, COMPUTED, branches=False),
    Golden("operations of DPC", 81, lambda: len(Dpc.Options().operations), source="the paper, section 3.2"),
    Golden("cells of DPC", 418_414_128_120, cells, source="4.2e11 in the paper"),
)
"""By torchvision, by the layers of the authors' code, and by the papers."""

"""Counts of the published networks and sizes of the spaces that this build must reproduce."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import Any

from nasframe import Task
from nasframe.plugin.golden import Golden
from nasframe_cells import published
from nasframe_cells.amoebanet import AmoebaNet
from nasframe_cells.nasnet import NasNet
from nasframe_cells.options import CellOptions
from nasframe_cells.pnas import Pnas
from nasframe_cells.space import CellSpace

PAPER = "Real et al., AmoebaNet, AAAI 2019"
CODE = "computed from the authors' code"
SPACES: dict[str, type[CellSpace]] = {space.name: space for space in (NasNet, Pnas, AmoebaNet)}
CIFAR: Mapping[str, Any] = {"skeleton": "cifar"}


@dataclass(frozen=True)
class Row:
    """A published network and its counts, without its auxiliary head."""

    what: str
    name: str
    """Of the published genotype, in ``published``."""
    changes: Mapping[str, Any]
    """Options that differ from the published ones: those of ImageNet at 224x224, or of CIFAR-10."""
    params: float
    macs: float
    """In millions."""
    tolerances: tuple[float, float]
    """How far parameters, and millions of multiply-adds, may be off."""
    source: str = CODE


ROWS = (
    Row("NASNet-A 4@1056", "nasnet_a", {}, 5_289_978, 563.64, (0, 0.005)),
    Row("NASNet-A 6@768, CIFAR-10", "nasnet_a", {**CIFAR, "cells": 6, "filters": 32}, 3_346_538, 544.3, (0, 0.05)),
    Row("PNASNet-5 N3 F54", "pnasnet_5", {}, 5_064_487, 587.3, (0, 0.05)),
    Row("PNASNet-5 N3 F48, CIFAR-10", "pnasnet_5", {**CIFAR, "filters": 48}, 3_189_082, 574.9, (0, 0.05)),
    Row("AmoebaNet-A N4 F50", "amoebanet_a", {}, 5_086_930, 554.7, (0, 0.05)),
    Row(
        "AmoebaNet-A N6 F32, CIFAR-10", "amoebanet_a", {**CIFAR, "cells": 6, "filters": 32}, 2_567_754, 407.7, (0, 0.05)
    ),
    Row(
        "AmoebaNet-A N6 F36, CIFAR-10", "amoebanet_a", {**CIFAR, "cells": 6, "filters": 36}, 3_218_266, 509.7, (0, 0.05)
    ),
    Row("AmoebaNet-B N3 F62", "amoebanet_b", {}, 5.3e6, 555, (0.05e6, 0.5), PAPER),
    Row("AmoebaNet-C N4 F44", "amoebanet_c", {}, 5_056_969, 535.1, (0, 0.05)),
)


@cache
def counts(number: int) -> tuple[int, float]:
    """Parameters, and millions of multiply-adds, of one of ``ROWS``."""
    from nasframe.cost import count

    row = ROWS[number]
    record = vars(published)[row.name]
    space_class = SPACES[record.genotype.space]
    space = space_class(space_class.Options(**{**record.options, **row.changes}))
    cifar = "skeleton" in row.changes
    task = Task(3, 10 if cifar else 1000, (32, 32) if cifar else (224, 224), dense=False)
    cost = count(space, record.genotype, task)
    return cost.params, cost.macs / 1e6


def _of_row(number: int) -> Iterator[Golden]:
    row = ROWS[number]
    params, macs = row.tolerances
    yield Golden(f"parameters of {row.what}", row.params, lambda: counts(number)[0], params, row.source)
    yield Golden(f"multiply-adds of {row.what}, millions", row.macs, lambda: counts(number)[1], macs, row.source)


def ordered_cells(options: CellOptions, combines: int = 1) -> int:
    """How many ways there are to answer all questions about one cell."""
    choices = (((number + 2) * len(options.operations)) ** 2 * combines for number in range(options.blocks))
    return prod(choices)


def distinct_cells_of_one_block() -> float:
    """PNAS's cells of one block that are different networks, by enumeration."""
    from nasframe.genotype import enumerate_all

    space = Pnas(Pnas.Options(blocks=1))
    return len({space.canonical(genotype) for genotype in enumerate_all(space)})


GOLDEN = (
    *(golden for number in range(len(ROWS)) for golden in _of_row(number)),
    Golden(
        "cells of NASNet, adding only",
        71_465_842_174_521_600,
        lambda: ordered_cells(NasNet.Options()),
        source="by hand",
    ),
    Golden("cells of PNAS", 556_627_761_561_600, lambda: ordered_cells(Pnas.Options()), source="5.6e14 in the paper"),
    Golden("cells of AmoebaNet", 556_627_761_561_600, lambda: ordered_cells(AmoebaNet.Options()), source="by hand"),
    Golden("distinct cells of PNAS, one block", 136, distinct_cells_of_one_block, source="the paper, section 4.1"),
)
"""By the code of the networks' authors, by hand, and by the papers."""

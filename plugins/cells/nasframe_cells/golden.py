"""Counts of the published networks and sizes of the spaces that this build must reproduce."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
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

CODE = "the authors' code, in its own counts or rebuilt from it"
SPACES: dict[str, type[CellSpace]] = {space.name: space for space in (NasNet, Pnas, AmoebaNet)}
CIFAR: Mapping[str, Any] = {"skeleton": "cifar"}
COUNTS: tuple[tuple[str, str, Mapping[str, Any], int, int], ...] = (
    ("NASNet-A 4@1056", "nasnet_a", {}, 5_289_978, 563_638_816),
    ("NASNet-A 6@768, CIFAR-10", "nasnet_a", {**CIFAR, "cells": 6, "filters": 32}, 3_346_538, 544_333_312),
    ("PNASNet-5 N3 F54", "pnasnet_5", {}, 5_064_487, 587_293_200),
    ("PNASNet-5 N3 F48, CIFAR-10", "pnasnet_5", {**CIFAR, "filters": 48}, 3_189_082, 574_891_392),
    ("AmoebaNet-A N4 F50", "amoebanet_a", {}, 5_086_930, 554_687_204),
    ("AmoebaNet-A N6 F32, CIFAR-10", "amoebanet_a", {**CIFAR, "cells": 6, "filters": 32}, 2_567_754, 407_671_808),
    ("AmoebaNet-A N6 F36, CIFAR-10", "amoebanet_a", {**CIFAR, "cells": 6, "filters": 36}, 3_218_266, 509_668_992),
    ("AmoebaNet-C N4 F44", "amoebanet_c", {}, 5_056_969, 535_067_904),
)
"""What it is, the published genotype, options that differ, parameters and multiply-adds (images of 224x224 and 1000
classes, of CIFAR-10 32x32 and 10)."""


@cache
def counts(row: int) -> tuple[int, int]:
    """Parameters and multiply-adds of one of ``COUNTS``, without the auxiliary head."""
    from nasframe.cost import count

    _, name, changes, _, _ = COUNTS[row]
    record = vars(published)[name]
    space_class = SPACES[record.genotype.space]
    space = space_class(space_class.Options(**{**record.options, **changes}))
    cifar = "skeleton" in changes
    task = Task(3, 10 if cifar else 1000, (32, 32) if cifar else (224, 224), dense=False)
    cost = count(space, record.genotype, task)
    return cost.params, cost.macs


def _count(row: int, which: int) -> float:
    return counts(row)[which]


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
    *(Golden(f"parameters of {row[0]}", row[3], partial(_count, at, 0), source=CODE) for at, row in enumerate(COUNTS)),
    *(
        Golden(f"multiply-adds of {row[0]}", row[4], partial(_count, at, 1), source=CODE)
        for at, row in enumerate(COUNTS)
    ),
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

"""Counts of DARTS's networks and supernet, and sizes of its space, that this build must reproduce."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from math import comb, prod
from typing import Any

from nasframe import Task
from nasframe.plugin.golden import Golden
from nasframe_cells.darts import published
from nasframe_cells.darts.space import Darts

CODE = "the authors' code, in its own counts or rebuilt from it"
COUNTS: tuple[tuple[str, str, Mapping[str, Any], int, int, int], ...] = (
    ("DARTS_V2, CIFAR-10", "darts_v2", published.CIFAR, 3_349_342, 3_825_768, 528_359_040),
    ("DARTS_V1, CIFAR-10", "darts_v1", published.CIFAR, 3_169_414, 3_645_840, 500_987_520),
    ("DARTS_V2, ImageNet", "darts_v2", published.IMAGENET, 4_718_752, 5_979_528, 529_911_552),
)
"""What it is, the published genotype, options, parameters without and with the auxiliary head, and multiply-adds
(images of CIFAR-10 32x32 and 10 classes, of ImageNet 224x224 and 1000)."""


@cache
def counts(row: int) -> tuple[int, int, int]:
    """Parameters without and with the auxiliary head, and multiply-adds, of one of ``COUNTS``."""
    import torch

    from nasframe.cost import counted

    _, name, options, *_ = COUNTS[row]
    imagenet = options.get("skeleton") == "imagenet"
    task = Task(3, 1000 if imagenet else 10, (224, 224) if imagenet else (32, 32), dense=False)
    with torch.device("meta"):
        network = Darts(Darts.Options(**options)).build(vars(published)[name].genotype, task)
    cost = counted(lambda: network, (1, 3, *task.size))
    whole = sum(parameter.numel() for parameter in network.parameters())
    return int(cost["params"]), whole, int(cost["macs"])


def _count(row: int, which: int) -> float:
    return counts(row)[which]


@cache
def supernet_counts() -> tuple[int, int, int]:
    """Weights, alphas and multiply-adds of the search's supernet at 32x32."""
    import torch

    from nasframe.cost import counted

    with torch.device("meta"):
        supernet = Darts().relax(Task(3, 10, (32, 32), dense=False), lambda logits: logits.softmax(-1))
    weights, alphas = (
        sum(parameter.numel() for parameter in parameters)
        for parameters in (supernet.weight_parameters(), supernet.arch_parameters())
    )
    return weights, alphas, int(counted(lambda: supernet, (1, 3, 32, 32))["macs"])


def _supernet_count(which: int) -> float:
    return supernet_counts()[which]


def cells(blocks: int = 4, operations: int = 7) -> int:
    """How many cells there are: of each block two of the states before it, and two operations."""
    return prod(comb(number + 2, 2) * operations**2 for number in range(blocks))


GOLDEN = (
    *(Golden(f"parameters of {row[0]}", row[3], partial(_count, at, 0), source=CODE) for at, row in enumerate(COUNTS)),
    *(
        Golden(f"parameters of {row[0]}, with auxiliary head", row[4], partial(_count, at, 1), source=CODE)
        for at, row in enumerate(COUNTS)
    ),
    *(
        Golden(f"multiply-adds of {row[0]}", row[5], partial(_count, at, 2), source=CODE)
        for at, row in enumerate(COUNTS)
    ),
    Golden("weights of DARTS's supernet", 1_930_618, partial(_supernet_count, 0), source="the authors' logs"),
    Golden("alphas of DARTS's supernet", 224, partial(_supernet_count, 1), source="by hand"),
    Golden("multiply-adds of DARTS's supernet", 300_255_744, partial(_supernet_count, 2), source=CODE),
    Golden("cells of DARTS", 1_037_664_180, lambda: cells(), source="1·3·6·10·7^8, by hand"),
)
"""By the code of the networks' authors, by their logs, and by hand."""

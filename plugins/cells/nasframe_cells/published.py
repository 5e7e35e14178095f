"""The cells that NASNet's, PNAS's and AmoebaNet's searches found, as their authors' code has them.

Sources: github.com/tensorflow/models, research/slim/nets/nasnet (NASNet-A, PNASNet-5), and github.com/tensorflow/tpu,
models/official/amoeba_net (AmoebaNet-A to D), both Apache 2.0. They are written here as there, with 0 for the last
output and 1 for the one before it, and then swapped. Each stands for the mobile ImageNet network of its paper.
"""

from __future__ import annotations

from typing import Any

from nasframe import Genotype, GenotypeRecord
from nasframe_cells.language import Cell, Cells, read_cell, state_name
from nasframe_cells.options import AMOEBANET, Primitive
from nasframe_cells.questions import CellQuestions

IMAGENET = {
    "skeleton": "imagenet",
    "drop_path_keep": 1.0,
    "dropout": 0.5,
    "auxiliary": True,
    "auxiliary_weight": 0.4,
    "bn_momentum": 3e-4,
    "bn_eps": 1e-3,
}
"""As the code for the mobile networks has them."""
AMOEBANET_B_AND_D: tuple[Primitive, ...] = (*AMOEBANET, "conv_1x1", "conv_3x3", "dil_sep_5x5", "max_pool_2x2")
"""Operations of which two of the released cells are made."""


def swapped(normal: str, reduction: str) -> Cells:
    """Cells from texts with 0 for the last output."""
    return Cells(read_cell(normal), read_cell(reduction)).with_inputs_swapped()


NASNET_A = swapped(
    "sep_5x5(0) sep_3x3(1); sep_5x5(1) sep_3x3(1); avg_pool_3x3(0) skip(1); avg_pool_3x3(1) avg_pool_3x3(1); "
    "sep_3x3(0) skip(0) -> 1 2 3 4 5 6",
    "sep_5x5(0) sep_7x7(1); max_pool_3x3(0) sep_7x7(1); avg_pool_3x3(0) sep_5x5(1); skip(3) avg_pool_3x3(2); "
    "sep_3x3(2) max_pool_3x3(0) -> 3 4 5 6",
)
PNASNET_5 = read_cell(
    "sep_5x5(1) max_pool_3x3(1); sep_7x7(0) max_pool_3x3(0); sep_5x5(0) sep_3x3(0); sep_3x3(4) max_pool_3x3(0); "
    "sep_3x3(1) skip(0) -> 2 3 4 5 6"
).with_inputs_swapped()
AMOEBANETS = {
    "a": swapped(
        "avg_pool_3x3(0) max_pool_3x3(0); sep_3x3(1) skip(1); skip(0) avg_pool_3x3(1); sep_3x3(0) sep_5x5(2); "
        "avg_pool_3x3(5) sep_3x3(0) -> 1 3 4 6",
        "sep_3x3(1) avg_pool_3x3(0); max_pool_3x3(0) sep_7x7(2); max_pool_3x3(1) max_pool_3x3(0); "
        "sep_3x3(4) conv_1x7_7x1(0); avg_pool_3x3(1) sep_7x7(0) -> 2 3 4 5 6",
    ),
    "b": swapped(
        "conv_1x1(1) max_pool_3x3(1); skip(1) sep_3x3(0); conv_1x1(1) sep_3x3(0); conv_1x1(2) skip(2); "
        "avg_pool_3x3(1) conv_1x1(5) -> 0 3 4 6",
        "max_pool_2x2(0) max_pool_3x3(0); skip(2) conv_3x3(1); dil_sep_5x5(2) max_pool_3x3(2); skip(3) sep_3x3(1); "
        "avg_pool_3x3(4) conv_1x1(3) -> 5 6",
    ),
    "c": swapped(
        "avg_pool_3x3(0) sep_3x3(0); skip(0) sep_3x3(0); avg_pool_3x3(2) sep_3x3(1); skip(0) sep_3x3(1); "
        "avg_pool_3x3(3) sep_3x3(0) -> 1 2 4 5 6",
        "max_pool_3x3(0) max_pool_3x3(0); sep_7x7(2) sep_3x3(0); sep_7x7(0) max_pool_3x3(1); sep_5x5(4) sep_5x5(4); "
        "max_pool_3x3(1) sep_3x3(1) -> 0 2 3 4 5 6",
    ),
    "d": swapped(
        "conv_1x1(1) max_pool_3x3(1); skip(1) conv_1x7_7x1(0); conv_1x1(0) conv_1x7_7x1(0); max_pool_3x3(2) skip(2); "
        "avg_pool_3x3(1) conv_1x1(5) -> 0 3 4 6",
        "max_pool_2x2(0) max_pool_3x3(0); skip(2) conv_3x3(1); conv_1x7_7x1(2) max_pool_3x3(2); "
        "skip(3) max_pool_2x2(1); avg_pool_3x3(2) conv_1x1(3) -> 4 5 6",
    ),
}


def names(cell: Cell) -> tuple[str, ...]:
    """Of the states that a cell gives out."""
    return tuple(map(state_name, cell.concat))


def _two_cells(
    space: str, cells: Cells, combines: tuple[Any, ...], source: str, options: dict[str, Any], reported: dict[str, Any]
) -> GenotypeRecord:
    outputs = {"normal_output": names(cells.normal), "reduction_output": names(cells.reduction)}
    decisions = tuple(
        answer
        for part, cell in (("normal", cells.normal), ("reduction", cells.reduction))
        for answer in CellQuestions(part, len(cell.blocks), (), combines, names(cell)).answers(cell)
    )
    return GenotypeRecord(Genotype(space, decisions), {**IMAGENET, **outputs, **options}, source, reported)


def _amoebanet(letter: str, cells: int, filters: int, **reported: Any) -> GenotypeRecord:
    options: dict[str, Any] = {"cells": cells, "filters": filters}
    if letter in "bd":
        options["operations"] = AMOEBANET_B_AND_D
    source = (
        f"Real et al., AmoebaNet, AAAI 2019 (arXiv 1802.01548); AmoebaNet-{letter.upper()} of the official TPU code"
    )
    reported = {**reported, "size": "224x224", "classes": 1000} if reported else {}
    return _two_cells("amoebanet", AMOEBANETS[letter], ("add",), source, options, reported)


nasnet_a = _two_cells(
    "nasnet",
    NASNET_A,
    ("add", "concat"),
    "Zoph et al., NASNet, CVPR 2018 (arXiv 1707.07012), Fig. 4; indices from the official code (slim)",
    {"cells": 4, "filters": 44},
    {"params": 5.3e6, "macs": 564e6, "size": "224x224", "classes": 1000},
)
pnasnet_5 = GenotypeRecord(
    Genotype("pnas", tuple(CellQuestions("cell", 5, (), ("add",), "all").answers(PNASNET_5))),
    {**IMAGENET, "cells": 3, "filters": 54},
    "Liu et al., PNAS, ECCV 2018 (arXiv 1712.00559), Fig. 1; indices from the official code (slim)",
    {"params": 5.1e6, "macs": 588e6, "size": "224x224", "classes": 1000},
)
amoebanet_a = _amoebanet("a", 4, 50, params=5.1e6, macs=555e6)
amoebanet_b = _amoebanet("b", 3, 62, params=5.3e6, macs=555e6)
amoebanet_c = _amoebanet("c", 4, 44, params=5.1e6, macs=535e6)
amoebanet_d = _amoebanet("d", 4, 50)

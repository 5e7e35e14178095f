"""Cells that DARTS and its successors found, and DARTS's transcriptions of NASNet's and AmoebaNet's, from their code.

Sources: ``cnn/genotypes.py`` of github.com/quark0/darts (NASNet, AmoebaNet, the first order's result) and
``genotypes.py`` of github.com/yuhuixu1993/PC-DARTS (both of DARTS's, PC-DARTS) and of github.com/chenxin061/pdarts
(P-DARTS). Indices are those of the language of cells: 0 is the output before the last one. Each stands for the network
that DARTS trains on CIFAR-10.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nasframe import Genotype, GenotypeRecord
from nasframe.genotype import Option
from nasframe_cells.darts.options import RELAXED
from nasframe_cells.darts.questions import DartsQuestions
from nasframe_cells.language import Cells, read_cell, state_name
from nasframe_cells.questions import CellQuestions

CIFAR = {"cells": 20, "filters": 36, "drop_path_keep": 0.8, "auxiliary": True}
"""As DARTS trains its cells on CIFAR-10."""
IMAGENET = {"skeleton": "imagenet", "cells": 14, "filters": 48, "drop_path_keep": 1.0, "auxiliary": True}
"""As it trains them on ImageNet."""


def _cells(normal: str, reduction: str) -> Cells:
    return Cells(read_cell(normal), read_cell(reduction))


CELLS = {
    "darts_v1": _cells(
        "sep_3x3(1) sep_3x3(0); skip(0) sep_3x3(1); skip(0) sep_3x3(1); sep_3x3(0) skip(2) -> 2 3 4 5",
        "max_pool_3x3(0) max_pool_3x3(1); skip(2) max_pool_3x3(0); max_pool_3x3(0) skip(2); skip(2) avg_pool_3x3(0) "
        "-> 2 3 4 5",
    ),
    "darts_v2": _cells(
        "sep_3x3(0) sep_3x3(1); sep_3x3(0) sep_3x3(1); sep_3x3(1) skip(0); skip(0) dil_sep_3x3(2) -> 2 3 4 5",
        "max_pool_3x3(0) max_pool_3x3(1); skip(2) max_pool_3x3(1); max_pool_3x3(0) skip(2); skip(2) max_pool_3x3(1) "
        "-> 2 3 4 5",
    ),
    "pc_darts_cifar": _cells(
        "sep_3x3(1) skip(0); sep_3x3(0) dil_sep_3x3(1); sep_5x5(0) sep_3x3(1); avg_pool_3x3(0) dil_sep_3x3(1) "
        "-> 2 3 4 5",
        "sep_5x5(1) max_pool_3x3(0); sep_5x5(1) sep_5x5(2); sep_3x3(0) sep_3x3(3); sep_3x3(1) sep_3x3(2) -> 2 3 4 5",
    ),
    "pc_darts_image": _cells(
        "skip(1) sep_3x3(0); sep_3x3(0) skip(1); sep_3x3(1) sep_3x3(3); sep_3x3(1) dil_sep_5x5(4) -> 2 3 4 5",
        "sep_3x3(0) skip(1); dil_sep_5x5(2) max_pool_3x3(1); sep_3x3(2) sep_3x3(1); sep_5x5(0) sep_3x3(3) -> 2 3 4 5",
    ),
    "p_darts": _cells(
        "skip(0) dil_sep_3x3(1); skip(0) sep_3x3(1); sep_3x3(1) sep_3x3(3); sep_3x3(0) dil_sep_5x5(4) -> 2 3 4 5",
        "avg_pool_3x3(0) sep_5x5(1); sep_3x3(0) dil_sep_5x5(2); max_pool_3x3(0) dil_sep_3x3(1); "
        "dil_sep_3x3(1) dil_sep_5x5(3) -> 2 3 4 5",
    ),
    "darts_nasnet": _cells(
        "sep_5x5(1) sep_3x3(0); sep_5x5(0) sep_3x3(0); avg_pool_3x3(1) skip(0); avg_pool_3x3(0) avg_pool_3x3(0); "
        "sep_3x3(1) skip(1) -> 2 3 4 5 6",
        "sep_5x5(1) sep_7x7(0); max_pool_3x3(1) sep_7x7(0); avg_pool_3x3(1) sep_5x5(0); skip(3) avg_pool_3x3(2); "
        "sep_3x3(2) max_pool_3x3(1) -> 4 5 6",
    ),
    "darts_amoebanet": _cells(
        "avg_pool_3x3(0) max_pool_3x3(1); sep_3x3(0) sep_5x5(2); sep_3x3(0) avg_pool_3x3(3); sep_3x3(1) skip(1); "
        "skip(0) avg_pool_3x3(1) -> 4 5 6",
        "avg_pool_3x3(0) sep_3x3(1); max_pool_3x3(0) sep_7x7(2); sep_7x7(0) avg_pool_3x3(1); "
        "max_pool_3x3(0) max_pool_3x3(1); conv_1x7_7x1(0) sep_3x3(5) -> 3 4 6",
    ),
}
"""By the genotypes' names here."""


def _genotype(space: str, cells: Cells, questions: Sequence[DartsQuestions | CellQuestions]) -> Genotype:
    decisions: list[tuple[str, Option]] = []
    for asked, cell in zip(questions, (cells.normal, cells.reduction), strict=True):
        decisions.extend(asked.answers(cell))
    return Genotype(space, tuple(decisions))


def _searched(name: str, source: str, note: str = "", **reported: Any) -> GenotypeRecord:
    questions = [DartsQuestions(part, 4, RELAXED) for part in ("normal", "reduction")]
    reported = {**reported, "size": "32x32", "classes": 10} if reported else {}
    return GenotypeRecord(_genotype("darts", CELLS[name], questions), CIFAR, source, reported, note)


def _transcribed(name: str, of: str) -> GenotypeRecord:
    cells = CELLS[name]
    outputs = {
        f"{part}_output": tuple(map(state_name, cell.concat))
        for part, cell in (("normal", cells.normal), ("reduction", cells.reduction))
    }
    questions = [CellQuestions(part, 5, (), ("add",), outputs[f"{part}_output"]) for part in ("normal", "reduction")]
    return GenotypeRecord(
        _genotype("darts-wide", cells, questions),
        {**CIFAR, **outputs},
        f"{of} as the code of Liu et al., DARTS, ICLR 2019 (arXiv 1806.09055), transcribes it",
    )


_DARTS = "Liu et al., DARTS, ICLR 2019 (arXiv 1806.09055), {} order; indices from the official code"
darts_v1 = _searched(
    "darts_v1",
    _DARTS.format("first"),
    "The paper states 3.3 million parameters for the cells of both orders; this one's network has 3.17 million.",
    params=3.3e6,
)
darts_v2 = _searched("darts_v2", _DARTS.format("second"), params=3.3e6)
_PC_DARTS = "Xu et al., PC-DARTS, ICLR 2020 (arXiv 1907.05737), searched on {}; indices from the official code"
pc_darts_cifar = _searched("pc_darts_cifar", _PC_DARTS.format("CIFAR-10"), params=3.6e6)
pc_darts_image = _searched("pc_darts_image", _PC_DARTS.format("ImageNet"))
p_darts = _searched(
    "p_darts",
    "Chen et al., P-DARTS, ICCV 2019 (arXiv 1904.12760), searched on CIFAR-10; indices from the official code",
    params=3.4e6,
)
darts_nasnet = _transcribed("darts_nasnet", "NASNet-A")
darts_amoebanet = _transcribed("darts_amoebanet", "AmoebaNet-A")

"""From mixing weights to cells: of each block the two strongest edges (DARTS, section 2.4)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations, product

import numpy as np

from nasframe import Genotype
from nasframe.decode import strongest
from nasframe.genotype import Option
from nasframe.graph import with_weights
from nasframe_cells.darts.options import NONE
from nasframe_cells.darts.questions import DartsQuestions, relaxed_edges
from nasframe_cells.language import INPUTS, Block, Cell, Edge, state_index

Ranked = list[tuple[tuple[Block, ...], float]]
"""Blocks with the logarithms of their values, best first."""


def decode(space: str, questions: Sequence[DartsQuestions], weights: Mapping[str, np.ndarray]) -> Genotype:
    """The genotype that mixing weights favour: an edge is as strong as its strongest operation but ``none``.

    Args:
        weights: (edges, primitives), by the name of the cell.
    """
    return _genotype(space, questions, [_strongest(asked, weights) for asked in questions])


def decode_several(
    space: str, questions: Sequence[DartsQuestions], weights: Mapping[str, np.ndarray], count: int
) -> list[Genotype]:
    """The most probable genotypes, best first, as far as a block's value is the product of its operations' weights.

    Exact, as blocks are independent. The first is that of ``decode``, which is among the best and may tie with others.

    Args:
        weights: as for ``decode``.
        count: how many at most.
    """
    found: Ranked = [((), 0.0)]
    for asked in questions:
        for block in range(len(INPUTS), len(INPUTS) + asked.blocks):
            more = _ranked(asked, weights[asked.part], block, count)
            joined = [((*before, *one), log + own) for before, log in found for one, own in more]
            found = sorted(joined, key=lambda one: -one[1])[:count]
    genotypes = []
    for blocks, _ in found:
        size = questions[0].blocks
        cells = [_cell(blocks[number * size : (number + 1) * size]) for number in range(len(questions))]
        genotypes.append(_genotype(space, questions, cells))
    return list(dict.fromkeys([decode(space, questions, weights), *genotypes]))[:count]


def _genotype(space: str, questions: Sequence[DartsQuestions], cells: Sequence[Cell]) -> Genotype:
    answers: list[tuple[str, Option]] = []
    for asked, cell in zip(questions, cells, strict=True):
        answers.extend(asked.answers(cell))
    return Genotype(space, tuple(answers))


def _strongest(asked: DartsQuestions, weights: Mapping[str, np.ndarray]) -> Cell:
    blocks = strongest(with_weights(asked.graph(), weights), keep=2)
    found = []
    for kept in blocks:
        left, right = (Edge(one.operation, state_index(one.before.split("/")[1])) for one in kept.edges)
        found.append(Block(left, right))
    return _cell(found)


def _cell(blocks: Sequence[Block]) -> Cell:
    return Cell(tuple(blocks), tuple(range(len(INPUTS), len(INPUTS) + len(blocks))))


def _ranked(asked: DartsQuestions, weights: np.ndarray, block: int, count: int) -> Ranked:
    """The ways to wire a block."""
    kept = [(column, name) for column, name in enumerate(asked.operations) if name != NONE]
    with np.errstate(divide="ignore"):
        logs = {
            edge.source: np.log(row)
            for edge, row in zip(relaxed_edges(asked.blocks), weights, strict=True)
            if edge.block == block
        }
    found: Ranked = [
        ((Block(Edge(name, one), Edge(other_name, other)),), log)
        for one, other in combinations(logs, 2)
        for (column, name), (other_column, other_name) in product(kept, repeat=2)
        if (log := float(logs[one][column] + logs[other][other_column])) > -math.inf
    ]
    return sorted(found, key=lambda one: -one[1])[:count]

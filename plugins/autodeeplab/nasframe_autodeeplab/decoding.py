"""From mixing weights to a genotype (Auto-DeepLab, section 3.4.3)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations, product
from typing import Any, TypeVar

import numpy as np

from nasframe import Genotype
from nasframe.decode import RULES, k_best
from nasframe.genotype import trace
from nasframe.graph import with_weights
from nasframe_autodeeplab.cell_graph import Edge, edges
from nasframe_autodeeplab.questions import Questions
from nasframe_autodeeplab.trellis import ENTRY, last_states, moves

T = TypeVar("T")


def decode(questions: Questions, weights: Mapping[str, np.ndarray]) -> Genotype:
    """The genotype that a supernet's mixing weights favour.

    Args:
        weights: ``operation`` (edges, primitives) and ``move`` (rows, 3), as the space's graph refers to them.
    """
    return genotype_of(questions, _strongest_cell(questions, weights["operation"]), _strongest_path(questions, weights))


def genotype_of(questions: Questions, cell: Mapping[str, Any], path: Sequence[str]) -> Genotype:
    """The genotype with a cell, given as answers, and a path of nodes of the trellis from the entry on."""
    strides = questions.trellis.nodes(data="stride")
    answers = {**cell, **{f"path/l{layer}": strides[node] for layer, node in enumerate(path) if layer > 0}}

    def choose(name: str, options: Sequence[T]) -> T:
        answer: T = answers[name]
        return answer

    return trace(questions, choose)


def decode_several(questions: Questions, weights: Mapping[str, np.ndarray], count: int) -> list[Genotype]:
    """The most probable genotypes, best first: exact, as cell and path are independent, and so are blocks.

    A block's answer has the product of its two operations' weights as its value, a path the product of its moves'. The
    first genotype is that of ``decode``, which is among the best ones and may tie with others.

    Args:
        weights: as for ``decode``.
        count: how many at most.
    """
    blocks = [_ranked_block(questions, weights["operation"], block, count) for block in questions.blocks]
    cells: list[tuple[dict[str, Any], float]] = [({}, 0.0)]
    for block in blocks:
        joined = [({**cell, **answers}, log + more) for cell, log in cells for answers, more in block]
        cells = sorted(joined, key=lambda one: -one[1])[:count]
    graph = RULES[questions.options.decode](with_weights(moves(questions.trellis), weights))
    paths = k_best(graph, ENTRY, last_states(questions.trellis), k=count)
    pairs = [(cell, path.nodes, log + path.log_probability) for cell, log in cells for path in paths]
    ranked = [genotype_of(questions, cell, path) for cell, path, _ in sorted(pairs, key=lambda one: -one[2])[:count]]
    return list(dict.fromkeys([decode(questions, weights), *ranked]))[:count]


def _ranked_block(
    questions: Questions, weights: np.ndarray, block: str, count: int
) -> list[tuple[dict[str, Any], float]]:
    """The answers of a block with the logarithms of their values, best first."""
    kept = questions.options.kept_operations
    columns = [questions.options.operations.index(name) for name in kept]
    with np.errstate(divide="ignore"):
        logs = {edge.source: np.log(row) for edge, row in _into(questions, weights[:, columns], block)}
    found = [
        ({f"cell/{block}/inputs": (one, other), f"cell/{block}/{one}": kept[a], f"cell/{block}/{other}": kept[b]}, log)
        for one, other in combinations(logs, 2)
        for a, b in product(range(len(kept)), repeat=2)
        if (log := float(logs[one][a] + logs[other][b])) > -math.inf
    ]
    return sorted(found, key=lambda one: -one[1])[:count]


def _into(questions: Questions, weights: np.ndarray, block: str) -> list[tuple[Edge, np.ndarray]]:
    """The edges into a block with their rows."""
    rows = zip(edges(questions.options.blocks), weights, strict=True)
    return [(edge, row) for edge, row in rows if edge.block == block]


def _strongest_cell(questions: Questions, weights: np.ndarray) -> dict[str, Any]:
    """Of each block the two strongest edges, each with its strongest primitive; ``zero`` counts for neither.

    An answer keeps each operation by its input's name: sorting edges by strength must not swap the operations.
    Ties go to the lower edge and the lower primitive, as in DARTS.
    """
    kept = questions.options.kept_operations
    columns = [questions.options.operations.index(name) for name in kept]
    weights = weights[:, columns]  # (edges, primitives but zero)
    cell_edges = edges(questions.options.blocks)
    answers: dict[str, Any] = {}
    for block in questions.blocks:
        rows = [row for row, edge in enumerate(cell_edges) if edge.block == block]
        strongest = sorted(rows, key=lambda row: (-weights[row].max(), row))[:2]
        answers[f"cell/{block}/inputs"] = tuple(cell_edges[row].source for row in sorted(strongest))
        for row in strongest:
            answers[f"cell/{block}/{cell_edges[row].source}"] = kept[int(weights[row].argmax())]
    return answers


def _strongest_path(questions: Questions, weights: Mapping[str, np.ndarray]) -> Sequence[str]:
    """The most probable path by the betas (Viterbi), under the space's rule for borders."""
    graph = RULES[questions.options.decode](with_weights(moves(questions.trellis), weights))
    (path,) = k_best(graph, ENTRY, last_states(questions.trellis))
    return path.nodes

"""From mixing weights to a genotype (Auto-DeepLab, section 3.4.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from nasframe import Genotype
from nasframe.decode import RULES, k_best
from nasframe.genotype import trace
from nasframe.graph import with_weights
from nasframe_autodeeplab.cell_graph import edges
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

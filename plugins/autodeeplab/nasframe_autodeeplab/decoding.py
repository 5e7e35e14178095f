"""From mixing weights to a genotype (Auto-DeepLab, section 3.4.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from nasframe import Genotype
from nasframe.decode import RULES, k_best
from nasframe.genotype import trace
from nasframe.graph import with_weights
from nasframe_autodeeplab.cell_graph import block_name, edges
from nasframe_autodeeplab.trellis import ENTRY, last_states, moves

if TYPE_CHECKING:
    from nasframe_autodeeplab.space import AutoDeepLab

T = TypeVar("T")


def decode(space: AutoDeepLab, weights: Mapping[str, np.ndarray]) -> Genotype:
    """The genotype that a supernet's mixing weights favour.

    Args:
        weights: ``operation`` (edges, primitives) and ``move`` (rows, 3), as the space's graph refers to them.
    """
    answers = {**_strongest_cell(space, weights["operation"]), **_strongest_path(space, weights)}

    def choose(name: str, options: Sequence[T]) -> T:
        answer: T = answers[name]
        return answer

    return trace(space, choose)


def _strongest_cell(space: AutoDeepLab, weights: np.ndarray) -> dict[str, Any]:
    """Of each block the two strongest edges, each with its strongest primitive; ``zero`` counts for neither.

    An answer keeps each operation by its input's name: sorting edges by strength must not swap the operations.
    Ties go to the lower edge and the lower primitive, as in DARTS.
    """
    kept = space.options.kept_operations
    columns = [space.options.operations.index(name) for name in kept]
    weights = weights[:, columns]  # (edges, primitives but zero)
    cell_edges = edges(space.options.blocks)
    answers: dict[str, Any] = {}
    for block in map(block_name, range(1, space.options.blocks + 1)):
        rows = [row for row, edge in enumerate(cell_edges) if edge.block == block]
        strongest = sorted(rows, key=lambda row: (-weights[row].max(), row))[:2]
        answers[f"cell/{block}/inputs"] = tuple(cell_edges[row].source for row in sorted(strongest))
        for row in strongest:
            answers[f"cell/{block}/{cell_edges[row].source}"] = kept[int(weights[row].argmax())]
    return answers


def _strongest_path(space: AutoDeepLab, weights: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The most probable path by the betas (Viterbi), under the space's rule for borders."""
    graph = RULES[space.options.decode](with_weights(moves(space.trellis), weights))
    (path,) = k_best(graph, ENTRY, last_states(space.trellis))
    return {f"path/l{layer}": graph.nodes[node]["stride"] for layer, node in enumerate(path.nodes) if layer > 0}

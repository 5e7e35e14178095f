"""What mixing weights make networks cost: the mean over drawn genotypes, and the best genotype within bounds.

A network costs what its stem, its cells and its head cost, and a cell the sum of its pieces. So for a given path the
cost is linear in which operations its cells keep, and the mean needs their probabilities alone. Cells and path are
drawn independently; the path is a Markov chain of the betas.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import NamedTuple, final

import numpy as np
import torch
from torch import Tensor
from typing_extensions import override

from nasframe import Genotype, Measure, Task
from nasframe.supernet import SupernetCosts
from nasframe_autodeeplab.bounded_decoding import decode_within
from nasframe_autodeeplab.cell_graph import CELL_INPUTS, edges
from nasframe_autodeeplab.drawn_cells import kept_probabilities
from nasframe_autodeeplab.price_table import PriceTable
from nasframe_autodeeplab.questions import Questions
from nasframe_autodeeplab.trellis import moves


class Layer(NamedTuple):
    """The moves of one layer in the trellis of visits."""

    places: Tensor
    """(5, moves): each one's place in the price table; where it begins and ends, among the visits of that layer; its
    row and its column in the table of betas."""
    width: int
    """How many visits there are where the moves begin."""


@final
class AutoDeepLabCosts(SupernetCosts):
    """Costs of this space's networks.

    The draws are these. Each edge of the cell draws one operation by its weights, ``zero`` left out; of the edges
    into a block those two are kept whose drawn operations have the most weight (see ``drawn_cells``). The path begins
    at the stem and draws a move in each layer by the betas. The mean is exact: no draw is made. What decoding finds is
    the strongest cell on the most probable path and not a draw, and may cost more or less than the mean; the two meet
    where the weights are decided.
    """

    def __init__(self, questions: Questions, task: Task, measure: Measure) -> None:
        """Measures each kind of part once."""
        self.questions = questions
        self.table = PriceTable(questions, task, measure)
        self._columns = [questions.options.operations.index(name) for name in questions.options.kept_operations]
        self._outer = torch.tensor([edge.source in CELL_INPUTS for edge in edges(questions.options.blocks)])
        self._layers = self._read_layers()

    @override
    def expected(self, weights: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """In double precision, by ``operation`` (edges, primitives) and ``move`` (rows, 3)."""
        operation, move = weights["operation"].double(), weights["move"].double()
        device = move.device
        kept = self._kept(operation)  # (2, K)
        table = {
            name: torch.as_tensor(getattr(self.table, name), device=device)
            for name in ("kind", "fixed", "base", "operations")
        }
        cells = table["base"] + torch.einsum("sk,nskc->nc", kept, table["operations"])  # (kinds, costs)
        costs = table["fixed"] + cells[table["kind"]]  # (moves, costs)
        # From the ends back: the probability to end well, and the mean cost of what is to come times that.
        ending = torch.ones(self._ends, dtype=torch.float64, device=device)
        ahead = torch.zeros(self._ends, len(self.table.names), dtype=torch.float64, device=device)
        for layer in reversed(self._layers):
            moved, source, target, row, column = layer.places.to(device)
            drawn = move[row, column]
            reached, following = ending[target], ahead[target]
            spent = drawn[:, None] * (costs[moved] * reached[:, None] + following)
            ending = ending.new_zeros(layer.width).index_add(0, source, drawn * reached)
            ahead = ahead.new_zeros(layer.width, ahead.shape[1]).index_add(0, source, spent)
        mean = ahead[0] / ending[0]
        return dict(zip(self.table.names, mean, strict=True))

    @override
    def derive(self, weights: Mapping[str, np.ndarray], most: Mapping[str, float]) -> Genotype:
        """See ``bounded_decoding``."""
        return decode_within(self.questions, self.table, weights, most)

    def _kept(self, operation: Tensor) -> Tensor:
        """How many of each operation a cell keeps in the mean, on its inputs and between its blocks: (2, K)."""
        kept = kept_probabilities(operation[:, self._columns], self.questions.options.blocks)
        outer = self._outer.to(kept.device)
        return torch.stack([kept[outer].sum(0), kept[~outer].sum(0)])

    def _read_layers(self) -> list[Layer]:
        graph = self.table.trellis
        weights = {(a, b): weight for a, b, weight in moves(self.questions.trellis).edges(data="weight")}
        layer_of, place_of = dict(graph.nodes(data="layer")), dict(graph.nodes(data="place"))
        position: dict[str, int] = {}
        widths: dict[int, int] = {}
        for node in sorted(graph, key=layer_of.__getitem__):
            position[node] = widths.setdefault(layer_of[node], 0)
            widths[layer_of[node]] += 1
        found = []
        numbered = sorted(enumerate(graph.edges), key=lambda item: layer_of[item[1][0]])
        for layer, group in groupby(numbered, key=lambda item: layer_of[item[1][0]]):
            columns = [
                (number, position[a], position[b], *weights[place_of[a], place_of[b]][1:]) for number, (a, b) in group
            ]
            found.append(Layer(torch.tensor(columns).T, widths[layer]))
        self._ends = widths[max(widths)]
        return found

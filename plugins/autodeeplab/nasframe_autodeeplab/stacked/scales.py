"""The table of operation weights, cut into what each round of a cell needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import final

import torch
from torch import Tensor, nn
from typing_extensions import override

from nasframe_autodeeplab.operations import Recipe
from nasframe_autodeeplab.stacked.cell import groups, rounds

Scales = Sequence[Mapping[str, Tensor]]
"""For each round, by group of primitives: (K, E, S)."""


@final
class Arrangement(nn.Module):
    """Weights (edges, K) -> scales, in a few calls for all nodes together."""

    rows: Tensor
    columns: Tensor

    def __init__(self, blocks: int, operations: Sequence[str], recipe: Recipe) -> None:
        super().__init__()
        by_round = rounds(blocks)
        by_group = [group.operations for group in groups(operations, recipe)]
        self.shapes = [rows.shape for rows in by_round]
        self.names = ["+".join(names) for names in by_group]
        self.sizes = [len(names) for names in by_group]
        rows = [row for one in by_round for row in one.flatten().tolist()]
        columns = [operations.index(name) for names in by_group for name in names]
        self.register_buffer("rows", torch.tensor(rows), persistent=False)
        self.register_buffer("columns", torch.tensor(columns), persistent=False)

    @override
    def forward(self, weights: Tensor) -> Scales:
        """(edges, K) -> scales."""
        arranged = weights.index_select(0, self.rows).index_select(1, self.columns)
        by_round = arranged.split_with_sizes([edges * sources for edges, sources in self.shapes])
        return [self._by_group(part.T.reshape(-1, *shape)) for part, shape in zip(by_round, self.shapes, strict=True)]

    def _by_group(self, weights: Tensor) -> dict[str, Tensor]:
        """(all K, E, S) -> by group."""
        return dict(zip(self.names, weights.split_with_sizes(self.sizes), strict=True))

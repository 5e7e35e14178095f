"""A place in the supernet's trellis whose evaluations are computed together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast, final

import torch
from torch import Tensor
from typing_extensions import override

from nasframe_autodeeplab.cell import MixedCell
from nasframe_autodeeplab.operations import Recipe
from nasframe_autodeeplab.options import AutoDeepLabOptions
from nasframe_autodeeplab.recompute import recomputed
from nasframe_autodeeplab.stacked.cell import StackedCell
from nasframe_autodeeplab.stacked.preparation import StackedPreparation
from nasframe_autodeeplab.stacked.scales import Scales
from nasframe_autodeeplab.stacked.stacking import PlainNames
from nasframe_autodeeplab.supernet_node import Node, Preparation, TrellisNode


@final
class StackedNode(TrellisNode):
    """The same function as a plain ``Node``, with the same weights."""

    def __init__(self, plain: Node, options: AutoDeepLabOptions, recipe: Recipe) -> None:
        super().__init__()
        names = PlainNames(plain)
        preparations = cast(Mapping[str, Preparation], plain.preparations)
        cells = cast(Mapping[str, MixedCell], plain.cells)
        self.preparation = StackedPreparation(list(preparations.values()), names)
        self.cell = StackedCell(list(cells.values()), options.operations, recipe, names)

    @override
    def forward(
        self, before_last: Tensor, arriving: Mapping[str, Tensor], weights: Scales, moves: Mapping[str, Tensor]
    ) -> Tensor:
        """All evaluations together; weights are arranged."""
        inputs = self.preparation(_channels_first(before_last), [_channels_first(last) for last in arriving.values()])
        beta = torch.stack(list(moves.values()))
        blocks = [torch.mv(block.view(len(beta), -1).T, beta) for block in self.cell(inputs, weights)]
        channels, images, height, width = inputs.shape[2:]
        return torch.cat(blocks).view(len(blocks) * channels, images, height, width).transpose(0, 1)

    @override
    def recomputed(
        self, before_last: Tensor, arriving: Mapping[str, Tensor], weights: Scales, moves: Mapping[str, Tensor]
    ) -> Tensor:
        """As ``forward``; all evaluations are computed again together."""
        return recomputed(self, before_last, arriving, weights, moves)


def _channels_first(hidden: Tensor) -> Tensor:
    """(N, C, H, W) -> (C, N, H, W); no copy for what a stacked node gave."""
    return hidden.transpose(0, 1).contiguous()

"""The cell in its two forms (Auto-DeepLab, section 3.1): all operations mixed, and the chosen ones alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import final

import torch
from torch import Tensor, nn
from typing_extensions import override

from nasframe.training.drop_path import DropPath
from nasframe_autodeeplab.cell_graph import CELL_INPUTS, Edge, edges
from nasframe_autodeeplab.operations import OPERATIONS, Recipe, relu_conv_norm
from nasframe_autodeeplab.partial_channels import PartialOp
from nasframe_autodeeplab.resolution import double, resize_like

Wiring = Mapping[str, Sequence[tuple[str, str]]]
"""By block, its two (source, operation)."""


@final
class MixedOp(nn.Module):
    """The weighted sum of all primitives on one edge (Eq. 3); ``zero`` has a weight and adds nothing."""

    def __init__(self, operations: Sequence[str], channels: int, recipe: Recipe) -> None:
        super().__init__()
        self.columns = [column for column, name in enumerate(operations) if name != "zero"]
        self.primitives = nn.ModuleList(OPERATIONS[operations[column]](channels, 1, recipe) for column in self.columns)

    @override
    def forward(self, inputs: Tensor, weights: Tensor) -> Tensor:
        """(N, C, H, W), (K,) -> (N, C, H, W)."""
        terms = [
            weights[column] * primitive(inputs) for column, primitive in zip(self.columns, self.primitives, strict=True)
        ]
        total: Tensor = sum(terms[1:], terms[0])
        return total


@final
class MixedCell(nn.Module):
    """The relaxed cell: each block sums its mixed ops over all tensors before it (Eq. 1 and 2)."""

    def __init__(self, blocks: int, operations: Sequence[str], channels: int, recipe: Recipe, share: int = 1) -> None:
        """Args: share: see ``AutoDeepLabOptions.partial_channels``."""
        super().__init__()
        self.edges: list[Edge] = edges(blocks)
        mixed_ops = [MixedOp(operations, channels // share, recipe) for _ in self.edges]
        self.mixed_ops = nn.ModuleList(mixed_ops if share == 1 else (PartialOp(op, share) for op in mixed_ops))

    @override
    def forward(self, before_last: Tensor, last: Tensor, weights: Tensor) -> Tensor:
        """Prepared inputs (N, C, H, W) twice, (edges, K) -> (N, B·C, H, W); of partial channels (edges, K + 1)."""
        tensors = dict(zip(CELL_INPUTS, (before_last, last), strict=True))
        for edge, mixed_op, row in zip(self.edges, self.mixed_ops, weights, strict=True):
            term = mixed_op(tensors[edge.source], row)
            tensors[edge.block] = tensors[edge.block] + term if edge.block in tensors else term
        return torch.cat([tensor for name, tensor in tensors.items() if name not in CELL_INPUTS], dim=1)


def preparation(inputs: int, width: int, recipe: Recipe) -> nn.Module:
    """What brings an input of a derived cell to its channels."""
    return relu_conv_norm(inputs, width, recipe.norm)


def operation(name: str, width: int, stride: int, recipe: Recipe) -> nn.Module:
    """A chosen primitive of a derived cell."""
    return OPERATIONS[name](width, stride, recipe)


def stride_of(step: int, outer: bool) -> int:
    """Of an operation in a cell whose level changes by ``step``; outer: it reads an input of the cell."""
    return 2 if step > 0 and outer else 1


@final
class Cell(nn.Module):
    """A derived cell with the change of resolution before it (official code).

    Coarser: every operation on H^{l-1} or H^{l-2} has stride 2. Finer: H^{l-1} is doubled bilinearly first. H^{l-2}
    is always resized to H^{l-1}, and then both are brought to C channels.
    """

    def __init__(self, wiring: Wiring, step: int, channels: tuple[int, int, int], recipe: Recipe, keep: float) -> None:
        """Args: step: change of level, -1, 0 or 1; channels: of H^{l-2}, of H^{l-1}, C; keep: of its drop path."""
        super().__init__()
        before_last, last, width = channels
        self.finer = step < 0
        self.before_last = preparation(before_last, width, recipe)
        self.last = preparation(last, width, recipe)
        self.wiring = wiring
        self.operations = nn.ModuleDict()
        for block, inputs in wiring.items():
            for source, name in inputs:
                chosen = operation(name, width, stride_of(step, source in CELL_INPUTS), recipe)
                dropped = chosen if name == "skip" else nn.Sequential(chosen, DropPath(keep))
                self.operations[f"{block}/{source}"] = dropped

    @override
    def forward(self, before_last: Tensor, last: Tensor) -> Tensor:
        """H^{l-2}, H^{l-1} of any sizes -> H^l, (N, B·C, H, W)."""
        last = double(last) if self.finer else last
        tensors = {"h-2": self.before_last(resize_like(before_last, last)), "h-1": self.last(last)}
        for block, inputs in self.wiring.items():
            left, right = (self.operations[f"{block}/{source}"](tensors[source]) for source, _ in inputs)
            tensors[block] = left + right
        return torch.cat([tensors[block] for block in self.wiring], dim=1)

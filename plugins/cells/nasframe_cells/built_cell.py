"""A cell of a network: its inputs brought to one size, its blocks, and the states that it gives out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn
from typing_extensions import override

from nasframe.training.drop_path import DropPath
from nasframe_cells.language import INPUTS, SIDES, Block, Cell, state_index, state_name
from nasframe_cells.operations import OPERATIONS, FactorisedReduction, Norm, conv, relu_conv_norm


@dataclass(frozen=True)
class Reads:
    """What the tensors are like that a cell reads."""

    before_last: int | None
    """Channels of the output before the last one; None: there is none."""
    last: int
    """Channels of the last output."""
    halved: bool
    """The output before the last has twice the resolution."""


@final
class BuiltCell(nn.Module):
    """The cells of NASNet, PNAS and AmoebaNet (slim's and the TPU's code).

    The last output always passes ReLU, 1x1 convolution and batch norm. The one before it passes ReLU and a factorised
    reduction where it has twice the resolution, ReLU, 1x1 convolution and batch norm where only its channels differ,
    else nothing. Where there is none, the last output stands for it as it is. Operations on the two have the cell's
    stride. An input that the cell gives out is brought to its resolution and width. States on which the output does
    not depend are left out.
    """

    def __init__(self, cell: Cell, reads: Reads, width: int, stride: int, norm: Norm, keep: float) -> None:
        """Args: width: filters of the operations; keep: of the drop path at the training's end."""
        super().__init__()
        self.cell = cell
        self.inputs = nn.ModuleDict()
        for state, make in enumerate((_before_last, _last)):
            if state in cell.live:
                self.inputs[state_name(state)] = make(reads, width, norm)
        channels = _channels(cell, reads, width)
        self.operations = nn.ModuleDict()
        for state, block in _live_blocks(cell):
            for side, edge in zip(SIDES, block.edges, strict=True):
                step = stride if edge.input < len(INPUTS) else 1
                operation = OPERATIONS[edge.operation](channels[edge.input], width, step, norm)
                dropped = operation if edge.operation == "skip" else nn.Sequential(operation, DropPath(keep))
                self.operations[f"{state_name(state)}/{side}"] = dropped
        self.outputs = nn.ModuleDict()
        for state in cell.concat:
            if state < len(INPUTS):
                self.outputs[state_name(state)] = _output(channels[state], width, stride, norm)
        self.channels = sum(width if state < len(INPUTS) else channels[state] for state in cell.concat)
        """Of what it gives out."""

    @override
    def forward(self, before_last: Tensor | None, last: Tensor) -> Tensor:
        """Two outputs, (N, C, H, W) each, the first maybe at twice the resolution or absent -> (N, C', H', W')."""
        read = {"h-2": last if before_last is None else before_last, "h-1": last}
        states = {state_index(name): align(read[name]) for name, align in self.inputs.items()}
        for state, block in _live_blocks(self.cell):
            left, right = (
                self.operations[f"{state_name(state)}/{side}"](states[edge.input])
                for side, edge in zip(SIDES, block.edges, strict=True)
            )
            states[state] = left + right if block.combine == "add" else torch.cat([left, right], dim=1)
        for name, output in self.outputs.items():
            states[state_index(name)] = output(states[state_index(name)])
        return torch.cat([states[state] for state in self.cell.concat], dim=1)


def _live_blocks(cell: Cell) -> list[tuple[int, Block]]:
    """The states that blocks make and the output depends on, with the blocks."""
    return [(state, block) for state, block in enumerate(cell.blocks, start=len(INPUTS)) if state in cell.live]


def _channels(cell: Cell, reads: Reads, width: int) -> list[int]:
    """Of every state."""
    before_last = reads.last if reads.before_last is None else width
    return [before_last, width, *(width if block.combine == "add" else 2 * width for block in cell.blocks)]


def _last(reads: Reads, width: int, norm: Norm) -> nn.Module:
    return relu_conv_norm(reads.last, width, norm)


def _before_last(reads: Reads, width: int, norm: Norm) -> nn.Module:
    if reads.before_last is None:
        return nn.Identity()
    if reads.halved:
        return nn.Sequential(nn.ReLU(), FactorisedReduction(reads.before_last, width, norm))
    return nn.Identity() if reads.before_last == width else relu_conv_norm(reads.before_last, width, norm)


def _output(channels: int, width: int, stride: int, norm: Norm) -> nn.Module:
    """What brings an input of a cell to its output."""
    if stride == 2:
        return FactorisedReduction(channels, width, norm)
    return nn.Identity() if channels == width else nn.Sequential(conv(channels, width), norm(width))

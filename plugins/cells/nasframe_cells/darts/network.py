"""DARTS's networks: stem, cells, classifier, and in training an auxiliary classifier (its code's final networks)."""

from __future__ import annotations

from functools import partial
from typing import cast, final

import torch
from torch import Tensor, nn
from typing_extensions import override

from nasframe import Task
from nasframe.outputs import Outputs
from nasframe.training.drop_path import DropPath
from nasframe_cells.darts.operations import OPERATIONS, conv, relu_conv_norm, relu_reduction
from nasframe_cells.darts.options import SkeletonOptions
from nasframe_cells.darts.skeleton import Place, skeleton
from nasframe_cells.language import INPUTS, Block, Cell, Cells
from nasframe_cells.network import AuxiliaryHead, Size
from nasframe_cells.normalisation import BatchNorm
from nasframe_cells.operations import Norm


@final
class DartsNetwork(nn.Module):
    """Images (N, C, H, W) of any size -> logits (N, classes)."""

    def __init__(self, cells: Cells, options: SkeletonOptions, task: Task) -> None:
        super().__init__()
        norm: Norm = partial(BatchNorm, eps=options.bn_eps, momentum=options.bn_momentum)
        plan = skeleton(options, len(cells.normal.concat), len(cells.reduction.concat))
        self.stem = Stem(options, task.in_channels, norm)
        self.cells = nn.ModuleList(
            DartsCell(cells.normal if place.cell == "normal" else cells.reduction, place, norm, options.drop_path_keep)
            for place in plan.places
        )
        self.auxiliary_after = plan.auxiliary_after
        self.auxiliary_weight = options.auxiliary_weight
        self.auxiliary = _auxiliary(options, plan.auxiliary_channels, task, norm) if options.auxiliary else None
        self.classify = nn.Linear(plan.channels, task.num_classes)

    @override
    def forward(self, images: Tensor) -> Tensor | Outputs:
        """(N, C, H, W) -> (N, classes); in training, with an auxiliary head, both logits."""
        before_last, last = self.stem(images)
        extra = None
        for index, cell in enumerate(self.cells):
            before_last, last = last, cell(before_last, last)
            if self.training and self.auxiliary is not None and index == self.auxiliary_after:
                extra = self.auxiliary(last)
        logits: Tensor = self.classify(last.mean(dim=(2, 3)))
        return logits if extra is None else Outputs(logits, ((extra, self.auxiliary_weight),))


@final
class Stem(nn.Module):
    """Makes the two outputs that the first cell reads: on CIFAR one and the same."""

    def __init__(self, options: SkeletonOptions, in_channels: int, norm: Norm) -> None:
        super().__init__()
        width = options.filters
        if options.skeleton == "cifar":
            self.first = nn.Sequential(conv(in_channels, 3 * width, 3), norm(3 * width))
            self.second = nn.Sequential()
        else:
            half = width // 2
            self.first = nn.Sequential(
                conv(in_channels, half, 3, stride=2), norm(half), nn.ReLU(), conv(half, width, 3, stride=2), norm(width)
            )
            self.second = nn.Sequential(nn.ReLU(), conv(width, width, 3, stride=2), norm(width))

    @override
    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C, H, W) -> the output before the last one, and the last."""
        before_last = self.first(images)
        return before_last, self.second(before_last)


@final
class DartsCell(nn.Module):
    """A derived cell: both inputs are always projected; states on which the output does not depend are left out."""

    def __init__(self, cell: Cell, place: Place, norm: Norm, keep: float) -> None:
        """Args: keep: of the drop path at the training's end."""
        super().__init__()
        self.cell = cell
        made = preparations(place, norm)
        self.inputs = nn.ModuleDict({state: made[state] for state in made if int(state) in cell.live})
        self.blocks = nn.ModuleDict(
            {
                str(state): _edges(block, place, norm, keep)
                for state, block in enumerate(cell.blocks, start=len(INPUTS))
                if state in cell.live
            }
        )

    @override
    def forward(self, before_last: Tensor, last: Tensor) -> Tensor:
        """Two outputs, (N, C, H, W) each, the first maybe at twice the resolution -> (N, C', H', W')."""
        read = (before_last, last)
        states = {int(state): prepare(read[int(state)]) for state, prepare in self.inputs.items()}
        for name, operations in self.blocks.items():
            edges = zip(self.cell.blocks[int(name) - len(INPUTS)].edges, cast(nn.ModuleList, operations), strict=True)
            left, right = (operation(states[edge.input]) for edge, operation in edges)
            states[int(name)] = left + right
        return torch.cat([states[state] for state in self.cell.concat], dim=1)


def preparations(place: Place, norm: Norm) -> dict[str, nn.Module]:
    """What brings a cell's inputs, the states 0 and 1, to its width and resolution."""
    project = relu_reduction if place.halved else relu_conv_norm
    return {
        "0": project(place.before_last, place.width, norm),
        "1": relu_conv_norm(place.last, place.width, norm),
    }


def _edges(block: Block, place: Place, norm: Norm, keep: float) -> nn.ModuleList:
    """The operations of a block; identities are not dropped."""
    found = nn.ModuleList()
    for edge in block.edges:
        stride = place.stride if edge.input < len(INPUTS) else 1
        operation = OPERATIONS[edge.operation](place.width, stride, norm)
        kept = isinstance(operation, nn.Identity)
        found.append(operation if kept else nn.Sequential(operation, DropPath(keep)))
    return found


def _auxiliary(options: SkeletonOptions, channels: int, task: Task, norm: Norm) -> AuxiliaryHead:
    """The ImageNet network's means are taken every 2 pixels, and its wide convolution has no batch norm."""
    imagenet = options.skeleton == "imagenet"
    factor = 32 if imagenet else 4
    height, width = (-(-side // factor) for side in task.size)
    size: Size = (height, width)
    return AuxiliaryHead(channels, size, task, norm, stride=2 if imagenet else 3, norm_at_end=not imagenet)

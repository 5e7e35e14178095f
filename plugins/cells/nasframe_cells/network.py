"""The networks of NASNet, PNAS and AmoebaNet: stem, cells, classifier, and in training an auxiliary classifier."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import final

from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from nasframe import GenotypeError, Task
from nasframe.outputs import Auxiliary, Outputs
from nasframe_cells.built_cell import BuiltCell, Reads
from nasframe_cells.language import Cells
from nasframe_cells.normalisation import BatchNorm
from nasframe_cells.operations import Norm
from nasframe_cells.options import CellOptions
from nasframe_cells.skeleton import Place, auxiliary_place

KEPT = 3
"""How many of the last outputs cells read."""
Size = tuple[int, int]
"""Height and width in pixels."""


@final
class CellNetwork(nn.Module):
    """Images (N, C, H, W) of any size -> logits (N, classes)."""

    def __init__(self, cells: Cells, places: Sequence[Place], options: CellOptions, task: Task) -> None:
        super().__init__()
        norm: Norm = partial(BatchNorm, eps=options.bn_eps, momentum=options.bn_momentum)
        self.places = tuple(places)
        self.stem = _stem(options, task.in_channels, norm)
        self.cells = nn.ModuleList()
        channels, level = [options.stem_channels], [0]
        for index, place in enumerate(places):
            before = None if place.back is None else channels[-place.back]
            reads = Reads(before, channels[-1], place.back is not None and level[-place.back] < level[-1])
            cell = cells.normal if place.cell == "normal" else cells.reduction
            keep = 1 - (index + 1) / len(places) * (1 - options.drop_path_keep)
            built = BuiltCell(cell, reads, place.width, place.stride, norm, keep)
            self.cells.append(built)
            channels.append(built.channels)
            level.append(level[-1] + place.stride // 2)
        self.auxiliary_after = auxiliary_place(self.places)
        self.auxiliary_weight = options.auxiliary_weight
        self.auxiliary = (
            AuxiliaryHead(channels[self.auxiliary_after + 1], self._auxiliary_size(options, task.size), task, norm)
            if options.auxiliary
            else None
        )
        self.dropout = nn.Dropout(options.dropout)
        self.classify = nn.Linear(channels[-1], task.num_classes)

    @override
    def forward(self, images: Tensor) -> Tensor | Outputs:
        """(N, C, H, W) -> (N, classes); in training, with an auxiliary head, both logits."""
        recent, extra = [self.stem(images)], None
        for index, (place, cell) in enumerate(zip(self.places, self.cells, strict=True)):
            before = None if place.back is None else recent[-place.back]
            recent = [*recent[1 - KEPT :], cell(before, recent[-1])]
            if self.training and self.auxiliary is not None and index == self.auxiliary_after:
                extra = self.auxiliary(recent[-1])
        pooled = functional.relu(recent[-1]).mean(dim=(2, 3))
        logits: Tensor = self.classify(self.dropout(pooled))
        return logits if extra is None else Outputs(logits, ((extra, self.auxiliary_weight),))

    def _auxiliary_size(self, options: CellOptions, size: Size) -> Size:
        """Of the features that the auxiliary head gets from images of a size."""
        height, width = size if options.skeleton == "cifar" else ((side - 1) // 2 for side in size)
        for place in self.places[: self.auxiliary_after + 1]:
            height, width = -(-height // place.stride), -(-width // place.stride)
        return height, width


@final
class AuxiliaryHead(nn.Module, Auxiliary):
    """ReLU, mean of 5x5 pixels at a stride, 1x1 to 128, a convolution of the whole image to 768, classifier."""

    def __init__(
        self, inputs: int, size: Size, task: Task, norm: Norm, stride: int = 3, norm_at_end: bool = True
    ) -> None:
        """Make it.

        Args:
            size: of the features.
            norm_at_end: there is one after the convolution of the whole image.

        Raises:
            GenotypeError: they have less than 5x5 pixels.
        """
        super().__init__()
        if min(size) < 5:
            raise GenotypeError(
                f"an auxiliary head needs features of 5x5 pixels or more; from images of "
                f"{'x'.join(map(str, task.size))} it gets {'x'.join(map(str, size))}: set auxiliary to false, or take "
                "larger images"
            )
        height, width = ((side - 5) // stride + 1 for side in size)
        self.stride = stride
        self.size = (height, width)
        self.project = nn.Sequential(nn.Conv2d(inputs, 128, 1, bias=False), norm(128), nn.ReLU())
        end = [norm(768), nn.ReLU()] if norm_at_end else [nn.ReLU()]
        self.join = nn.Sequential(nn.Conv2d(128, 768, self.size, bias=False), *end)
        self.classify = nn.Linear(768, task.num_classes)

    @override
    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, classes); of images of another size than the task's the means are resized."""
        means = functional.avg_pool2d(functional.relu(features), 5, self.stride)
        projected = self.project(functional.adaptive_avg_pool2d(means, self.size))
        logits: Tensor = self.classify(self.join(projected).flatten(1))
        return logits


def _stem(options: CellOptions, in_channels: int, norm: Norm) -> nn.Sequential:
    stride, padding = (1, 1) if options.skeleton == "cifar" else (2, 0)
    channels = options.stem_channels
    return nn.Sequential(nn.Conv2d(in_channels, channels, 3, stride, padding, bias=False), norm(channels))

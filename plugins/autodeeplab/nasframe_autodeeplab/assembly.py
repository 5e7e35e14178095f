"""The parts of a network: stem, cells by the strides around them, ASPP, decoder; and what each tensor is like."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, final

from torch import nn

from nasframe import Task
from nasframe_autodeeplab.cell import Cell, Wiring
from nasframe_autodeeplab.head import Aspp, Decoder
from nasframe_autodeeplab.normalisation import BatchNorm
from nasframe_autodeeplab.operations import Recipe, conv
from nasframe_autodeeplab.options import AutoDeepLabOptions
from nasframe_autodeeplab.trellis import FINEST, STEM

if TYPE_CHECKING:
    from nasframe_autodeeplab.normalisation import Norm


def channels(options: AutoDeepLabOptions, node: str, stride: int) -> int:
    """Of the output of a node of the trellis."""
    _, middle, last = options.network.stem_filters
    if node.startswith("stem"):
        return middle if node == STEM else last
    return options.blocks * options.filters * stride // FINEST


@final
class Assembly:
    """Makes the parts of networks, whatever their genotype."""

    def __init__(self, options: AutoDeepLabOptions, task: Task) -> None:
        self.options = options
        settings = options.network
        self.task = task
        self.norm: Norm = partial(
            BatchNorm, eps=settings.bn_eps, momentum=settings.bn_momentum, affine=settings.bn_affine
        )
        self.head_norm: Norm = partial(self.norm, eps=settings.head_bn_eps)
        self.recipe = Recipe(self.norm, options.sep_repeats, options.atrous_separable, pool_norm=False)

    def width(self, stride: int) -> int:
        """Channels inside the blocks of a cell with an output of this stride."""
        return self.options.filters * stride // FINEST

    def stem(self) -> nn.ModuleList:
        """From images to H^{-1} and from there to H^0."""
        first, middle, last = self.options.network.stem_filters
        return nn.ModuleList(
            [
                nn.Sequential(
                    conv(self.task.in_channels, first, 3, stride=2),
                    self.norm(first),
                    nn.ReLU(),
                    conv(first, middle, 3),
                    self.norm(middle),
                ),
                nn.Sequential(nn.ReLU(), conv(middle, last, 3, stride=2), self.norm(last)),
            ]
        )

    def cell(self, wiring: Wiring, layer: int, inputs: tuple[int, int], before: int, stride: int) -> Cell:
        """The cell of a layer (from 1).

        Args:
            inputs: channels of H^{l-2} and H^{l-1}.
            before: stride of H^{l-1}.
            stride: of its output.
        """
        step = (stride > before) - (stride < before)
        depth = layer / self.options.layers  # deeper cells are dropped more often
        keep = 1 - depth * (1 - self.options.network.drop_path_keep)
        return Cell(wiring, step, (*inputs, self.width(stride)), self.recipe, keep)

    def aspp(self, channels: int, stride: int) -> Aspp:
        """Reads the last features."""
        return Aspp(channels, stride, self.options.network, self.head_norm)

    def decoder(self, low_level: int) -> Decoder:
        """Args: low_level: channels of the features at stride 4."""
        return Decoder(low_level, self.options.network, self.task.num_classes, self.head_norm)

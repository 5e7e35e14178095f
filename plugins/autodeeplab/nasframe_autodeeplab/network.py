"""The network of one genotype: stem, cells along the path, ASPP, decoder (Auto-DeepLab, section 4; official code)."""

from __future__ import annotations

from functools import partial
from typing import final

from torch import Tensor, nn

from nasframe import Genotype, Task
from nasframe_autodeeplab.cell import Cell
from nasframe_autodeeplab.head import Aspp, Decoder
from nasframe_autodeeplab.normalisation import BatchNorm, Norm
from nasframe_autodeeplab.operations import Recipe, conv
from nasframe_autodeeplab.options import AutoDeepLabOptions
from nasframe_autodeeplab.resolution import crop, pad, resize_like
from nasframe_autodeeplab.space import cell_wiring
from nasframe_autodeeplab.trellis import FINEST


@final
class Network(nn.Module):
    """Images (N, C, H, W) of any size, best scaled to [-1, 1] -> logits (N, classes, H, W).

    Sides that are not 32·n + 1 (for a path down to stride 32) are padded, see ``resolution``.
    """

    def __init__(self, genotype: Genotype, options: AutoDeepLabOptions, task: Task) -> None:
        super().__init__()
        settings = options.network
        norm = partial(BatchNorm, eps=settings.bn_eps, momentum=settings.bn_momentum, affine=settings.bn_affine)
        head_norm = partial(norm, eps=settings.head_bn_eps)
        strides = [int(genotype[f"path/l{layer}"]) for layer in range(1, options.layers + 1)]
        first, middle, last = settings.stem_filters
        widths = [middle, last, *(options.blocks * options.filters * stride // FINEST for stride in strides)]
        self.stride = max(strides)
        self.stem = nn.ModuleList(
            [
                nn.Sequential(
                    conv(task.in_channels, first, 3, stride=2),
                    norm(first),
                    nn.ReLU(),
                    conv(first, middle, 3),
                    norm(middle),
                ),
                nn.Sequential(nn.ReLU(), conv(middle, last, 3, stride=2), norm(last)),
            ]
        )
        self.cells = _cells(genotype, options, strides, widths, norm)
        early = [FINEST, *strides][: settings.low_level_layer + 1]
        self.low_level = max(layer for layer, stride in enumerate(early) if stride == FINEST)
        self.aspp = Aspp(widths[-1], strides[-1], settings, head_norm)
        self.decoder = Decoder(widths[self.low_level + 1], settings, task.num_classes, head_norm)

    def features(self, images: Tensor) -> list[Tensor]:
        """The two stem outputs H^{-1} and H^0, then H^1 to H^L; none has passed its ReLU."""
        outputs: list[Tensor] = []
        for layer in self.stem:
            images = layer(images)
            outputs.append(images)
        for cell in self.cells:
            outputs.append(cell(outputs[-2], outputs[-1]))
        return outputs

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, classes, H, W)."""
        padded = pad(images, self.stride)
        outputs = self.features(padded)
        pyramid = self.aspp(nn.functional.relu(outputs[-1]))
        logits = self.decoder(pyramid, outputs[self.low_level + 1])
        return crop(resize_like(logits, padded), like=images)


def _cells(
    genotype: Genotype,
    options: AutoDeepLabOptions,
    strides: list[int],
    widths: list[int],
    norm: Norm,
) -> nn.ModuleList:
    recipe = Recipe(norm, options.sep_repeats, options.atrous_separable, pool_norm=False)
    wiring = cell_wiring(genotype, options.blocks)
    cells = nn.ModuleList()
    for index, (before, stride) in enumerate(zip([FINEST, *strides], strides, strict=False)):
        step = (stride > before) - (stride < before)
        channels = (widths[index], widths[index + 1], options.filters * stride // FINEST)
        depth = (index + 1) / options.layers  # deeper cells are dropped more often
        keep = 1 - depth * (1 - options.network.drop_path_keep)
        cells.append(Cell(wiring, step, channels, recipe, keep))
    return cells

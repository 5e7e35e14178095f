"""The network of one genotype: stem, cells along the path, ASPP, decoder (Auto-DeepLab, section 4; official code)."""

from __future__ import annotations

from itertools import pairwise
from typing import final

from torch import Tensor, nn
from typing_extensions import override

from nasframe import Genotype, Task
from nasframe_autodeeplab.assembly import Assembly, channels
from nasframe_autodeeplab.questions import Questions
from nasframe_autodeeplab.resolution import crop, pad, resize_like
from nasframe_autodeeplab.trellis import ENTRY, FINEST, STEM


@final
class Network(nn.Module):
    """Images (N, C, H, W) of any size, best scaled to [-1, 1] -> logits (N, classes, H, W).

    Sides that are not 32·n + 1 (for a path down to stride 32) are padded, see ``resolution``.
    """

    def __init__(self, genotype: Genotype, questions: Questions, task: Task) -> None:
        super().__init__()
        options, wiring = questions.options, questions.cell_wiring(genotype)
        assembly = Assembly(options, task)
        strides = [FINEST, *(int(genotype[f"path/l{layer}"]) for layer in range(1, options.layers + 1))]
        nodes = [ENTRY, *questions.path_states(genotype)]
        widths = [channels(options, STEM, 2), *(channels(options, *at) for at in zip(nodes, strides, strict=True))]
        self.stride = max(strides)
        self.stem = assembly.stem()
        self.cells = nn.ModuleList(
            assembly.cell(wiring, layer, (widths[layer - 1], widths[layer]), before, stride)
            for layer, (before, stride) in enumerate(pairwise(strides), start=1)
        )
        early = strides[: options.network.low_level_layer + 1]
        self.low_level = max(layer for layer, stride in enumerate(early) if stride == FINEST)
        self.aspp = assembly.aspp(widths[-1], strides[-1])
        self.decoder = assembly.decoder(widths[self.low_level + 1])

    def features(self, images: Tensor) -> list[Tensor]:
        """The two stem outputs H^{-1} and H^0, then H^1 to H^L; none has passed its ReLU."""
        outputs: list[Tensor] = []
        for layer in self.stem:
            images = layer(images)
            outputs.append(images)
        for cell in self.cells:
            outputs.append(cell(outputs[-2], outputs[-1]))
        return outputs

    @override
    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, classes, H, W)."""
        padded = pad(images, self.stride)
        outputs = self.features(padded)
        pyramid = self.aspp(nn.functional.relu(outputs[-1]))
        logits = self.decoder(pyramid, outputs[self.low_level + 1])
        return crop(resize_like(logits, padded), like=images)

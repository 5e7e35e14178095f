"""What brings the tensors that arrive at a node to its stride and to C channels, for all evaluations together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from nasframe_autodeeplab.normalisation import BatchNorm
from nasframe_autodeeplab.operations import FactorisedReduction
from nasframe_autodeeplab.resolution import resize
from nasframe_autodeeplab.stacked.banks import convolutions, norms
from nasframe_autodeeplab.stacked.mixing import normalised
from nasframe_autodeeplab.stacked.normalisation import StackedNorm
from nasframe_autodeeplab.stacked.stacking import PlainNames, Stacked
from nasframe_autodeeplab.supernet_node import Preparation


@final
class Projection(Stacked):
    """ReLU and a convolution to C channels for each of some evaluations that read the same tensor."""

    weight: Tensor
    shifted: Tensor

    def __init__(self, plain: Sequence[nn.Module], names: PlainNames) -> None:
        super().__init__()
        layers = [convolutions(one) for one in plain]
        self.stride = layers[0][0].stride[0]
        self.shift = plain[0].shift if isinstance(plain[0], FactorisedReduction) else 0
        self.stack("weight", (len(plain),), lambda place: layers[place][0].weight, names)
        if self.shift:
            self.stack("shifted", (len(plain),), lambda place: layers[place][1].weight, names)

    @override
    def forward(self, hidden: Tensor) -> Tensor:
        """(C', N, H, W) -> (evaluations, C, N, h, w)."""
        active = functional.relu(hidden)
        output = self._convolved(active, self.weight)
        if self.shift == 0:
            return output
        moved = functional.pad(active, (0, self.shift, 0, self.shift))[..., self.shift :, self.shift :]
        return torch.cat([output, self._convolved(moved, self.shifted)], dim=1)

    def _convolved(self, active: Tensor, weight: Tensor) -> Tensor:
        """(C', N, H, W), (evaluations, C, C', k, k) -> (evaluations, C, N, h, w)."""
        filters = weight.flatten(0, 1)
        kernel = filters.shape[-1]
        if kernel == 1:
            pixels = active[..., :: self.stride, :: self.stride]
            output = (filters.flatten(1) @ pixels.flatten(1)).view(-1, *pixels.shape[1:])
        else:
            images = active.transpose(0, 1).contiguous()
            output = functional.conv2d(images, filters, stride=self.stride, padding=kernel // 2).transpose(0, 1)
        return output.view(*weight.shape[:2], *output.shape[1:])


@final
class StackedPreparation(nn.Module):
    """H^{l-2} and each H^{l-1} -> the inputs of all cells."""

    def __init__(self, plain: Sequence[Preparation], names: PlainNames) -> None:
        super().__init__()
        self.before_last = Projection([one.before_last for one in plain], names)
        self.last = nn.ModuleList(Projection([one.last], names) for one in plain)

        def norm(_: int, source: int, __: int, evaluation: int) -> BatchNorm:
            return norms((plain[evaluation].before_last, plain[evaluation].last)[source])[0]

        self.norm = StackedNorm((1, 2, 1, len(plain)), norm, names)

    @override
    def forward(self, before_last: Tensor, last: Sequence[Tensor]) -> Tensor:
        """(C', N, H, W) of the hidden tensors -> (2, G, C, N, h, w)."""
        first = self.before_last(before_last)
        size = (first.shape[-2], first.shape[-1])
        others = [
            project(resize(hidden, size) if hidden.shape[-1] < size[1] else hidden)
            for project, hidden in zip(self.last, last, strict=True)
        ]
        return normalised(torch.cat([first, *others]).view(2, *first.shape), self.norm)

"""Batch norms side by side, whose results may be scaled by mixing weights on the way."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from nasframe.training.running_statistics import Holding
from nasframe_cells.darts.options import SkeletonOptions

EVERY = slice(None)


@final
class Norms(nn.Module, Holding):
    """Batch norms of several tensors that are joined along the channels: one of them all is that of each.

    Where there is one value a channel (a batch of one image, one pixel), it is normalised by the running statistics,
    which it leaves alone; while ``held`` these stay as they are.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, options: SkeletonOptions, affine: bool) -> None:
        """Args: channels: of all tensors together; options: what momentum and eps are read from."""
        super().__init__()
        self.momentum = options.bn_momentum
        self.eps = options.bn_eps
        self.weight = nn.Parameter(torch.ones(channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(channels)) if affine else None
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    @override
    def forward(self, values: Tensor, places: slice = EVERY, scale: Tensor | None = None) -> Tensor:
        """Normalise them.

        Args:
            values: (N, C, H, W).
            places: of the channels that they are.
            scale: what each channel is multiplied by afterwards, (C,).

        Returns:
            (N, C, H, W).
        """
        weight = None if self.weight is None else self.weight[places]
        bias = None if self.bias is None else self.bias[places]
        if scale is not None:
            weight = scale if weight is None else weight * scale
            bias = None if bias is None else bias * scale
        by_batch = self.training and values[:, 0].numel() > 1
        return functional.batch_norm(
            values,
            self.running_mean[places],
            self.running_var[places],
            weight,
            bias,
            by_batch,
            0.0 if self.held else self.momentum,
            self.eps,
        )

    def tensors(self, places: slice) -> dict[str, Tensor]:
        """What the norm of some channels is made of, by the names of a torch norm."""
        named = {**dict(self.named_parameters()), **dict(self.named_buffers())}
        return {name: tensor[places] for name, tensor in named.items()}

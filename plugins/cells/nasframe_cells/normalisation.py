"""Batch normalisation that survives single values and recomputation."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from nasframe.training.running_statistics import Holding


@final
class BatchNorm(nn.BatchNorm2d, Holding):
    """As torch's, but for two cases.

    A single value a channel (a batch of one image, whose features are one pixel) has no variance: it is normalised by
    the running statistics, which it leaves alone, where torch raises an error. And while ``held`` the running
    statistics stay as they are.
    """

    @override
    def forward(self, inputs: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        by_batch = self.training and inputs.numel() > self.num_features
        momentum = 0.0 if self.held or self.momentum is None else self.momentum
        return functional.batch_norm(
            inputs, self.running_mean, self.running_var, self.weight, self.bias, by_batch, momentum, self.eps
        )

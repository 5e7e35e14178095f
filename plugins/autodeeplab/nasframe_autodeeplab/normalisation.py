"""Batch normalisation that survives single values and recomputation."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from nasframe.training.running_statistics import Holding

Norm = Callable[[int], nn.Module]
"""Makes the normalisation of that many channels."""


@final
class BatchNorm(nn.BatchNorm2d, Holding):
    """As torch's, but for two cases.

    A single value per channel (image pooling in a batch of one image) has no variance: it is normalised by the
    running statistics, which it leaves alone, where torch raises "Expected more than 1 value per channel". And while
    ``held`` the running statistics stay as they are.
    """

    @override
    def forward(self, inputs: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        by_batch = self.training and inputs.numel() > self.num_features
        momentum = 0.0 if self.held or self.momentum is None else self.momentum
        return functional.batch_norm(
            inputs, self.running_mean, self.running_var, self.weight, self.bias, by_batch, momentum, self.eps
        )

"""Statistics of batch norms for one candidate (SPOS, section 3.4)."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from nasframe.evaluator import Batch, Runtime
from nasframe.training.precision import autocast


def recalibrate(network: nn.Module, batches: Iterable[Batch], runtime: Runtime) -> None:
    """Replace the running statistics of all batch norms by their means over these batches; without any, keep them.

    The network is left in training mode.
    """
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm) and module.track_running_stats]
    momenta = [norm.momentum for norm in norms]
    network.train()
    with torch.no_grad():
        for count, batch in enumerate(batches, start=1):
            for norm in norms:
                norm.momentum = 1 / count  # a moving average with this share of the newest is the mean so far
            with autocast(runtime):
                network(batch.inputs)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum

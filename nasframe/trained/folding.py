"""Folding batch norms into the convolutions before them, for inference: the same function with fewer operations."""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import nn

from nasframe.outputs import auxiliary_names


@dataclass(frozen=True)
class Folded:
    """A network whose batch norms are folded as far as they can be."""

    network: nn.Module
    folded: int
    """How many batch norms are gone."""
    left: tuple[str, ...]
    """The names of those that stay: they follow no convolution, or one whose output is used elsewhere too."""


def without_auxiliary(network: nn.Module) -> nn.Module:
    """A copy of a network in eval mode, without the submodules that training alone uses (``nasframe.Auxiliary``)."""
    kept = copy.deepcopy(network).eval()
    for name in auxiliary_names(kept):
        kept.set_submodule(name, nn.Identity())
    return kept


def fold_batch_norm(network: nn.Module) -> Folded:
    """A copy of a network as ``without_auxiliary`` makes it, without batch norms that directly follow a convolution.

    They must be neighbours in an ``nn.Sequential``, for only there is it certain that nothing else reads what is
    between them. Weights are computed in float64 and rounded once, so outputs agree to the rounding of float32.
    """
    network = without_auxiliary(network)
    uses = Counter(id(module) for _, module in network.named_modules(remove_duplicate=False))
    folded = 0
    for sequence in [module for module in network.modules() if isinstance(module, nn.Sequential)]:
        for (before, convolution), (name, norm) in pairwise(list(sequence.named_children())):
            if _can_fold(convolution, norm) and uses[id(convolution)] == uses[id(norm)] == 1:
                sequence.set_submodule(before, _fused(convolution, norm))
                sequence.set_submodule(name, nn.Identity())
                folded += 1
    left = tuple(name for name, module in network.named_modules() if isinstance(module, nn.BatchNorm2d))
    return Folded(network, folded, left)


def _can_fold(convolution: nn.Module, norm: nn.Module) -> bool:
    return (
        isinstance(convolution, nn.Conv2d)
        and isinstance(norm, nn.BatchNorm2d)
        and norm.running_mean is not None
        and convolution.out_channels == norm.num_features
    )


def _fused(convolution: nn.Module, norm: nn.Module) -> nn.Conv2d:
    """One convolution that does what both did: w·g/√(v + ε), (b - m)·g/√(v + ε) + β."""
    assert isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None and norm.running_var is not None
    fused = copy.deepcopy(convolution)
    with torch.no_grad():
        gain = (norm.running_var.double() + norm.eps).rsqrt()
        if norm.weight is not None:
            gain = gain * norm.weight.double()
        bias = (
            -norm.running_mean.double() if convolution.bias is None else convolution.bias - norm.running_mean.double()
        )
        bias = bias * gain + (0 if norm.bias is None else norm.bias.double())
        weight = convolution.weight.double() * gain[:, None, None, None]
        fused.weight = nn.Parameter(weight.to(convolution.weight.dtype))
        fused.bias = nn.Parameter(bias.to(convolution.weight.dtype))
    return fused

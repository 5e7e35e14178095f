"""Activation checkpointing that changes no number."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from torch import Tensor, nn
from torch.func import functional_call
from torch.utils.checkpoint import checkpoint

from nasframe.training.running_statistics import HeldStatistics


def recomputed(module: nn.Module, *inputs: Any) -> Tensor:
    """``module(*inputs)``, whose activations are not kept but computed again in the backward pass.

    The second time batch norms leave their running statistics alone. The module's tensors are bound now, because by
    the time of the backward pass a caller's ``functional_call`` (second-order DARTS) has put others in their place.
    The module must draw no random numbers.
    """
    tensors = {**dict(module.named_parameters()), **dict(module.named_buffers())}

    def run(*inputs: Any) -> Tensor:
        output: Tensor = functional_call(module, tensors, inputs)
        return output

    def contexts() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        return nullcontext(), HeldStatistics(module)

    output: Tensor = checkpoint(run, *inputs, use_reentrant=False, preserve_rng_state=False, context_fn=contexts)
    return output

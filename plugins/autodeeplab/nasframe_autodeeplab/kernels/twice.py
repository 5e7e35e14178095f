"""Gradients of gradients (second-order DARTS): the kernels have none of their own, so torch's operations serve."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def differentiable_gradients(
    function: Callable[[], Tensor], inputs: Sequence[Tensor | None], gradient: Tensor
) -> list[Tensor | None]:
    """The gradients of ``function()`` for its inputs, which can be differentiated again; None where none is wanted."""
    wanted = [one for one in inputs if one is not None and one.requires_grad]
    with torch.enable_grad():
        found = iter(torch.autograd.grad(function(), wanted, gradient, create_graph=True, allow_unused=True))
    return [next(found) if one is not None and one.requires_grad else None for one in inputs]

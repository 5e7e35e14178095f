"""The largest eigenvalue of a loss's Hessian by some parameters, without the Hessian."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

ITERATIONS = 100
CLOSE = 1e-3
"""Relative change of the eigenvalue from one iteration to the next, at which it is taken as found."""


def largest_eigenvalue(loss: Tensor, parameters: Sequence[nn.Parameter]) -> float:
    """By power iteration, v <- Hv / |Hv|, with lambda = v·Hv of a unit v; each product is one pass backward.

    Power iteration finds the eigenvalue of the largest magnitude. If that is negative, a second one on H - lambda I
    finds how far the largest is above it. The first direction comes from torch's global generator.

    Args:
        loss: a scalar on the graph of the parameters that can be differentiated twice.
        parameters: those that have no part in the loss add zeros to the Hessian.
    """
    slopes = _flat(torch.autograd.grad(loss, parameters, create_graph=True, allow_unused=True), parameters)
    if not slopes.requires_grad:  # a loss that is linear in them, or has no part of them
        return 0.0

    def product(direction: Tensor) -> Tensor:
        found = torch.autograd.grad(slopes, parameters, direction, retain_graph=True, allow_unused=True)
        return _flat(found, parameters).detach()

    size = slopes.numel()
    dominant = _dominant(product, size, slopes)
    if dominant >= 0:
        return dominant
    return dominant + _dominant(lambda direction: product(direction) - dominant * direction, size, slopes)


def _dominant(product: Callable[[Tensor], Tensor], size: int, like: Tensor) -> float:
    """The eigenvalue of the largest magnitude of a symmetric matrix (size, size), given by its products."""
    direction = torch.randn(size, dtype=like.dtype).to(like.device)
    direction /= direction.norm()
    found = 0.0
    for _ in range(ITERATIONS):
        image = product(direction)
        before, found = found, float(direction @ image)
        length = float(image.norm())
        if length == 0 or abs(found - before) <= CLOSE * abs(found):
            break
        direction = image / length
    return found


def _flat(tensors: Sequence[Tensor | None], parameters: Sequence[nn.Parameter]) -> Tensor:
    pairs = zip(tensors, parameters, strict=True)
    return torch.cat([(torch.zeros_like(one) if found is None else found).flatten() for found, one in pairs])

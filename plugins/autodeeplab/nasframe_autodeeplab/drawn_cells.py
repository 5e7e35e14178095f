"""Which operations a cell keeps where each edge draws its own: what decoding makes of chance."""

from __future__ import annotations

import torch
from torch import Tensor

from nasframe_autodeeplab.cell_graph import edges


def kept_probabilities(weights: Tensor, blocks: int) -> Tensor:
    """The probability that an edge is kept with an operation; exact, and differentiable but where weights are equal.

    Each edge draws one of its operations by their shares of its weights, independently. Of the edges into a block
    those two are kept whose drawn operations have the most weight, the lower edge first among equals: Auto-DeepLab's
    rule (section 3.4.3), applied to what was drawn instead of to the strongest operation of each edge. Where one
    operation has nearly all the weight of its edge, the two are the same.

    Args:
        weights: (edges, K) of the operations that may be derived, from 0 on; not all of ``zero``'s.
        blocks: B of the cell whose edges these are.

    Returns:
        (edges, K); the sum over the edges into a block is 2.
    """
    cell_edges = edges(blocks)
    counts = [sum(edge.block == block for edge in cell_edges) for block in dict.fromkeys(e.block for e in cell_edges)]
    return torch.cat([_of_block(rows) for rows in torch.split(weights, counts)])


def _of_block(weights: Tensor) -> Tensor:
    """The same of the edges into one block: (n, K) -> (n, K)."""
    edges_in, options = weights.shape
    shares = _shares(weights)
    strength, drawn = weights.detach().flatten(), shares.flatten()  # (n·K,): an edge with an operation is one item
    row = torch.arange(edges_in, device=weights.device).repeat_interleave(options)
    ahead = (strength > strength[:, None]) | ((strength == strength[:, None]) & (row < row[:, None]))
    ahead &= row != row[:, None]
    # By item, the probability that each of the edges has drawn something that comes before it.
    beaten = (ahead * drawn).view(len(drawn), edges_in, options).sum(-1).clamp(max=1)  # (n·K, n)
    none, one = torch.ones_like(drawn), torch.zeros_like(drawn)
    for by in beaten.unbind(-1):
        none, one = none * (1 - by), one * (1 - by) + none * by
    return (drawn * (none + one)).view_as(weights)


def _shares(weights: Tensor) -> Tensor:
    """Rows (n, K) divided by their sums; a row of zeros is its first operation, as decoding has it."""
    totals = weights.sum(-1, keepdim=True)
    first = torch.zeros_like(weights)
    first[:, 0] = 1
    return torch.where(totals > 0, weights / torch.where(totals > 0, totals, 1), first)

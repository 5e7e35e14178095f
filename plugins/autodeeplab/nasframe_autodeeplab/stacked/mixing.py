"""The mixed sum of all operations on all edges that leave some tensors, with batch norms' parameters and statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from nasframe_autodeeplab.kernels.mixing import mixed
from nasframe_autodeeplab.stacked.normalisation import StackedNorm
from nasframe_autodeeplab.stacked.sums import Summand


@dataclass(frozen=True)
class Term:
    """K operations: their values, the batch norms that follow, and the weights of their sum."""

    values: Tensor
    """(K, E, S, G, C, N, H, W): kinds, edges, source tensors, evaluations; E is 1 where all edges share the values."""
    norm: StackedNorm | None
    """On the grid (K, E, S, G), whether or not edges share the values."""
    scale: Tensor
    """(K, E, S)."""

    def prepared(self) -> tuple[Summand, Tensor | None]:
        """The summand, and what is to be added to the sum."""
        if self.norm is None:
            return Summand(self.values, self.scale, False), None
        return self.norm.prepared(self.values, self.scale)


def mix(terms: Sequence[Term], before: Tensor | None) -> Tensor:
    """The sums over kinds and source tensors of normalised and scaled values, added to those ``before``.

    Both are (E, G, C, N, H, W).
    """
    prepared = [term.prepared() for term in terms]
    summands = [summand for summand, _ in prepared]
    biases = [bias for _, bias in prepared if bias is not None]
    eps = next((term.norm.eps for term in terms if term.norm), 0.0)
    bias = sum(biases[1:], biases[0]) if biases else None
    total, statistics = mixed(summands, eps, bias, before)
    measured = [term for term, summand in zip(terms, summands, strict=True) if summand.normed]
    sizes = [term.values.shape[:5].numel() for term in measured]
    for term, part in zip(measured, statistics.split_with_sizes(sizes, dim=1), strict=True):
        if term.norm is not None:
            term.norm.note(part, term.values)
    return total


def normalised(values: Tensor, norm: StackedNorm) -> Tensor:
    """Batch norms on a grid (1, E, 1, G) alone: (E, G, C, N, H, W) -> the same."""
    ones = values.new_ones(1, values.shape[0], 1)
    edges, *rest = values.shape
    return mix([Term(values.view(1, edges, 1, *rest), norm, ones)], None)

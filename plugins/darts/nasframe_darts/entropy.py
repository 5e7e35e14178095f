"""The entropy of the mixing weights as a term of the architecture's loss, which makes a search decide.

Tian et al., Discretization-aware architecture search, 2020, arXiv 2007.03154: an entropy-based loss pushes the supernet
towards the network that will be derived from it, by a weight that grows over the search.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import torch
from torch import Tensor
from typing_extensions import override

from nasframe.supernet import Supernet
from nasframe_darts.regularising import Regulariser
from nasframe_darts.weighing import Weighing


@final
class Entropy(Regulariser):
    """lambda · sum over tables of the mean over rows of H(p),    H(p) = -sum_k p_k ln p_k,    p = softmax(a),

    where a are the logits that deriving looks at. A table is an array of mixing weights, such as those of operations
    or of moves; entropies are in nats.
    """

    def __init__(self, first: float, last: float, weighing: Weighing) -> None:
        """Args: first, last: lambda in the first and in the last update; in between it goes linearly."""
        self.first = first
        self.last = last
        self._weighing = weighing
        self._value = 0.0

    @override
    def term(self, supernet: Supernet, passed: float) -> Tensor:
        tables = supernet.weighed(lambda logits: self._weighing.derived(logits).softmax(dim=-1)).values()
        found = (self.first + (self.last - self.first) * passed) * sum(map(mean_entropy, tables), torch.zeros(()))
        self._value = float(found.detach())
        return found

    @override
    def metrics(self) -> Mapping[str, float]:
        """The term as it was in the last update."""
        return {"entropy_term": self._value}


def mean_entropy(weights: Tensor) -> Tensor:
    """The mean entropy, in nats, of the rows (..., K), each as shares of its sum; a weight of 0 adds none."""
    shares = weights / weights.sum(dim=-1, keepdim=True)
    # An absent option is 0 for good. As a 1 it adds 0 as well, and no infinite gradient, which would become NaN.
    present = shares.masked_fill(shares == 0, 1.0)
    return -(present * present.log()).sum(dim=-1).mean()

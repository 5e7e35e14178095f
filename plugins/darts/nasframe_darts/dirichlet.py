"""Mixing weights drawn from a Dirichlet distribution whose concentration is learned.

Chen, Wang, Cheng, Tang, Hsieh, DrNAS: Dirichlet Neural Architecture Search, ICLR 2021, arXiv 2006.10355, section 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

import torch
from torch import Tensor
from torch.distributions import Dirichlet
from torch.nn.functional import elu
from typing_extensions import override

from nasframe.supernet import Supernet
from nasframe_darts.regularising import Regulariser
from nasframe_darts.weighing import Weighing


@final
class DirichletWeighing(Weighing):
    """theta ~ Dir(beta),    beta = elu(alpha) + 1; without noise its mean, beta / sum(beta).

    The gradient by beta is the pathwise one of torch.distributions, which has no second derivative. Where alpha is 0,
    theta is even over the simplex.
    """

    twice: ClassVar[bool] = False

    @override
    def __call__(self, logits: Tensor) -> Tensor:
        beta, absent = concentration(logits)
        drawn = Dirichlet(beta).rsample() if self.noisy else beta
        # A Dirichlet draw without some options, as shares of its sum, is a Dirichlet draw of the others.
        present = drawn.masked_fill(absent, 0.0)
        return present / present.sum(dim=-1, keepdim=True)

    @override
    def derived(self, logits: Tensor) -> Tensor:
        """ln beta, whose softmax is the mean."""
        beta, absent = concentration(logits)
        return beta.log().masked_fill(absent, -torch.inf)


@final
class Anchor(Regulariser):
    """lambda · sum over rows of KL(Dir(beta) || Dir(1)), which keeps beta near the anchor 1."""

    def __init__(self, weight: float) -> None:
        """Args: weight: lambda."""
        self.weight = weight
        self._value = 0.0

    @override
    def term(self, supernet: Supernet, passed: float) -> Tensor:
        found: list[Tensor] = []

        def collect(logits: Tensor) -> Tensor:
            found.append(divergence(logits).sum())
            return logits.softmax(dim=-1)

        supernet.weighed(collect)
        term = self.weight * sum(found, torch.zeros(()))
        self._value = float(term.detach())
        return term

    @override
    def metrics(self) -> Mapping[str, float]:
        """The term as it was in the last update."""
        return {"anchor_term": self._value}


def concentration(logits: Tensor) -> tuple[Tensor, Tensor]:
    """beta = elu(alpha) + 1, and 1 where there is no option; where there is none; both (..., K)."""
    absent = torch.isneginf(logits)
    return elu(logits.masked_fill(absent, 0.0)) + 1, absent


def divergence(logits: Tensor) -> Tensor:
    """KL(Dir(beta) || Dir(1)) of the options that there are, for rows of logits (..., K).

    ln G(b) - ln G(n) - sum_k ln G(beta_k) + sum_k (beta_k - 1) (psi(beta_k) - psi(b)), where b is the sum of the n
    betas that there are, G the gamma function and psi its logarithmic derivative.
    """
    beta, absent = concentration(logits)
    total = beta.masked_fill(absent, 0.0).sum(dim=-1)
    count = (~absent).sum(dim=-1).to(beta)
    each = (beta - 1) * (beta.digamma() - total.digamma().unsqueeze(-1)) - beta.lgamma()  # 0 where beta is 1
    return total.lgamma() - count.lgamma() + each.sum(dim=-1)

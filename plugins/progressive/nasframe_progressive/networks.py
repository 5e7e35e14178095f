"""The surrogate's networks (PNAS, section 4.2), all members of an ensemble computed at once.

Every parameter but the embeddings has a first dimension of M members, and so has every output.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding
from typing_extensions import override

from nasframe_progressive.tokens import Tokens

EMBEDDING = 0.1
"""Embeddings begin uniformly in plus and minus this."""
BIAS = 1.8
"""The last layer's bias: sigmoid(1.8) = 0.86."""


class Predictor(nn.Module, ABC):
    """Tokens of N genotypes -> predictions between 0 and 1, (M, N)."""

    def __init__(self, members: int, counts: tuple[int, int], hidden: int) -> None:
        """Args: counts: of pairs and of answers; hidden: H, also the length of embeddings."""
        super().__init__()
        # Members side by side, because a lookup in one table has a quick gradient.
        self.pairs = _uniform(EMBEDDING, counts[0], members * hidden)
        self.answers = _uniform(EMBEDDING, counts[1], members * hidden)
        self.last = _uniform(hidden**-0.5, members, hidden, 1)
        self.bias = nn.Parameter(torch.full((members, 1, 1), BIAS))

    @abstractmethod
    def summary(self, embedded: Tensor, there: Tensor) -> Tensor:
        """(M, N, T, H) and whether there is an answer, (N, T), -> (M, N, H)."""

    @override
    def forward(self, tokens: Tokens) -> Tensor:
        """Embed, summarise, and squash."""
        embedded = embedding(tokens.pairs, self.pairs) + embedding(tokens.answers, self.answers)  # (N, T, M·H)
        by_member = embedded.reshape(*tokens.pairs.shape, *self.last.shape[:2]).permute(2, 0, 1, 3)
        summary = self.summary(by_member, tokens.pairs > 0)
        return torch.sigmoid(torch.baddbmm(self.bias, summary, self.last))[..., 0]


@final
class Mlp(Predictor):
    """A hidden layer on the mean of the embeddings."""

    def __init__(self, members: int, counts: tuple[int, int], hidden: int) -> None:
        super().__init__(members, counts, hidden)
        self.first = _uniform(hidden**-0.5, members, hidden, hidden)
        self.first_bias = _uniform(hidden**-0.5, members, 1, hidden)

    @override
    def summary(self, embedded: Tensor, there: Tensor) -> Tensor:
        """The mean over the answers that are there."""
        weights = there / there.sum(-1, keepdim=True).clamp(min=1)
        mean = torch.einsum("mnth,nt->mnh", embedded, weights)
        return torch.relu(torch.baddbmm(self.first_bias, mean, self.first))


@final
class Lstm(Predictor):
    """The last state of an LSTM that reads the embeddings in program order."""

    def __init__(self, members: int, counts: tuple[int, int], hidden: int) -> None:
        super().__init__(members, counts, hidden)
        self.read = _uniform(hidden**-0.5, members, hidden, 4 * hidden)
        self.recur = _uniform(hidden**-0.5, members, hidden, 4 * hidden)
        self.gates = _uniform(hidden**-0.5, members, 1, 4 * hidden)

    @override
    def summary(self, embedded: Tensor, there: Tensor) -> Tensor:
        """The hidden state after the last answer that is there."""
        state = memory = torch.zeros_like(embedded[:, :, 0])
        for place in range(embedded.shape[2]):
            gates = torch.baddbmm(self.gates, embedded[:, :, place], self.read) + torch.bmm(state, self.recur)
            into, forget, out, new = gates.chunk(4, dim=-1)
            later = torch.sigmoid(forget) * memory + torch.sigmoid(into) * torch.tanh(new)
            goes_on = there[:, place, None]
            memory = torch.where(goes_on, later, memory)
            state = torch.where(goes_on, torch.sigmoid(out) * torch.tanh(later), state)
        return state


def _uniform(bound: float, *shape: int) -> nn.Parameter:
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound))

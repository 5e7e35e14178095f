"""How logits become mixing weights: softmax (DARTS), Gumbel softmax (SNAS), straight-through one-hot Gumbel (GDAS).

Xie et al., SNAS, ICLR 2019, arXiv 1812.09926; Dong and Yang, GDAS, CVPR 2019, arXiv 1910.04465.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import final

import torch
from torch import Tensor

from nasframe_darts.options import Weighed


@final
class Weighing:
    """A ``Weigh`` whose temperature and noise its owner sets; the noise comes from torch's global generator."""

    def __init__(self, rule: Weighed) -> None:
        self.rule = rule
        self.temperature = 1.0
        self.noisy = True

    def __call__(self, logits: Tensor) -> Tensor:
        """Logits (..., K) -> weights (..., K), which sum to 1; a logit of -inf gets 0."""
        if self.rule == "softmax":
            return (logits / self.temperature).softmax(dim=-1)
        # -log of an exponential number is a Gumbel number.
        noise = -torch.empty_like(logits).exponential_().log() if self.noisy else torch.zeros_like(logits)
        soft = ((logits + noise) / self.temperature).softmax(dim=-1)
        if self.rule == "gumbel":
            return soft
        hard = torch.zeros_like(soft).scatter(-1, soft.argmax(dim=-1, keepdim=True), 1.0)
        # The difference is exactly 0 and carries the gradient: forward one-hot, backward the soft weights.
        return hard + (soft - soft.detach())

    @contextmanager
    def hold_still(self) -> Iterator[None]:
        """Weights without noise: Gumbel weights are then their softmax or, if hard, the strongest option alone."""
        self.noisy = False
        try:
            yield
        finally:
            self.noisy = True

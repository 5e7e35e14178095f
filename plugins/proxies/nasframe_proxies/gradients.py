"""Proxies from one backward pass at initialisation.

Abdelfattah, Mehrotra, Dudziak, Lane, Zero-Cost Proxies for Lightweight NAS, ICLR 2021, arXiv 2101.08134, section 3.
"""

from __future__ import annotations

from abc import ABC
from typing import TYPE_CHECKING, ClassVar, final

import torch
from torch import Tensor
from typing_extensions import override

from nasframe import Genotype
from nasframe_proxies.initial import AtInitialisation

if TYPE_CHECKING:
    from torch import nn


class OfTheLoss(AtInitialisation, ABC):
    """Looks at the gradient of one batch's loss."""

    def gradients(self, genotype: Genotype) -> list[tuple[Tensor, Tensor]]:
        """Each parameter of the network with its gradient."""
        network = self.network(genotype)
        self.evaluator.loss(network, self.batch).backward()  # type: ignore[no-untyped-call]
        return _gradients(network)


@final
class GradNorm(OfTheLoss):
    """The sum over all parameters p of the L2 norm of dL/dp, L being the loss of one batch (section 3.1)."""

    name: ClassVar[str] = "grad-norm"

    @override
    def value(self, genotype: Genotype) -> float:
        return sum(float(gradient.norm()) for _, gradient in self.gradients(genotype))


@final
class Snip(OfTheLoss):
    """The sum over all weights w of |dL/dw w| (Lee, Ajanthan, Torr, SNIP, ICLR 2019, arXiv 1810.02340, Eq. 4)."""

    name: ClassVar[str] = "snip"

    @override
    def value(self, genotype: Genotype) -> float:
        return sum(float((gradient * weight).abs().sum()) for weight, gradient in self.gradients(genotype))


@final
class SynFlow(AtInitialisation):
    """The logarithm of the sum over all weights w of dR/dw w, with R the sum of the outputs for inputs of ones and |w|.

    Tanaka, Kunin, Yamins, Ganguli, ICML workshop and NeurIPS 2020, arXiv 2006.05467, Eq. 2 and algorithm 1. Batch norms
    are in evaluation mode, where at initialisation they let everything through; all is in double precision. The sum
    spans many orders of magnitude, so its logarithm stands for it, which ranks alike.
    """

    name: ClassVar[str] = "synflow"

    @override
    def value(self, genotype: Genotype) -> float:
        network = self.network(genotype).eval().double()
        with torch.no_grad():
            for weight in network.parameters():
                weight.abs_()
        task = self.problem.evaluator.task
        ones = torch.ones(1, task.in_channels, *task.size, dtype=torch.float64, device=self.problem.runtime.device)
        network(ones).sum().backward()
        total = sum(float((gradient * weight).sum()) for weight, gradient in _gradients(network))
        return float(torch.tensor(total, dtype=torch.float64).log())


def _gradients(network: nn.Module) -> list[tuple[Tensor, Tensor]]:
    """Each parameter that got a gradient, with it."""
    pairs = [(weight.detach(), weight.grad) for weight in network.parameters()]
    return [(weight, gradient) for weight, gradient in pairs if gradient is not None]

"""The supernet: a network that holds all candidates, mixed by extra parameters or one at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import final

import numpy as np
import torch
from torch import Tensor, nn
from typing_extensions import override

from nasframe.genotype import Genotype
from nasframe.outputs import Outputs


class Supernet(nn.Module, ABC):
    """A relaxed network: called like any network, so an evaluator's loss cannot tell it from a discrete one."""

    @abstractmethod
    def arch_parameters(self) -> list[nn.Parameter]:
        """The architecture parameters: alphas, betas."""

    @abstractmethod
    def derive(self) -> Genotype:
        """The genotype that the architecture parameters favour; legal by construction: it answers ``decide``."""

    def finalists(self, count: int) -> Sequence[Genotype]:
        """The most probable distinct genotypes, ``derive()`` first; at most so many. Default: that one alone."""
        return [self.derive()]

    @abstractmethod
    def weighed(self, weigh: Callable[[Tensor], Tensor]) -> Mapping[str, Tensor]:
        """The mixing weights that a rule (``Weigh``) makes of the architecture parameters, on their graph.

        By the names that the space's graph refers to (``weight``). The rule gets whole tables of logits, in which an
        absent option is -inf.
        """

    @final
    def mixing_weights(self) -> Mapping[str, np.ndarray]:
        """The softmaxed architecture parameters, by the same names; in double precision."""
        found = self.weighed(lambda logits: torch.softmax(logits.detach().double(), dim=-1))
        return {name: weights.cpu().numpy() for name, weights in found.items()}

    @final
    def weight_parameters(self) -> list[nn.Parameter]:
        """All other parameters: the network's own weights."""
        arch = {id(parameter) for parameter in self.arch_parameters()}
        return [parameter for parameter in self.parameters() if id(parameter) not in arch]

    @abstractmethod
    @override
    def forward(self, inputs: Tensor) -> Tensor | Outputs:
        """Inputs (N, in_channels, H, W) -> logits, like the networks of the task."""


class SwitchableSupernet(nn.Module, ABC):
    """Holds the weights of all candidates and runs as one of them; what candidates have in common they share.

    It is called like any network once it was switched for the first time. Only what the genotype uses is computed
    and gets a gradient. Its state does not say to which genotype it is switched.
    """

    @abstractmethod
    def switch(self, genotype: Genotype) -> None:
        """Run as this genotype from now on.

        Raises:
            GenotypeError: the genotype is not legal in the space.
        """

    @abstractmethod
    @override
    def forward(self, inputs: Tensor) -> Tensor | Outputs:
        """Inputs (N, in_channels, H, W) -> logits, like the networks of the task."""


class SupernetCosts(ABC):
    """What the genotypes of a space are expected to cost, drawn by a supernet's mixing weights.

    What costs there are and their names (``params``, ``macs``) are those of ``nasframe cost``.
    """

    @abstractmethod
    def expected(self, weights: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """The mean cost over genotypes that are drawn by mixing weights, scalars on the graph of these.

        The draws are the space's own; where all weights are one-hot, the mean is the cost of the derived genotype.

        Args:
            weights: as ``Supernet.weighed`` names them, with the shares by which options are drawn.
        """

    @abstractmethod
    def derive(self, weights: Mapping[str, np.ndarray], most: Mapping[str, float]) -> Genotype:
        """The most probable genotype whose costs are within bounds.

        Args:
            weights: as ``Supernet.mixing_weights`` names them.
            most: the bounds, by cost; a cost without one may be anything.

        Raises:
            RunError: no genotype is within the bounds.
        """

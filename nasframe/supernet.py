"""The supernet: a network with extra parameters that holds all candidates of a relaxable space."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import final

import numpy as np
from torch import Tensor, nn

from nasframe.genotype import Genotype


class Supernet(nn.Module, ABC):
    """A relaxed network: called like any network, so an evaluator's loss cannot tell it from a discrete one."""

    @abstractmethod
    def arch_parameters(self) -> list[nn.Parameter]:
        """The architecture parameters: alphas, betas."""

    @abstractmethod
    def derive(self) -> Genotype:
        """The genotype that the architecture parameters favour; legal by construction: it answers ``decide``."""

    @abstractmethod
    def mixing_weights(self) -> Mapping[str, np.ndarray]:
        """The softmaxed architecture parameters, by the names that the space's graph refers to (``weight``)."""

    @final
    def weight_parameters(self) -> list[nn.Parameter]:
        """All other parameters: the network's own weights."""
        arch = {id(parameter) for parameter in self.arch_parameters()}
        return [parameter for parameter in self.parameters() if id(parameter) not in arch]

    @abstractmethod
    def forward(self, inputs: Tensor) -> Tensor:
        """Inputs (N, in_channels, H, W) -> logits, like the networks of the task."""

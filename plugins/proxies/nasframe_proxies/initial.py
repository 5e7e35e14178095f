"""What the proxies at initialisation share: a network as it is built, and some examples of the training data."""

from __future__ import annotations

from abc import ABC
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from nasframe import Batch, Differentiable, Genotype, Problem
from nasframe.plugin.proxy import Proxy

if TYPE_CHECKING:
    from torch import nn


class AtInitialisation(Proxy, ABC):
    """Asks a network with its first weights."""

    needs: ClassVar[tuple[type, ...]] = (Differentiable,)

    def __init__(self, problem: Problem, options: Any) -> None:
        super().__init__(problem, options)
        assert isinstance(problem.evaluator, Differentiable), "it needs that"
        self.evaluator = problem.evaluator

    def network(self, genotype: Genotype) -> nn.Module:
        """A network in training mode, on the problem's device."""
        network = self.problem.space.build(genotype, self.problem.evaluator.task)
        return network.to(self.problem.runtime.device).train()

    @cached_property
    def batch(self) -> Batch:
        """The first batch of the training data, the same for all genotypes of a seed."""
        return next(self.evaluator.batches("train"))

"""What the proxies at initialisation share: a network as it is built, and some examples of the training data."""

from __future__ import annotations

from abc import ABC
from typing import TYPE_CHECKING, Any, ClassVar

from nasframe import Batch, CapabilityError, Differentiable, Genotype, Problem
from nasframe.plugin.proxy import Proxy

if TYPE_CHECKING:
    from torch import Tensor, nn


class AtInitialisation(Proxy, ABC):
    """Asks a network with its first weights."""

    needs: ClassVar[tuple[type, ...]] = (Differentiable,)

    def __init__(self, problem: Problem, options: Any) -> None:
        """Raises: CapabilityError: the evaluator has no batches."""
        super().__init__(problem, options)
        if not isinstance(problem.evaluator, Differentiable):
            raise CapabilityError(f"{self.name} needs a Differentiable evaluator; got {problem.evaluator.name!r}")
        self.evaluator = problem.evaluator
        self._batch: Batch | None = None

    def network(self, genotype: Genotype) -> nn.Module:
        """A network in training mode, on the problem's device."""
        network = self.problem.space.build(genotype, self.problem.evaluator.task)
        return network.to(self.problem.runtime.device).train()

    @property
    def batch(self) -> Batch:
        """The first batch of the training data, the same for all genotypes of a seed."""
        if self._batch is None:
            self._batch = next(self.evaluator.batches("train"))
        return self._batch

    def examples(self, count: int) -> Tensor:
        """So many of the first inputs of the training data, (count, C, H, W)."""
        import torch

        found: list[Tensor] = []
        for batch in self.evaluator.batches("train"):
            found.append(batch.inputs)
            if sum(map(len, found)) >= count:
                break
        return torch.cat(found)[:count]

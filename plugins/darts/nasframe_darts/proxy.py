"""What a gradient search would see of a candidate: its score inside the supernet, alone."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, final

from pydantic import Field
from typing_extensions import override

from nasframe import Differentiable, Genotype, Problem, Relaxable
from nasframe import Options as BaseOptions
from nasframe.graph import edges
from nasframe.plugin.proxy import Proxy
from nasframe.training.options import TrainingOptions

if TYPE_CHECKING:
    from torch import Tensor

    from nasframe.supernet import Supernet


@final
class SupernetScore(Proxy):
    """The score on ``val`` of a genotype inside a supernet whose weights were trained with even mixing weights.

    Its own operations and moves get the weight 1 and all others 0; statistics of norms are taken anew for it. That what
    counts in the mixture does so alone is what DARTS relies on when it derives (Liu, Simonyan, Yang, ICLR 2019, arXiv
    1806.09055, section 2.4).
    """

    name: ClassVar[str] = "supernet"
    needs: ClassVar[tuple[type, ...]] = (Relaxable, Differentiable)
    trains: ClassVar[bool] = True

    class Options(BaseOptions):
        """How the supernet is trained and candidates are measured."""

        training: TrainingOptions = TrainingOptions(epochs=10, lr=0.05, clip=5.0)
        """The supernet's training, on ``train``."""
        recalibrate: int = Field(default=10, ge=0)
        """Batches of ``train`` from which norms take their statistics anew for each candidate; 0: they keep them."""

    def __init__(self, problem: Problem, options: Any) -> None:
        super().__init__(problem, options)
        assert isinstance(problem.space, Relaxable) and isinstance(problem.evaluator, Differentiable), "it needs both"
        self._space = problem.space
        self._evaluator = problem.evaluator
        self._graph = problem.space.graph()
        self._weigh = Choosing()
        self._supernet: Supernet | None = None

    @override
    def value(self, genotype: Genotype) -> float:
        """The supernet is trained at the first call."""
        from nasframe.training.running_statistics import recalibrate

        if self._supernet is None:
            self._supernet = self._trained()
        self._choose(self._supernet, genotype)
        self._weigh.alone = True
        recalibrate(
            self._supernet, islice(self._evaluator.batches("train"), self.options.recalibrate), self.problem.runtime
        )
        return self._evaluator.measure(self._supernet).score

    def _trained(self) -> Supernet:
        import torch

        from nasframe.training.seeding import seed_all
        from nasframe.training.sgd import Training, fit

        seed = self.problem.runtime.seed
        seed_all(seed, "proxy", self.name, "build")
        supernet = self._space.relax(self._evaluator.task, self._weigh).to(self.problem.runtime.device)
        with torch.no_grad():
            for parameter in supernet.arch_parameters():
                parameter.requires_grad_(False).zero_()
        fit(Training(supernet, self._evaluator, self.options.training, self.problem.runtime), seed)
        return supernet

    def _choose(self, supernet: Supernet, genotype: Genotype) -> None:
        """Set the logits so that what the genotype chooses is above 0, and all else below.

        Raises:
            CapabilityError: the mixing weights are not those of one tensor of logits each.
        """
        import torch

        from nasframe_darts.logits import logits_by_name

        logits = logits_by_name(supernet, self.name)
        with torch.no_grad():
            for tensor in logits.values():
                tensor.fill_(-1.0)
            for chosen, data in edges(self.problem.space.graph(genotype)):
                edge = self._graph.edges[chosen]
                name, *place = edge.get("weight") or (None,)
                if name is not None:
                    entry: Tensor = logits[name][tuple(place)]
                    (entry[edge["operations"].index(data["operation"])] if entry.ndim else entry).fill_(1.0)


@final
class Choosing:
    """A ``Weigh``: softmax, or ``alone``, by which each positive logit weighs 1 and all others 0."""

    alone = False

    def __call__(self, logits: Tensor) -> Tensor:
        """Logits (..., K) -> weights (..., K)."""
        return (logits > 0).to(logits.dtype) if self.alone else logits.softmax(dim=-1)

"""What a one-shot search would see of a candidate: its score with shared weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

from pydantic import Field
from typing_extensions import override

from nasframe import Differentiable, Genotype, Problem, Strategy, Switchable
from nasframe.plugin.proxy import Proxy, StandIn
from nasframe_one_shot.one_shot import OneShot
from nasframe_one_shot.options import OneShotOptions
from nasframe_one_shot.sampling import make_sampling

if TYPE_CHECKING:
    from nasframe_one_shot.shared_weights import SharedWeights


@final
class SharedWeightsScore(Proxy):
    """The score of a genotype on ``val`` with the weights of a supernet that was trained path by path.

    How well it ranks is what one-shot strategies stand or fall by (SPOS, arXiv 1904.00420, section 3). Where an
    experiment has one, it is computed as that strategy computes it.
    """

    name: ClassVar[str] = "shared-weights"
    needs: ClassVar[tuple[type, ...]] = (Switchable, Differentiable)
    trains: ClassVar[bool] = True

    class Options(OneShotOptions):
        """How the supernet is trained and candidates are measured; shorter than a search would train it."""

        epochs: float = Field(default=20.0, gt=0)
        """Length of the supernet's training in passes over the split ``train``."""

    def __init__(self, problem: Problem, options: Any) -> None:
        super().__init__(problem, options)
        assert isinstance(problem.space, Switchable) and isinstance(problem.evaluator, Differentiable), "it needs both"
        self._space = problem.space
        self._evaluator = problem.evaluator
        self._shared: SharedWeights | None = None

    @classmethod
    @override
    def standing_in(cls, strategy: type[Strategy], options: Any) -> StandIn | None:
        """The strategy's own supernet, if it trains one by single paths."""
        if not issubclass(strategy, OneShot):
            return None
        own = {name: getattr(options, name) for name in OneShotOptions.model_fields}
        return StandIn(cls.Options(**own), strategy.candidates(options))

    @override
    def value(self, genotype: Genotype) -> float:
        """The supernet is trained at the first call."""
        if self._shared is None:
            self._shared = self._trained()
        return self._shared.measure(genotype).score

    def _trained(self) -> SharedWeights:
        from nasframe.training.seeding import seed_all
        from nasframe_one_shot.shared_weights import SharedWeights

        seed, runtime = self.problem.runtime.seed, self.problem.runtime
        seed_all(seed, "search", "build")  # as a run seeds, so that its very supernet is trained
        shared = SharedWeights(self._space.switchable(self._evaluator.task), self._evaluator, self.options, runtime)
        sampling = make_sampling(self.problem, self.options)
        for index in range(shared.steps):
            rng = seed_all(seed, "search", index)
            shared.train(index, sampling.draw(rng), rng)
        return shared

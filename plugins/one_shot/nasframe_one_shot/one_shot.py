"""What all one-shot strategies do: first train one supernet path by path, then measure candidates with its weights.

Guo et al., Single Path One-Shot Neural Architecture Search with Uniform Sampling (SPOS), ECCV 2020, arXiv 1904.00420,
section 3; Li and Talwalkar, UAI 2019, arXiv 1902.07638, section 3.2.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np
from typing_extensions import override

from nasframe import (
    Bounded,
    Canonical,
    CapabilityError,
    Differentiable,
    Evaluation,
    Genotype,
    Problem,
    RunError,
    Strategy,
    Switchable,
    TrainsSupernet,
    Uneven,
)
from nasframe.files.words import quantity
from nasframe_one_shot.options import OneShotOptions
from nasframe_one_shot.sampling import make_sampling

if TYPE_CHECKING:
    from nasframe.supernet import SwitchableSupernet

Scored = tuple[Genotype, float]
"""A measured candidate and its score."""
TRIES = 100
"""How often a new candidate is sought before one is measured again."""
HOPELESS = 20
"""After so many candidates that all failed a search ends."""

logger = logging.getLogger(__name__)


class OneShot(Strategy, Uneven, Bounded, TrainsSupernet, ABC):
    """A supernet's training and a search in one resumable sequence of steps; subclasses say what to measure next."""

    needs: ClassVar[tuple[type, ...]] = (Switchable, Differentiable)

    def __init__(self, problem: Problem, options: OneShotOptions) -> None:
        """Build the supernet, from torch's global generator, on the problem's device.

        Raises:
            CapabilityError: the space or the evaluator lacks what one-shot methods need.
        """
        from nasframe_one_shot.shared_weights import SharedWeights

        space, evaluator = problem.space, problem.evaluator
        if not isinstance(space, Switchable) or not isinstance(evaluator, Differentiable):
            raise CapabilityError(
                f"{self.name} needs a Switchable space and a Differentiable evaluator; "
                f"got {space.name!r} and {evaluator.name!r}"
            )
        self.space = problem.space
        self._accepts = problem.accepts
        self._failing_score = problem.evaluator.failing_score
        self._shared = SharedWeights(space.switchable(evaluator.task), evaluator, options, problem.runtime)
        self._sampling = make_sampling(problem, options)
        self.train_steps = self._shared.steps
        self.steps = self.train_steps + self.candidates(options)
        self._path: Genotype | None = None
        self._history: list[tuple[Genotype, Evaluation]] = []
        self._forms: dict[Genotype, Genotype] = {}

    @classmethod
    @abstractmethod
    def candidates(cls, options: Any) -> int:
        """How many candidates are measured once the supernet is trained."""

    @abstractmethod
    def propose(self, scored: Sequence[Scored], rng: np.random.Generator) -> Genotype:
        """The candidate to measure next, a function of those measured so far and of ``rng`` alone."""

    @final
    def unseen(self, scored: Sequence[Scored], *draws: Callable[[], Genotype]) -> Genotype:
        """A genotype within the experiment's constraints whose network was not measured yet, if one is found.

        Args:
            draws: tried one after the other, each ``TRIES`` times.

        Raises:
            RunError: too many in a row are beyond the constraints.
        """
        seen = {self._canonical(genotype) for genotype, _ in scored}
        for draw in draws:
            for _ in range(TRIES):
                genotype = self._within(draw)
                if self._canonical(genotype) not in seen:
                    return genotype
        return genotype

    @final
    def ranked(self, scored: Sequence[Scored]) -> list[Genotype]:
        """One genotype for each network that was measured, the best first, the earliest among equals."""
        best: dict[Genotype, Genotype] = {}
        for genotype, _ in sorted(scored, key=lambda entry: -entry[1]):
            best.setdefault(self._canonical(genotype), genotype)
        return [*best.values()]

    @final
    @override
    def finalists(self, count: int) -> Sequence[Genotype]:
        """The best measured genotypes, best first, none twice, nor two of the same network where the space can tell.

        Fewer than ``count`` where fewer were measured; ``best()`` alone where the search ended before its first
        candidate.
        """
        return self.ranked([(genotype, result.score) for genotype, result in self._sound])[:count] or [self.best()]

    @final
    @override
    def step(self, index: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Train the supernet at some paths or, once it is trained, measure a candidate.

        A candidate whose answers are not finite has failed: the log says why, and the search goes on without it.

        Raises:
            RunError: a loss or a gradient is not finite, or no candidate could be measured.
        """
        if index < self.train_steps:
            paths = self._sampling.draw(rng)
            self._path = paths[-1]
            return self._shared.train(index, paths, rng)
        genotype = self.propose(self._scored, rng)
        self._history.append((genotype, self._known(genotype) or self._measured(genotype)))
        self._require_a_success()
        result = self._history[-1][1]
        best = {"best_score": self._best()[1].score} if self._sound else {}
        if result.failure:
            return {"failures": len(self._history) - len(self._sound), **best}
        return {"score": result.score, **best, **result.metrics}

    @final
    @property
    @override
    def supernet(self) -> SwitchableSupernet:
        return self._shared.supernet

    @final
    @override
    def remarks(self) -> Sequence[str]:
        """How many passes an update makes, where it makes several."""
        paths = self._sampling.paths
        if paths == 1:
            return ()
        return (
            f"An update of the supernet trains {quantity(paths, 'path')}: its training takes as long as "
            f"{quantity(self.train_steps * paths, 'update')} of one path each",
        )

    @final
    @override
    def kind(self, index: int) -> str:
        """Training steps and candidates."""
        return "supernet training" if index < self.train_steps else "candidate"

    @final
    @override
    def best(self) -> Genotype:
        """The candidate of the highest score, the earliest among equals; before the search the last path trained."""
        if self._sound or self._path is None:
            return self._best()[0]
        return self._path

    @final
    @override
    def state_dict(self) -> dict[str, Any]:
        """The supernet and its optimiser, what the next paths depend on, the last one trained, the candidates.

        Of each candidate genotype, score and metrics; of one that failed the reason too.
        """
        return {
            "shared": self._shared.state_dict(),
            "sampling": self._sampling.state_dict(),
            "path": None if self._path is None else self._path.to_dict(),
            "history": [
                (genotype.to_dict(), result.score, dict(result.metrics), *filter(None, [result.failure]))
                for genotype, result in self._history
            ],
        }

    @final
    @override
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state."""
        self._shared.load_state_dict(state["shared"])
        self._sampling.load_state_dict(state["sampling"])
        self._path = None if state["path"] is None else Genotype.from_dict(state["path"])
        self._history = [
            (Genotype.from_dict(genotype), Evaluation(score, metrics, failure="".join(failure)))
            for genotype, score, metrics, *failure in state["history"]
        ]

    def _within(self, draw: Callable[[], Genotype]) -> Genotype:
        """The first that the constraints accept; they bind the search alone, not the training (SPOS, section 3.4)."""
        while not self._accepts(genotype := draw()):
            pass
        return genotype

    @property
    def _scored(self) -> list[Scored]:
        return [(genotype, result.score) for genotype, result in self._history]

    def _known(self, genotype: Genotype) -> Evaluation | None:
        """What was measured of a genotype's network, which would be the same again."""
        same = self._canonical(genotype)
        return next((result for seen, result in self._history if self._canonical(seen) == same), None)

    def _canonical(self, genotype: Genotype) -> Genotype:
        """What stands for all genotypes of the same network, as far as the space can tell."""
        if not isinstance(self.space, Canonical):
            return genotype
        if genotype not in self._forms:
            self._forms[genotype] = self.space.canonical(genotype)
        return self._forms[genotype]

    def _best(self) -> tuple[Genotype, Evaluation]:
        return max(self._sound, key=lambda entry: entry[1].score)

    @property
    def _sound(self) -> list[tuple[Genotype, Evaluation]]:
        """The candidates that did not fail."""
        return [entry for entry in self._history if not entry[1].failure]

    def _measured(self, genotype: Genotype) -> Evaluation:
        """What is measured of a candidate, or why it failed, with a stand-in as the score: the lowest so far."""
        try:
            result = self._shared.measure(genotype)
        except RunError as error:
            logger.warning("candidate %d failed: %s", len(self._history) + 1, error)
            scores = [self._failing_score, *(score for _, score in self._scored)]
            return Evaluation(min(scores), failure=str(error))
        return Evaluation(result.score, result.metrics)

    def _require_a_success(self) -> None:
        """Raises: RunError: so many candidates failed, from the first on, that none can be expected to do better."""
        count = len(self._history)
        if self._sound or count < min(HOPELESS, self.steps - self.train_steps):
            return
        raise RunError(
            f"every one of the first {quantity(count, 'candidate')} failed, so the search ends. The last one: "
            f"{self._history[-1][1].failure}"
        )

"""The strategy: how a search space is explored."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, final

import numpy as np

from nasframe.evaluator import Candidate, Evaluation, Evaluator, Runtime
from nasframe.genotype import Genotype
from nasframe.options import Options as BaseOptions
from nasframe.space import SearchSpace


@dataclass(frozen=True)
class Problem:
    """What a strategy has to solve."""

    space: SearchSpace
    evaluator: Evaluator
    runtime: Runtime = field(default_factory=Runtime)


class Strategy(ABC):
    """Explores a space by an evaluator, one small step at a time; a ``Stepper`` that has a best genotype.

    The core owns the loop, the seeds, the checkpoints and the events: a strategy writes no file, prints
    nothing and reads no YAML. Before each step torch's generators are seeded from (seed, index); any other
    randomness comes from ``rng``. Keep the module light: import torch where the work is done.
    """

    name: ClassVar[str]
    Options: ClassVar[type[BaseOptions]] = BaseOptions
    needs: ClassVar[tuple[type, ...]] = ()
    """Capabilities that the space or the evaluator must have, like ``Relaxable`` or ``Differentiable``."""
    steps: int
    """How many steps the search has; set when constructed."""

    @abstractmethod
    def __init__(self, problem: Problem, options: Any) -> None:
        """Build everything the first step needs: a strategy that exists is ready."""

    @abstractmethod
    def step(self, index: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Do step ``index`` (from 0) and return its metrics by name.

        Raises:
            RunError: a loss is not finite.
        """

    @abstractmethod
    def best(self) -> Genotype:
        """The best genotype so far, by whatever the strategy knows; legal at any time after the first step."""

    def snapshot(self) -> Mapping[str, np.ndarray]:
        """Mixing weights or probabilities to draw, by the names that the space's graph refers to; default: nothing."""
        return {}

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """The state between two steps: tensors and plain data only."""

    @abstractmethod
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state."""


class AskTell(Strategy, ABC):
    """A strategy that proposes genotypes and hears their evaluations.

    Subclasses write ``ask`` and, if they learn, ``tell``; one step is one evaluated candidate. The state is
    the history: it is restored by telling it again, so ``tell`` must not draw random numbers.
    """

    def __init__(self, problem: Problem, options: Any, steps: int, budget: float = 1.0) -> None:
        """Args: steps: how many candidates; budget: share of a full evaluation that each gets."""
        self.problem = problem
        self.options = options
        self.steps = steps
        self.budget = budget
        self.history: list[tuple[Genotype, Evaluation]] = []

    @abstractmethod
    def ask(self, rng: np.random.Generator) -> Genotype:
        """The genotype to evaluate next."""

    def tell(self, genotype: Genotype, result: Evaluation) -> None:
        """Hear an evaluation; called in the order of asking. Default: nothing to learn."""
        return

    @final
    def step(self, index: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Ask, evaluate, tell."""
        genotype = self.ask(rng)
        build = partial(self.problem.space.build, genotype, self.problem.evaluator.task)
        result = self.problem.evaluator.evaluate(Candidate(genotype, build), self.budget)
        self._note(genotype, Evaluation(result.score, result.metrics))
        return {"score": result.score, "best_score": self._best()[1].score, **result.metrics}

    @final
    def best(self) -> Genotype:
        """The genotype of the highest score; the earliest among equals."""
        return self._best()[0]

    @final
    def state_dict(self) -> dict[str, Any]:
        """The history."""
        return {
            "history": [(genotype.to_dict(), result.score, dict(result.metrics)) for genotype, result in self.history]
        }

    @final
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Tell the history again."""
        self.history = []
        for genotype, score, metrics in state["history"]:
            self._note(Genotype.from_dict(genotype), Evaluation(score, metrics))

    def _note(self, genotype: Genotype, result: Evaluation) -> None:
        self.history.append((genotype, result))
        self.tell(genotype, result)

    def _best(self) -> tuple[Genotype, Evaluation]:
        return max(self.history, key=lambda entry: entry[1].score)

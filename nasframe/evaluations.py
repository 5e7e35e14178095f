"""How a sample-based strategy gets its candidates evaluated: one after the other, or by a run's own ways."""

from __future__ import annotations

from typing import Protocol, final

from nasframe.attempt import attempt
from nasframe.evaluator import Evaluation, Evaluator
from nasframe.genotype import Genotype
from nasframe.space import SearchSpace


class Evaluations(Protocol):
    """Evaluates candidates, which have numbers, from 0 in the order of asking."""

    @property
    def outstanding(self) -> int:
        """How many candidates are asked for before the first of them is told, at least 1."""

    def accepts(self, genotype: Genotype) -> bool:
        """Whether a genotype is within the limits; costs no training.

        Raises:
            RunError: too many in a row were not.
        """

    def begin(self, number: int, genotype: Genotype, budget: float) -> None:
        """Ask for the evaluation of a candidate."""

    def end(self, number: int) -> Evaluation:
        """Wait for it; called in the order of the numbers.

        Raises:
            NasframeError: something is wrong that is not the candidate's fault.
        """


@final
class Directly:
    """Evaluates each candidate here, when its result is wanted; no limits."""

    outstanding = 1

    def __init__(self, space: SearchSpace, evaluator: Evaluator) -> None:
        self._space = space
        self._evaluator = evaluator
        self._begun: dict[int, tuple[Genotype, float]] = {}

    def accepts(self, genotype: Genotype) -> bool:
        """Always."""
        return True

    def begin(self, number: int, genotype: Genotype, budget: float) -> None:
        """Remember it."""
        self._begun[number] = (genotype, budget)

    def end(self, number: int) -> Evaluation:
        """Evaluate it."""
        return attempt(self._space, self._evaluator, *self._begun.pop(number))

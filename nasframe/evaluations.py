"""How the candidates of a sample-based strategy are evaluated; a candidate's failure is a result too."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import Protocol, final

from typing_extensions import override

from nasframe.errors import GenotypeError, NasframeError, RunError
from nasframe.evaluator import Candidate, Evaluation, Evaluator
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
class Directly(Evaluations):
    """Evaluates each candidate here, when its result is wanted; no limits."""

    outstanding = 1

    def __init__(self, space: SearchSpace, evaluator: Evaluator) -> None:
        self._space = space
        self._evaluator = evaluator
        self._begun: dict[int, tuple[Genotype, float]] = {}

    @override
    def accepts(self, genotype: Genotype) -> bool:
        return True

    @override
    def begin(self, number: int, genotype: Genotype, budget: float) -> None:
        self._begun[number] = (genotype, budget)

    @override
    def end(self, number: int) -> Evaluation:
        return attempt(self._space, self._evaluator, *self._begun.pop(number))


def attempt(space: SearchSpace, evaluator: Evaluator, genotype: Genotype, budget: float) -> Evaluation:
    """What an evaluator says of a genotype, or why it has nothing to say: then ``failure`` holds the reason.

    Whatever goes wrong with the candidate is a failure: a loss that is not finite, memory that does not suffice, a
    network that cannot be built.

    Raises:
        NasframeError: something is wrong that no other candidate could mend, such as a missing file.
    """
    try:
        build = partial(space.build, genotype, evaluator.task)
        result = evaluator.evaluate(Candidate(genotype, build), budget)
    except (RunError, GenotypeError) as error:
        return failed(str(error), budget)
    except NasframeError:
        raise
    except Exception as error:  # a result with a reason, which the run records and shows
        return failed(": ".join([type(error).__name__, *str(error).strip().splitlines()[:1]]), budget)
    numbers = {"score": result.score, **result.metrics}
    wrong = [f"{name} is {value}" for name, value in numbers.items() if not math.isfinite(value)]
    if wrong:
        return failed(f"{', '.join(wrong)}; metrics must be finite", budget)
    return replace(result, budget=budget)


def failed(reason: str, budget: float) -> Evaluation:
    """An evaluation that came to nothing."""
    return Evaluation(0.0, failure=reason, budget=budget)

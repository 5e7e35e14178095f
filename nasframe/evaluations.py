"""How the candidates of a sample-based strategy are evaluated; a candidate's failure is a result too."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol, final

from typing_extensions import override

from nasframe.errors import GenotypeError, NasframeError, RunError
from nasframe.evaluator import Candidate, Curve, Evaluation, Evaluator
from nasframe.genotype import Genotype
from nasframe.space import SearchSpace, stage_of
from nasframe.training.finite import require_finite_numbers

if TYPE_CHECKING:
    from nasframe.training.legs import Reached


@final
@dataclass(frozen=True)
class Leg:
    """Which part of a training an evaluation is, where a candidate's training goes on from budget to budget.

    Two are equal where the budgets before are: with them, the genotype and the seed, a result is given.
    """

    budgets: tuple[float, ...] = ()
    """Of the legs before, rising; none: the training begins with new weights."""
    after: int | None = field(default=None, compare=False)
    """The number of the candidate that was the leg before, whose weights it goes on from; None: there is none."""
    last: bool = field(default=False, compare=False)
    """Whether no other leg can follow, so that its weights need not be kept."""


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

    def begin(self, number: int, genotype: Genotype, budget: float, leg: Leg | None = None) -> None:
        """Ask for the evaluation of a candidate.

        Args:
            leg: which part of a training it is; None: an evaluation by itself.
        """

    def end(self, number: int) -> Evaluation:
        """Wait for it; called in the order of the numbers.

        Raises:
            NasframeError: something is wrong that is not the candidate's fault.
        """

    def retain(self, numbers: Collection[int], told: int) -> None:
        """Drop the weights of all candidates before number ``told`` that are not among these."""


@final
class Directly(Evaluations):
    """Evaluates each candidate here, when its result is wanted; no limits."""

    outstanding = 1

    def __init__(self, space: SearchSpace, evaluator: Evaluator) -> None:
        self._space = space
        self._evaluator = evaluator
        self._begun: dict[int, tuple[Genotype, float, Leg | None]] = {}
        self._reached: dict[int, Reached] = {}

    @override
    def accepts(self, genotype: Genotype) -> bool:
        return True

    @override
    def begin(self, number: int, genotype: Genotype, budget: float, leg: Leg | None = None) -> None:
        self._begun[number] = (genotype, budget, leg)

    @override
    def end(self, number: int) -> Evaluation:
        genotype, budget, leg = self._begun.pop(number)
        if leg is None:
            return attempt(self._space, self._evaluator, genotype, budget)
        begin = None if leg.after is None else self._reached.get(leg.after)
        result, reached = attempt_leg(self._space, self._evaluator, genotype, (*leg.budgets, budget), begin)
        if reached is not None and not leg.last:
            self._reached[number] = reached
        return result

    @override
    def retain(self, numbers: Collection[int], told: int) -> None:
        self._reached = {number: one for number, one in self._reached.items() if number in numbers or number >= told}


def attempt(
    space: SearchSpace,
    evaluator: Evaluator,
    genotype: Genotype,
    budget: float,
    evaluate: Callable[[Candidate, float], Evaluation] | None = None,
) -> Evaluation:
    """What an evaluator says of a genotype, or why it has nothing to say: then ``failure`` holds the reason.

    A genotype of a smaller space that this one grows through (``Growing``) is built by that one.

    Whatever goes wrong with the candidate is a failure: a loss or logits that are not finite, memory that does not
    suffice, a network that cannot be built.

    Args:
        evaluate: how it is asked; None: by its ``evaluate``.

    Raises:
        NasframeError: something is wrong that no other candidate could mend, such as a missing file.
    """
    try:
        build = partial(stage_of(space, genotype).build, genotype, evaluator.task)
        result = (evaluate or evaluator.evaluate)(Candidate(genotype, build), budget)
        require_finite_numbers(result)
    except (RunError, GenotypeError) as error:
        return failed(str(error), budget)
    except NasframeError:
        raise
    except Exception as error:  # a result with a reason, which the run records and shows
        return failed(": ".join([type(error).__name__, *str(error).strip().splitlines()[:1]]), budget)
    return replace(result, budget=budget)


def attempt_leg(
    space: SearchSpace,
    evaluator: Evaluator,
    genotype: Genotype,
    budgets: tuple[float, ...],
    begin: Reached | None,
    bars: Curve | None = None,
) -> tuple[Evaluation, Reached | None]:
    """``attempt`` for a leg of a training, with what it leaves behind; None: it has failed or was stopped.

    Args:
        budgets: of all legs, the last one its own.
        begin: what the leg before left; None: it is lost, or there is none, and all legs are trained from the first.
        bars: where the leg is stopped, if its best score so far is below; None: it is not watched.
    """
    from nasframe.training.legs import train_legs

    left: list[tuple[Evaluation, Reached | None]] = []

    def evaluate(candidate: Candidate, budget: float) -> Evaluation:
        left.append(train_legs(evaluator, candidate, (budget,) if begin else budgets, begin, bars))
        return left[0][0]

    result = attempt(space, evaluator, genotype, budgets[-1], evaluate)
    if result.failure:
        return result, None
    found, reached = left[0]
    return replace(result, budget=found.budget), reached


def failed(reason: str, budget: float) -> Evaluation:
    """An evaluation that came to nothing."""
    return Evaluation(0.0, failure=reason, budget=budget)

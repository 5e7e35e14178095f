"""Successive halving and Hyperband over the candidates of another strategy (Li et al., JMLR 18, 2018)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from itertools import accumulate
from typing import Any, ClassVar, Literal, final

import numpy as np
from pydantic import Field
from typing_extensions import override

from nasframe import AskTell, CapabilityError, Evaluation, Genotype, Leg, Problem, Trainable, Wrapping
from nasframe import Options as BaseOptions
from nasframe.genotype import sample
from nasframe_hyperband.schedule import Rung, halving, hyperband, levels

Weights = Literal["new", "kept"]
Numbered = tuple[int, Genotype]
"""A candidate and its number, from 0 in the order of asking."""


class _Rungs(AskTell, Wrapping):
    """Fills rung after rung; a rung begins when all of the one before are evaluated.

    The other strategy is asked for the candidates of each bracket and told of them when the bracket is over, each with
    the result of the largest budget that it got. Everything follows from the history.
    """

    def __init__(self, problem: Problem, options: Any, rungs: list[Rung], weights: Weights) -> None:
        """Build the strategy that is wrapped.

        Raises:
            CapabilityError: weights are to be kept, and the evaluator has none.
        """
        if weights == "kept" and not isinstance(problem.evaluator, Trainable):
            raise CapabilityError(
                f"strategy.weights is 'kept', but evaluator {problem.evaluator.name!r} trains no networks whose "
                "weights could be kept (it is not Trainable). Remove the option, or take an evaluator that trains"
            )
        self._weights = weights
        self._rungs = rungs
        self._ends = list(accumulate(rung.candidates for rung in rungs))
        super().__init__(problem, options, self._ends[-1])
        assert problem.over is not None, "the experiment names the strategy that is wrapped"
        over = problem.over(problem)
        assert isinstance(over, AskTell), "others are refused when the experiment is checked"
        self._over = over
        self._over.refused = self.refused
        self._results: list[tuple[Numbered, Evaluation]] = []
        """Of the rung that is being filled."""
        self._bracket: dict[Genotype, Evaluation] = {}
        """The last result of each candidate of the bracket, in the order of asking."""
        self._best: list[Numbered] = []
        """Of the rung before, those that go on."""

    @override
    def ask(self, rng: np.random.Generator) -> Genotype | None:
        """A new candidate, or one that goes on; None: the rung before is not evaluated yet."""
        asked = len(self.history) + len(self.outstanding)
        index, begin = self._place(asked)
        if len(self.history) < begin:
            return None
        rung = self._rungs[index]
        self.budget = rung.budget
        return self._best[asked - begin][1] if rung.level else self._new(rng)

    @override
    def leg(self, number: int) -> Leg | None:
        """Where weights are kept: after the same candidate in the rung before."""
        if self._weights == "new":
            return None
        index, begin = self._place(number)
        rung = self._rungs[index]
        before = tuple(other.budget for other in self._rungs[index - rung.level : index])
        after = self._best[number - begin][0] if rung.level else None
        return Leg(before, after, last=rung.budget == 1)

    @override
    def planned(self) -> list[tuple[int, float]]:
        """By rung; what goes on with the weights that it has costs the difference of the budgets."""
        kept = self._weights == "kept"
        before = [
            self._rungs[index - 1].budget if kept and rung.level else 0.0 for index, rung in enumerate(self._rungs)
        ]
        counts: Counter[float] = Counter()
        for rung, spent in zip(self._rungs, before, strict=True):
            counts[rung.budget - spent] += rung.candidates
        return [(count, share) for share, count in counts.items()]

    @override
    def goes_on(self) -> Collection[int]:
        """Those of the rung that is being filled, and those of the one before whose turn is still to come."""
        if self._weights == "new":
            return ()
        to_come = self._best[len(self._results) :]
        return {number for number, _ in (*(one for one, _ in self._results), *to_come)}

    @override
    def tell(self, genotype: Genotype, result: Evaluation) -> None:
        """A result; with the last of a rung it is known who goes on, with the last of a bracket all is told."""
        done = len(self.history)
        self._results.append(((done - 1, genotype), result))
        self._bracket[genotype] = result
        if done not in self._ends:
            return
        following = self._rungs[self._ends.index(done) + 1 :]
        if following and following[0].level:
            # A budget below the rung's: it was stopped, for it lagged behind.
            ranked = sorted(
                self._results, key=lambda one: (not one[1].failure, one[1].budget, one[1].score), reverse=True
            )
            self._best = [one for one, _ in ranked[: following[0].candidates]]
        else:
            for one, last in self._bracket.items():
                self._over.receive(one, last)
            self._bracket = {}
            self._best = []
        self._results = []

    def _place(self, number: int) -> tuple[int, int]:
        """The rung of a candidate, and the number of the first one there."""
        index = next(place for place, end in enumerate(self._ends) if number < end)
        return index, self._ends[index - 1] if index else 0

    def _new(self, rng: np.random.Generator) -> Genotype:
        """The other strategy's, or where it waits for results one drawn at random."""
        self._over.outstanding = [*((one, self.budget) for one in self._bracket), *self.outstanding]
        found = self._over.ask(rng)
        return sample(self.problem.space, rng) if found is None else found


@final
class Halving(_Rungs):
    """Successive halving (Jamieson and Talwalkar, AISTATS 2016): the best of many go on with a larger budget."""

    name: ClassVar[str] = "halving"

    class Options(BaseOptions):
        """How many candidates begin, and how they are thinned out."""

        candidates: int = Field(default=27, ge=1)
        """n: how many begin."""
        eta: int = Field(default=3, ge=2)
        """One of so many goes on, with so many times the budget."""
        smallest: float | None = Field(default=None, gt=0, le=1)
        """Share of a full evaluation below which no budget is: that which still ranks, as ``nasframe signal`` finds.
        None: the smallest is so small that one candidate is left for a full evaluation."""
        rounds: int = Field(default=1, ge=1)
        """How often all of that is done."""
        weights: Weights = "new"
        """What a candidate that goes on is trained from: new weights, or those that its smaller budget left (kept), so
        that it costs the difference of the budgets alone."""

    def __init__(self, problem: Problem, options: Options) -> None:
        last = levels(options.candidates, options.eta, options.smallest)
        rungs = halving(options.candidates, options.eta, last)
        super().__init__(problem, options, rungs * options.rounds, options.weights)


@final
class Hyperband(_Rungs):
    """Successive halving with several trade-offs between many candidates and large budgets."""

    name: ClassVar[str] = "hyperband"

    class Options(BaseOptions):
        """The paper's R and eta."""

        units: int = Field(default=27, ge=1)
        """R: how many of the smallest budgets are a full evaluation."""
        eta: int = Field(default=3, ge=2)
        """One of so many goes on, with so many times the budget; the paper uses 3 or 4."""
        smallest: float | None = Field(default=None, gt=0, le=1)
        """Share of a full evaluation below which no budget is, whatever R is: that which still ranks, as ``nasframe
        signal`` finds. None: 1 / R."""
        rounds: int = Field(default=1, ge=1)
        """How often all brackets are run."""
        weights: Weights = "new"
        """As of ``halving``."""

    def __init__(self, problem: Problem, options: Options) -> None:
        rungs = hyperband(options.units, options.eta, options.smallest) * options.rounds
        super().__init__(problem, options, rungs, options.weights)

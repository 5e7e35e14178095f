"""Successive halving and Hyperband over the candidates of another strategy (Li et al., JMLR 18, 2018)."""

from __future__ import annotations

from itertools import accumulate
from typing import Any, ClassVar, final

import numpy as np
from pydantic import Field
from typing_extensions import override

from nasframe import AskTell, Evaluation, Genotype, Problem, Wrapping
from nasframe import Options as BaseOptions
from nasframe.genotype import sample
from nasframe_hyperband.schedule import Rung, halving, hyperband, levels


class _Rungs(AskTell, Wrapping):
    """Fills rung after rung; a rung begins when all of the one before are evaluated.

    The other strategy is asked for the candidates of each bracket and told of them when the bracket is over, each with
    the result of the largest budget that it got. Everything follows from the history.
    """

    def __init__(self, problem: Problem, options: Any, rungs: list[Rung]) -> None:
        self._rungs = rungs
        self._ends = list(accumulate(rung.candidates for rung in rungs))
        super().__init__(problem, options, self._ends[-1])
        assert problem.over is not None, "the experiment names the strategy that is wrapped"
        over = problem.over(problem)
        assert isinstance(over, AskTell), "others are refused when the experiment is checked"
        self._over = over
        self._over.refused = self.refused
        self._results: list[tuple[Genotype, Evaluation]] = []
        """Of the rung that is being filled."""
        self._bracket: dict[Genotype, Evaluation] = {}
        """The last result of each candidate of the bracket, in the order of asking."""
        self._best: list[Genotype] = []
        """Of the rung before, those that go on."""

    @override
    def ask(self, rng: np.random.Generator) -> Genotype | None:
        """A new candidate, or one that goes on; None: the rung before is not evaluated yet."""
        asked = len(self.history) + len(self.outstanding)
        index = next(place for place, end in enumerate(self._ends) if asked < end)
        begin = self._ends[index - 1] if index else 0
        if len(self.history) < begin:
            return None
        rung = self._rungs[index]
        self.budget = rung.budget
        return self._best[asked - begin] if rung.level else self._new(rng)

    @override
    def tell(self, genotype: Genotype, result: Evaluation) -> None:
        """A result; with the last of a rung it is known who goes on, with the last of a bracket all is told."""
        self._results.append((genotype, result))
        self._bracket[genotype] = result
        done = len(self.history)
        if done not in self._ends:
            return
        following = self._rungs[self._ends.index(done) + 1 :]
        if following and following[0].level:
            ranked = sorted(self._results, key=lambda one: (not one[1].failure, one[1].score), reverse=True)
            self._best = [one for one, _ in ranked[: following[0].candidates]]
        else:
            for one, last in self._bracket.items():
                self._over.receive(one, last)
            self._bracket = {}
        self._results = []

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
        """n: how many begin; the last of them gets a full evaluation."""
        eta: int = Field(default=3, ge=2)
        """One of so many goes on, with so many times the budget."""
        rounds: int = Field(default=1, ge=1)
        """How often all of that is done."""

    def __init__(self, problem: Problem, options: Options) -> None:
        last = levels(options.candidates, options.eta)
        rungs = halving(options.candidates, options.eta, last)
        super().__init__(problem, options, rungs * options.rounds)


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
        rounds: int = Field(default=1, ge=1)
        """How often all brackets are run."""

    def __init__(self, problem: Problem, options: Options) -> None:
        super().__init__(problem, options, hyperband(options.units, options.eta) * options.rounds)

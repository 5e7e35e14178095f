"""Sample-based strategies: they propose genotypes and are told what became of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, final

import numpy as np
from typing_extensions import override

from nasframe.errors import RunError
from nasframe.evaluations import Directly, Evaluations, Leg
from nasframe.evaluator import Evaluation
from nasframe.files.words import quantity
from nasframe.genotype import Genotype, chosen, repeated, sample
from nasframe.space import stage_of
from nasframe.stepper import EndsEarly
from nasframe.strategy import Problem, Strategy

DRAWS = 100
"""After which a small space counts as used up."""
HOPELESS = 20
"""When so many candidates have failed and none has not, the search ends."""


class AskTell(Strategy, EndsEarly, ABC):
    """A strategy that proposes genotypes and is told their evaluations.

    Subclasses write ``ask`` and, if they learn, ``tell``; one step is one evaluated candidate. The state is
    the history: it is restored by telling it again, so ``tell`` must not draw random numbers.

    Several candidates may be asked for before the first of them is told (see ``outstanding``), so that several
    workers have something to do; results are told in the order of asking whatever is finished first.
    """

    def __init__(self, problem: Problem, options: Any, steps: int, budget: float = 1.0) -> None:
        """Args: steps: how many candidates; budget: share of a full evaluation that each gets."""
        self.problem = problem
        self.options = options
        self.steps = steps
        self.budget = budget
        """Share of a full evaluation that the genotype last asked for gets; a strategy may change it in ``ask``."""
        self.history: list[tuple[Genotype, Evaluation]] = []
        """What was told, in order."""
        self.outstanding: list[tuple[Genotype, float]] = []
        """Genotypes with their budgets that were asked for and not told yet, in order."""
        self.refused: dict[Genotype, int] = {}
        """Genotypes that were asked for and are not within the limits, with the length of the history then."""
        # Names of two underscores, so that no subclass takes one of them by chance.
        self.__told: set[Genotype] = set()
        self.__lowest = problem.evaluator.failing_score
        self.__top: tuple[bool, float, float] | None = None
        """Of the best that was told whether it is of the space itself, its budget and its score."""
        self.__evaluations: Evaluations = problem.evaluations or Directly(problem.space, problem.evaluator)

    @abstractmethod
    def ask(self, rng: np.random.Generator) -> Genotype | None:
        """The genotype to evaluate next; None: none before another is told, or none at all if none is outstanding.

        A genotype beyond the limits is not evaluated: it is ``refused``, and the strategy is asked again.
        """

    def tell(self, genotype: Genotype, result: Evaluation) -> None:
        """An evaluation is known; called in the order of asking. Default: nothing to learn.

        Where the evaluation failed, ``result.failure`` says why, and the score is a stand-in: the lowest so far, or
        the evaluator's ``failing_score`` where that is lower. Where it was stopped early, ``result.budget`` is less
        than was asked for, and the score is the last one that was measured.
        """
        return

    def worth(self, genotype: Genotype, result: Evaluation) -> float:
        """By what candidates of equal budget are ranked when the search takes the best; default: by their scores.

        Args: of a candidate that was told, and has not failed.
        """
        return result.score

    def leg(self, number: int) -> Leg | None:
        """Which part of a training candidate ``number`` is, from 0 in the order of asking; called when it is asked for.

        Default: none is part of any; each is evaluated by itself, with new weights. It follows from the history.
        """
        return None

    def planned(self) -> Sequence[tuple[int, float]]:
        """How many candidates cost which share of a full evaluation, for ``nasframe plan``; default: all ``budget``."""
        return [(self.steps, self.budget)]

    def goes_on(self) -> Collection[int]:
        """Which candidates that were told may still be gone on from, by their numbers; the weights of others are lost.

        Default: none, for none is a ``leg``.
        """
        return ()

    @final
    def is_known(self, genotype: Genotype) -> bool:
        """Whether a genotype was asked for before: it was told, is outstanding or was refused."""
        return (
            genotype in self.__told
            or genotype in self.refused
            or any(genotype == other for other, _ in self.outstanding)
        )

    @final
    def is_whole(self, genotype: Genotype) -> bool:
        """Whether a genotype is of the problem's space, and not of a smaller one that it grows through."""
        space = self.problem.space
        return stage_of(space, genotype) is space

    @final
    def draw(self, rng: np.random.Generator) -> Genotype:
        """A genotype drawn at random that was not asked for yet; any, where so many draws in a row find no such one."""
        for _ in range(DRAWS):
            genotype = sample(self.problem.space, rng)
            if not self.is_known(genotype):
                break
        return genotype

    @final
    def receive(self, genotype: Genotype, result: Evaluation) -> None:
        """Take a result into the history and ``tell`` it; for whoever drives the strategy."""
        score = self.__lowest if result.failure else result.score
        known = Evaluation(score, dict(result.metrics), failure=result.failure, budget=result.budget)
        self.__lowest = min(self.__lowest, score)
        self.history.append((genotype, known))
        self.__told.add(genotype)
        if not known.failure:
            rank = (self.is_whole(genotype), known.budget, known.score)
            self.__top = rank if self.__top is None else max(self.__top, rank)
        self.tell(genotype, known)

    @final
    @property
    @override
    def ended(self) -> bool:
        return bool(self.history) and not self.outstanding

    @final
    @override
    def step(self, index: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Tell the result of the oldest candidate that is outstanding, and ask for the next ones."""
        if not self.history:
            self.__ask_ahead(rng)
        if not self.outstanding:
            raise RunError(f"strategy {self.name!r} asks for no genotype, not even the first")
        result = self.__evaluations.end(len(self.history))
        genotype, _ = self.outstanding.pop(0)
        self.receive(genotype, result)
        self.__evaluations.retain(self.goes_on(), len(self.history))
        self.__ask_ahead(rng)
        self.__require_a_success()
        return self.__metrics(result)

    @final
    @override
    def best(self) -> Genotype:
        """Of those with the largest budget the genotype of the greatest worth; the earliest among equals.

        Raises:
            RunError: no evaluation has succeeded.
        """
        return self.finalists(1)[0]

    @final
    @override
    def finalists(self, count: int) -> Sequence[Genotype]:
        """Those with the largest budget by their worth, then those with the next smaller one, and so on.

        While all that were told are of smaller spaces that the space grows through, each stands for the genotype of
        the space that repeats what it has chosen, with the first options besides.

        Raises:
            RunError: no evaluation has succeeded.
        """
        told = [(genotype, result) for genotype, result in self.history if not result.failure]
        if not told:
            raise RunError(f"no candidate of {len(self.history)} was evaluated with success, so none is the best")
        whole = [one for one in told if self.is_whole(one[0])]
        ranked = sorted(whole or told, key=lambda one: (one[1].budget, self.worth(*one)), reverse=True)
        return list(dict.fromkeys(genotype if whole else self.__whole(genotype) for genotype, _ in ranked))[:count]

    @final
    @override
    def state_dict(self) -> dict[str, Any]:
        """The history, and what is outstanding."""
        return {
            "history": [
                (genotype.to_dict(), result.score, dict(result.metrics), result.failure, result.budget)
                for genotype, result in self.history
            ],
            "outstanding": [(genotype.to_dict(), budget) for genotype, budget in self.outstanding],
            "refused": [(genotype.to_dict(), told) for genotype, told in self.refused.items()],
        }

    @final
    @override
    def load_state_dict(self, state: dict[str, Any]) -> None:
        refused = [(Genotype.from_dict(genotype), told) for genotype, told in state["refused"]]
        for number, (genotype, score, metrics, failure, budget) in enumerate(state["history"]):
            self.refused.update((other, told) for other, told in refused if told == number)
            result = Evaluation(score, metrics, failure=failure, budget=budget)
            self.receive(Genotype.from_dict(genotype), result)
        self.refused.update(refused)
        for genotype, budget in state["outstanding"]:
            self.__begin(Genotype.from_dict(genotype), budget)

    def __whole(self, genotype: Genotype) -> Genotype:
        """The first genotype of the space to which one of a smaller space grows."""
        space = self.problem.space
        return repeated(space, chosen(stage_of(space, genotype), genotype))

    def __ask_ahead(self, rng: np.random.Generator) -> None:
        """Ask for genotypes until there are as many outstanding as there should be."""
        while len(self.outstanding) < min(self.__evaluations.outstanding, self.steps - len(self.history)):
            genotype = self.ask(rng)
            if genotype is None:
                return
            if self.__evaluations.accepts(genotype):
                self.__begin(genotype, self.budget)
            else:
                self.refused.setdefault(genotype, len(self.history))

    def __begin(self, genotype: Genotype, budget: float) -> None:
        number = len(self.history) + len(self.outstanding)
        self.__evaluations.begin(number, genotype, budget, self.leg(number))
        self.outstanding.append((genotype, budget))

    def __metrics(self, result: Evaluation) -> dict[str, float]:
        best = {} if self.__top is None else {"best_score": self.__top[-1]}
        if result.failure:
            return {"failures": sum(bool(other.failure) for _, other in self.history), **best}
        return {"score": result.score, **best, **result.metrics}

    def __require_a_success(self) -> None:
        over = len(self.history) >= min(HOPELESS, self.steps) or not self.outstanding
        if over and self.__top is None:
            reasons = Counter(result.failure for _, result in self.history)
            counts = "; ".join(f"{quantity(count, 'time')}: {reason}" for reason, count in reasons.most_common(5))
            raise RunError(
                f"every one of the first {quantity(len(self.history), 'candidate')} failed, so the search ends. "
                f"{counts}. Put the cause right and start a new run"
            )

"""What a search has found, decided by trainings: its most promising genotypes in successive halving."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import ClassVar, final

import numpy as np
from typing_extensions import override

from nasframe.ask_tell import AskTell
from nasframe.experiment.finalists import Finalists
from nasframe.genotype import Genotype
from nasframe.space import canonical_form
from nasframe.strategy import Problem, Strategy

MORE = 4
"""Times as many genotypes as are wanted are asked for, as some stand for one network or are beyond the constraints."""


@final
class Finals(AskTell):
    """Trains given genotypes with the first budget, the best of them with the next, and so on."""

    name: ClassVar[str] = "finalists"

    def __init__(self, problem: Problem, options: Finalists, genotypes: Sequence[Genotype]) -> None:
        self._genotypes = genotypes
        self._rungs = options.rungs(len(genotypes))
        self._ends = list(accumulate(count for count, _ in self._rungs))
        super().__init__(problem, options, self._ends[-1], self._rungs[0][1])

    @override
    def ask(self, rng: np.random.Generator) -> Genotype | None:
        """The next of a rung; None: the rung before is not over."""
        asked = len(self.history) + len(self.outstanding)
        rung = next(number for number, end in enumerate(self._ends) if asked < end)
        begin = self._ends[rung - 1] if rung else 0
        if len(self.history) < begin:
            return None
        self.budget = self._rungs[rung][1]
        return self._entrants(rung)[asked - begin]

    def _entrants(self, rung: int) -> Sequence[Genotype]:
        """Who is trained in a rung whose predecessor is over: its best, failures last."""
        if rung == 0:
            return self._genotypes
        begin = self._ends[rung - 2] if rung > 1 else 0
        results = self.history[begin : self._ends[rung - 1]]
        return [one for one, _ in sorted(results, key=lambda one: (one[1].failure != "", -one[1].score))]


def name_finalists(strategy: Strategy, problem: Problem, count: int) -> list[Genotype]:
    """The most promising genotypes of a search that are different networks and within the constraints, best first.

    Fewer than ``count`` where the strategy knows no more.
    """
    found: dict[Genotype, Genotype] = {}
    for genotype in strategy.finalists(MORE * count):
        if problem.accepts(genotype):
            found.setdefault(canonical_form(problem.space, genotype), genotype)
    return list(found.values())[:count]

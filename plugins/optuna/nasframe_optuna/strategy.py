"""The strategy ``tpe``: tree-structured Parzen estimators (Bergstra, Bardenet, Bengio and Kégl, NIPS 2011, section 4).

Without optuna until the first model is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

import numpy as np
from typing_extensions import override

from nasframe import AskTell, Genotype, Problem
from nasframe_optuna.known import known
from nasframe_optuna.options import TpeOptions

if TYPE_CHECKING:
    from nasframe_optuna.proposals import Proposals


@final
class Tpe(AskTell):
    """Evaluates what a sampler of optuna proposes from the results so far.

    What it knows is the history, and the sampler's random numbers come from ``ask``'s: nothing of optuna's is saved.
    """

    name: ClassVar[str] = "tpe"

    class Options(TpeOptions):
        """Settings of the search."""

    options: TpeOptions

    def __init__(self, problem: Problem, options: TpeOptions) -> None:
        super().__init__(problem, options, options.samples, options.budget)
        self._proposals: Proposals | None = None

    @override
    def ask(self, rng: np.random.Generator) -> Genotype:
        """A proposal that was not asked for yet; else a genotype drawn at random, a new one if one is found."""
        told = known(self.history, self.refused, self.problem.objectives)
        if sum(one.values is not None for one in told) >= self.options.startup:
            outstanding = [genotype for genotype, _ in self.outstanding]
            found = self._model().propose(told, outstanding, int(rng.integers(2**32)), self.is_known)
            if found is not None:
                return found
        return self.draw(rng)

    def _model(self) -> Proposals:
        from nasframe_optuna.proposals import Proposals

        if self._proposals is None:
            self._proposals = Proposals(self.problem.space, len(self.problem.objectives), self.options)
        return self._proposals

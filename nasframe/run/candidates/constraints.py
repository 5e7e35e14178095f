"""Costs of candidates, counted before anything is trained, and their upper bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

from nasframe.cost.counting import count
from nasframe.errors import RunError
from nasframe.experiment.terms import Terms
from nasframe.files.words import quantity
from nasframe.genotype import Genotype
from nasframe.space import stage_of
from nasframe.strategy import Problem


@final
class ConstraintCheck:
    """Counts what the experiment's terms name, once for each genotype, on the meta device."""

    def __init__(self, problem: Problem, terms: Terms) -> None:
        self._problem = problem
        self._names = terms.costs()
        self._bounds = terms.constraints.bounds()
        self._tries = terms.constraints.tries
        self._counted: dict[Genotype, Mapping[str, float]] = {}
        self._cheapest: dict[str, float] = {}
        self._refused = 0

    def costs(self, genotype: Genotype) -> Mapping[str, float]:
        """The costs that count here, by name; at the size of the evaluator's images.

        Raises:
            GenotypeError: the network cannot be built, or cannot take such images.
        """
        if not self._names:
            return {}
        if genotype not in self._counted:
            cost = count(stage_of(self._problem.space, genotype), genotype, self._problem.evaluator.task)
            known = {"params": cost.params, "macs": cost.macs}
            self._counted[genotype] = {name: float(known[name]) for name in self._names}
        return self._counted[genotype]

    def accept(self, genotype: Genotype) -> bool:
        """Whether a genotype is within all bounds, or cannot be built, which its evaluation will tell.

        Raises:
            RunError: it is not, and too many before it were not either.
        """
        if not self._bounds:
            return True
        try:
            costs = self.costs(genotype)
        except Exception:  # the same happens in its evaluation, and is told there
            return True
        for name in self._bounds:
            self._cheapest[name] = min(costs[name], self._cheapest.get(name, costs[name]))
        if all(costs[name] <= bound for name, bound in self._bounds.items()):
            self._refused = 0
            return True
        self._refused += 1
        if self._refused >= self._tries:
            raise RunError(self._given_up())
        return False

    def _given_up(self) -> str:
        seen = "; ".join(
            f"{name} at most {bound:,.0f}, the cheapest seen has {self._cheapest[name]:,.0f}"
            for name, bound in self._bounds.items()
        )
        verb = "is" if self._refused == 1 else "are"
        return (
            f"{quantity(self._refused, 'genotype')} in a row {verb} beyond the constraints ({seen}). Raise the bounds "
            "or constraints.tries, or make the space's networks smaller"
        )

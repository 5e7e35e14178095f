"""What a strategy meets in a run: its candidates are judged once each, and what became of each is recorded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, final

from nasframe.errors import ExperimentError, NasframeError
from nasframe.evaluations import Leg, failed
from nasframe.evaluator import Evaluation
from nasframe.genotype import Genotype
from nasframe.pareto import SCORE
from nasframe.plugin.engine import Engine, Job, Outcome
from nasframe.run.candidates.constraints import ConstraintCheck
from nasframe.run.candidates.known_results import Known
from nasframe.run.candidates.pruning import MedianRule
from nasframe.run.candidates.trainings import Trainings

Recording = Callable[[int, Mapping[str, Any]], None]
"""Called with the number of a candidate, from 1, and the facts of its evaluation, in the order of asking."""


@final
class Judge:
    """The ``Evaluations`` of a run."""

    def __init__(
        self,
        objectives: Sequence[str],
        constraints: ConstraintCheck,
        known: Known,
        engine: Engine,
        record: Recording,
        spend: Callable[[float], None],
        trainings: Trainings,
        rule: MedianRule | None = None,
    ) -> None:
        """Args: spend: called with processor seconds that were spent elsewhere than in this process; rule: which
        trainings are stopped early, None: none."""
        self.outstanding = 1
        """How many candidates are asked for before the first is told."""
        self._rule = rule
        self._objectives = objectives
        self._constraints = constraints
        self._known = known
        self._engine = engine
        self._record = record
        self._spend = spend
        self._trainings = trainings
        self._begun: dict[int, tuple[Job, Job]] = {}
        """By number the candidate and the one it is the same as, which is evaluated."""
        self._submitted: set[int] = set()
        self._finished: dict[int, Outcome] = {}

    def accepts(self, genotype: Genotype) -> bool:
        """Whether a genotype is within the constraints."""
        return self._constraints.accept(genotype)

    def begin(self, number: int, genotype: Genotype, budget: float, leg: Leg | None = None) -> None:
        """Let the candidate be evaluated, unless it is the same as an earlier one or was finished before."""
        job = Job(number, genotype, budget, self._begun_by(genotype, leg))
        original = self._known.original(job)
        self._begun[number] = (job, original)
        if original.number in self._finished or original.number in self._submitted:
            return
        self._submitted.add(original.number)
        found = self._known.find(original)
        if found is None:
            self._engine.submit(replace(original, bars=self._rule.bars(original)) if self._rule else original)
        else:
            self._known.add(found)
            self._finished[original.number] = found
            self._spend(found.processor_seconds)  # before the run was killed, after its last checkpoint

    def end(self, number: int) -> Evaluation:
        """Wait for a candidate, with the costs that count among its metrics."""
        job, original = self._begun.pop(number)
        while original.number not in self._finished:
            outcome = self._engine.next()
            self._known.add(outcome)
            self._spend(0.0 if self._engine.in_run else outcome.processor_seconds)
            self._finished[outcome.job.number] = outcome
        outcome = self._finished[original.number]
        result = self._with_costs(job.genotype, outcome.result)
        facts = {"same_as": original.number + 1} if original.number != number else _facts(outcome)
        self._note(job, result, facts)
        return result

    def retain(self, numbers: Collection[int], told: int) -> None:
        """Delete the weights of those before number ``told`` that are not among these."""
        self._trainings.retain(numbers, told)

    def _begun_by(self, genotype: Genotype, leg: Leg | None) -> Leg | None:
        """A leg after the candidate that was really trained, if the one before was the same as another."""
        if leg is None:
            return None
        self._trainings.prepare()
        if leg.after is None:
            return leg
        before = Job(leg.after, genotype, leg.budgets[-1], Leg(leg.budgets[:-1]))
        return replace(leg, after=self._known.original(before).number)

    def _with_costs(self, genotype: Genotype, result: Evaluation) -> Evaluation:
        if result.failure:
            return result
        try:
            metrics = {**result.metrics, **self._constraints.costs(genotype)}
        except NasframeError as error:
            return failed(str(error), result.budget)
        lacking = [name for name in self._objectives if name != SCORE and name not in metrics]
        if lacking:
            raise ExperimentError(
                f"objectives: {lacking[0]!r} is no cost and no metric of the evaluator; expected score, params, macs"
                f"{''.join(f', {name}' for name in sorted(metrics) if name not in ('score', 'params', 'macs'))}"
            )
        return replace(result, metrics=metrics)

    def _note(self, job: Job, result: Evaluation, more: Mapping[str, Any]) -> None:
        after = {} if job.leg is None or job.leg.after is None else {"after": job.leg.after + 1}
        stopped = {"pruned": True} if result.budget < job.budget else {}
        stage = self._known.stage(job.genotype)
        small = {} if stage is None else {"stage": stage}
        facts = {"genotype": job.genotype.to_dict(), "budget": result.budget, **small, **stopped, **after, **more}
        if result.failure:
            self._record(job.number + 1, {**facts, "failure": result.failure})
            return
        values = {name: result.score if name == SCORE else result.metrics[name] for name in self._objectives}
        self._record(job.number + 1, {**facts, "objectives": values})


def _facts(outcome: Outcome) -> dict[str, Any]:
    """Who evaluated it, and how long that took."""
    if not outcome.worker:
        return {"from": "cache.folder"}
    return {"seconds": round(outcome.seconds, 3), "worker": outcome.worker}

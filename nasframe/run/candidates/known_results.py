"""What is known of a candidate before it is evaluated: the result of an equal one, or its own."""

from __future__ import annotations

from typing import final

from nasframe.errors import GenotypeError
from nasframe.genotype import Genotype, is_legal
from nasframe.plugin.engine import Job, Outcome
from nasframe.run.candidates.results_file import Kept
from nasframe.run.candidates.shared_results import Shared
from nasframe.space import Canonical, Growing, SearchSpace, stage_of


@final
class Known:
    """Which candidates are the same network with the same budgets, and the results that are there.

    Which candidate is taken for which depends on the order of asking alone, not on what is finished first.
    """

    def __init__(self, space: SearchSpace, kept: Kept, *, reuse: bool, shared: Shared | None = None) -> None:
        self._space = space
        self._kept = kept
        self._reuse = reuse
        self._shared = shared
        self._first: dict[tuple[Genotype, tuple[float, ...]], Job] = {}
        for job in kept:
            self.original(job)

    def original(self, job: Job) -> Job:
        """The first candidate that is the same; the job itself if there is none, or nothing is reused."""
        if not self._reuse:
            return job
        key = (self._canonical(job.genotype), job.budgets)
        first = min(self._first.get(key, job), job, key=lambda one: one.number)
        self._first[key] = first
        return first

    def find(self, job: Job) -> Outcome | None:
        """What became of a candidate that need not be evaluated; None: it must be."""
        found = self._kept.find(job)
        if found is not None or not self._reuse or self._shared is None:
            return found
        result = self._shared.find(self._canonical(job.genotype), *job.budgets)
        return None if result is None else Outcome(job, result, 0.0, 0.0, worker=0)

    def add(self, outcome: Outcome) -> None:
        """Keep what was finished."""
        self._kept.add(outcome)
        stopped = outcome.result.budget < outcome.job.budget  # which depends on other candidates
        if self._shared is not None and outcome.worker and not stopped:
            self._shared.add(self._canonical(outcome.job.genotype), outcome.result, outcome.job.budgets[:-1])

    def stage(self, genotype: Genotype) -> int | None:
        """By which of the smaller spaces that the space grows through a candidate is built, from 1; None: by itself."""
        stage = stage_of(self._space, genotype)
        if stage is self._space or not isinstance(self._space, Growing):
            return None
        return 1 + next(i for i, one in enumerate(self._space.growth()) if is_legal(one, genotype))

    def _canonical(self, genotype: Genotype) -> Genotype:
        try:
            return canonical_form(self._space, genotype)
        except GenotypeError:  # its evaluation tells
            return genotype


def canonical_form(space: SearchSpace, genotype: Genotype) -> Genotype:
    """The one genotype that stands for all of the same network; itself, where the space does not say.

    Raises:
        GenotypeError: it is not legal.
    """
    stage = stage_of(space, genotype)
    return stage.canonical(genotype) if isinstance(stage, Canonical) else genotype

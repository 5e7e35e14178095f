"""The judge of a run, put together as its experiment says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from nasframe.experiment.experiment import Experiment
from nasframe.experiment.terms import Terms
from nasframe.plugin.engine import Engine, Show
from nasframe.run.candidates.constraints import ConstraintCheck
from nasframe.run.candidates.judge import Judge
from nasframe.run.candidates.known_results import Known
from nasframe.run.candidates.own_process import OwnProcess
from nasframe.run.candidates.processes import Processes
from nasframe.run.candidates.pruning import MedianRule
from nasframe.run.candidates.results_file import Kept
from nasframe.run.candidates.shared_results import Shared, context
from nasframe.run.candidates.trainings import Trainings
from nasframe.run.candidates.worker import WorkerSetup
from nasframe.run.journal import Journal
from nasframe.strategy import Bounded, Problem


@contextmanager
def open_evaluations(experiment: Experiment, problem: Problem, journal: Journal) -> Iterator[Problem]:
    """The problem with the evaluations of a run: by the experiment's terms, recorded in the journal.

    What evaluates stops at the end. A ``Bounded`` strategy finds networks by itself, and has the constraints alone.
    """
    terms = experiment.terms
    if terms is None:
        yield problem
        return
    assert experiment.strategy is not None, "only a search has terms"
    if issubclass(experiment.strategy.cls, Bounded):
        yield replace(problem, accepts=ConstraintCheck(problem, terms).accept)
        return
    with open_judge(experiment, problem, journal, terms) as judge:
        yield replace(problem, objectives=terms.objectives, evaluations=judge)


@contextmanager
def open_judge(experiment: Experiment, problem: Problem, journal: Journal, terms: Terms) -> Iterator[Judge]:
    """What evaluates a phase's candidates on these terms, recorded in its journal; it stops at the end."""
    folder = terms.cache.folder
    shared = _shared(Path(folder), experiment, problem) if folder else None
    kept = Kept(journal.folder.layout.evaluations_of(journal.phase))
    known = Known(problem.space, kept, reuse=terms.cache.reuse, shared=shared)
    trainings = Trainings(journal.folder.layout)
    engine = _engine(experiment, problem, journal, trainings)

    def record(candidate: int, facts: Mapping[str, Any]) -> None:
        journal.record("evaluated", candidate, **facts)
        if "failure" in facts:
            journal.progress.say(f"candidate {candidate} failed: {facts['failure']}")

    outstanding = experiment.run.outstanding or experiment.run.workers
    rule = MedianRule(terms.prune, kept, outstanding) if terms.prune else None
    check = ConstraintCheck(problem, terms)
    judge = Judge(terms.objectives, check, known, engine, record, journal.spend, trainings, rule)
    judge.outstanding = outstanding
    try:
        yield judge
    finally:
        engine.close()
    trainings.clear()


def _shared(folder: Path, experiment: Experiment, problem: Problem) -> Shared:
    return Shared(folder, context(experiment, problem.runtime, problem.evaluator.fingerprint()))


def _engine(experiment: Experiment, problem: Problem, journal: Journal, trainings: Trainings) -> Engine:
    assert experiment.engine is not None, "what proposes candidates has an engine"
    setup = WorkerSetup(experiment.space, experiment.evaluator, problem.runtime, experiment.run, trainings)
    return make_engine(experiment.engine, setup, lambda: problem, journal.progress.workers)


def make_engine(kind: type[Engine], setup: WorkerSetup, problem: Callable[[], Problem], show: Show) -> Engine:
    """The engine that a run asks for; one worker of the engine ``process`` is the run's own process.

    Args:
        kind: what the run's ``engine`` names.
        setup: what the workers are given; how many there are, where, and their threads, its ``run`` says.
        problem: makes what is evaluated in the run's own process; called where that is what evaluates.
        show: called now and then with what each worker does.
    """
    run = setup.run
    if run.workers == 1 and kind is Processes:
        return OwnProcess(problem(), setup.trainings)
    threads = run.threads or max(1, torch.get_num_threads() // run.workers)
    setup = replace(setup, run=run.model_copy(update={"threads": threads}))
    return kind(setup, run.workers, run.address, show)

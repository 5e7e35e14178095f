"""What a worker does, in whatever process: it finds its data once, then evaluates one candidate after the other."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import final

import torch
from typing_extensions import override

from nasframe.errors import NasframeError
from nasframe.evaluations import attempt, attempt_leg
from nasframe.evaluator import Evaluation, Evaluator, Runtime
from nasframe.experiment.run_options import RunOptions
from nasframe.experiment.sections import Part
from nasframe.plugin.engine import Evaluate, Job, Reply, Setup
from nasframe.run.candidates.trainings import Trainings
from nasframe.run.device import set_numerics
from nasframe.run.problems import make_problem
from nasframe.space import SearchSpace
from nasframe.strategy import Problem
from nasframe.training.seeding import seed_all


@final
@dataclass(frozen=True)
class WorkerSetup(Setup):
    """What the workers of an experiment are given."""

    space: Part[SearchSpace]
    evaluator: Part[Evaluator]
    runtime: Runtime
    run: RunOptions
    """Its ``threads`` are those of one worker."""
    trainings: Trainings | None = None
    """Where trainings that may go on are kept; None: nowhere, and all jobs are evaluations by themselves."""

    @property
    @override
    def threads(self) -> int:
        """CPU threads of one worker."""
        return self.run.threads or 1

    @property
    @override
    def device(self) -> str:
        """Torch device of a worker."""
        return self.runtime.device

    @override
    def on(self, worker: int) -> WorkerSetup:
        """The setup of one worker, from 1: where there are several GPUs and none was named, they take turns."""
        several = torch.cuda.device_count() if self.device == "cuda" else 0
        if several < 2:
            return self
        return replace(self, runtime=replace(self.runtime, device=f"cuda:{(worker - 1) % several}"))

    @contextmanager
    @override
    def prepare(self) -> Iterator[Evaluate]:
        """What evaluates the problem, with torch set up as the run asks."""
        with set_numerics(self.run, self.device):
            yield partial(reply, make_problem(self.space, self.evaluator, self.runtime), self.trainings)


def reply(problem: Problem, trainings: Trainings | None, job: Job) -> Reply:
    """The answer to a job."""
    try:
        return perform(problem, job, trainings)
    except NasframeError as error:
        return error


def perform(problem: Problem, job: Job, trainings: Trainings | None = None) -> tuple[Evaluation, float, float]:
    """The result of a job, its seconds and its processor seconds; torch's generators are seeded for it, and left as
    they were."""
    device = torch.device(problem.runtime.device)
    begun, processor = time.monotonic(), time.process_time()
    with torch.random.fork_rng(devices=[device.index or 0] if device.type == "cuda" else []):
        seed_all(problem.runtime.seed, "search", "evaluate", job.number)
        result = _evaluated(problem, job, trainings)
    spent = time.monotonic() - begun, time.process_time() - processor
    return replace(result, tables={}, conditions={}), *spent


def _evaluated(problem: Problem, job: Job, trainings: Trainings | None) -> Evaluation:
    """The result of a job; what its training leaves is kept, if another may go on from it."""
    what = problem.space, problem.evaluator, job.genotype
    if job.leg is None and job.bars is None:
        return attempt(*what, job.budget)
    result, reached = attempt_leg(*what, job.budgets, trainings.find(job) if trainings else None, job.bars)
    if reached is not None and trainings:
        trainings.keep(job, reached)
    return result

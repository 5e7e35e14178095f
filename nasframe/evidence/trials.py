"""Random genotypes, each trained with several seeds at several budgets: what is drawn, and what became of it.

Each training is a line of a file, so a measurement that was stopped goes on where it was.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, final

import numpy as np

from nasframe.cost.counting import Cost, count, layers
from nasframe.errors import RunError
from nasframe.evaluator import Runtime
from nasframe.evidence.searched_part import searched_macs
from nasframe.evidence.settled import fingerprint, settle
from nasframe.experiment.experiment import Experiment, Retrain
from nasframe.files import atomic
from nasframe.files.words import quantity
from nasframe.genotype import Genotype, sample
from nasframe.pareto import SCORE
from nasframe.plugin.engine import Engine, Job, Outcome
from nasframe.run.candidates.processes import Processes
from nasframe.run.candidates.set_up import make_engine
from nasframe.run.candidates.shared_results import Shared, context
from nasframe.run.candidates.worker import WorkerSetup
from nasframe.run.problems import make_problem, open_problems
from nasframe.space import canonical_form
from nasframe.strategy import Problem

Place = tuple[int, float, int]
"""Which training: seed, from 0; budget; genotype, from 0."""
MATCHED_DRAWS = 100
"""How many genotypes are drawn to find some that cost alike."""
_PARTS = ("seed", "space", "evaluator", "retrain")
"""Keys of an experiment that, besides bounds of costs, change what is drawn or what a training comes to."""


@final
@dataclass(frozen=True)
class Trials:
    """What is trained."""

    genotypes: int = 12
    seeds: int = 2
    budgets: tuple[float, ...] = (0.25, 1.0)
    """Shares of a full evaluation, rising; the last one is 1."""
    matched: float | None = None
    """By which share multiply-adds may differ from the middle of what is drawn; None: they may be any."""

    def of_seed(self, seed: int) -> dict[int, Place]:
        """The trainings of one seed, by the numbers that they have among them: the cheap ones first."""
        places = ((seed, budget, genotype) for budget in self.budgets for genotype in range(self.genotypes))
        return dict(enumerate(places))


@final
@dataclass(frozen=True)
class Row:
    """One training."""

    number: int
    """Of the genotype, from 0."""
    genotype: dict[str, Any]
    params: int
    macs: int
    searched: int
    """Of the multiply-adds those of layers that are not the same in all genotypes."""
    seed: int
    budget: float
    metrics: dict[str, float]
    """The score among them; none where it has failed."""
    seconds: float
    """0: its result was in the folder that runs share."""
    failure: str = ""
    """Why it came to nothing; empty: it did not fail."""

    @property
    def place(self) -> Place:
        """Which training it is."""
        return self.seed, self.budget, self.number

    @property
    def title(self) -> str:
        """Which training it is, in words."""
        return f"genotype {self.number + 1}, seed {self.seed}, budget {self.budget:g}"


def measure(
    experiment: Experiment, trials: Trials, folder: Path, say: Callable[[str], object], workers: int | None = None
) -> list[Row]:
    """Train what is missing in a folder; all rows, by seed, budget and genotype.

    The trainings are those of retraining where the experiment has it, else those of the search's evaluator. What comes
    out depends neither on the engine nor on the number of workers. A training that fails is a row with its reason.

    Args:
        workers: how many trainings run at a time; None: as many as the experiment's ``run`` says.

    Raises:
        RunFolderError: the folder holds trainings of another experiment or trials.
        RunError: too few genotypes cost alike.
        NasframeError: something is wrong that is not a genotype's fault, such as a missing file.
    """
    _settle(experiment, trials, folder)
    rows = {row.place: row for row in read(folder)}
    wanted = [trials.of_seed(seed) for seed in range(trials.seeds)]
    missing = [{number: at for number, at in places.items() if at not in rows} for places in wanted]
    if any(missing):
        with open_problems(experiment) as problems:
            session = _Session(experiment, workers, problems.retrain or problems.search)
            session.settle_data(folder)
            drawn = session.draw(trials)

            def finished(row: Row) -> None:
                atomic.append_row(folder / "trainings.jsonl", asdict(row))
                rows[row.place] = row
                became = f"failed: {row.failure}" if row.failure else f"score {row.metrics[SCORE]:.4f}"
                say(f"{len(rows)} of {sum(map(len, wanted))}: {row.title}: {became} in {row.seconds:.1f} s")

            for seed, places in enumerate(missing):
                session.train(seed, places, drawn, finished)
    return [rows[place] for place in sorted(rows)]


def draw(
    problem: Problem, trials: Trials, seed: int, bounds: Mapping[str, float] | None = None
) -> list[tuple[Genotype, Cost]]:
    """Different random genotypes with their costs; the same for the same seed.

    Args:
        bounds: the most that ``params`` and ``macs`` may be; None: anything.

    Raises:
        RunError: too few are within the bounds or cost alike.
    """
    rng = np.random.default_rng([seed, 0x516])
    number = trials.genotypes if trials.matched is None else max(MATCHED_DRAWS, 4 * trials.genotypes)
    drawn: dict[Genotype, tuple[Genotype, Cost]] = {}
    for _ in range(20 * number):
        if len(drawn) == number:
            break
        genotype = sample(problem.space, rng)
        same = canonical_form(problem.space, genotype)
        if same not in drawn:
            cost = count(problem.space, genotype, problem.evaluator.task)
            if all({"params": cost.params, "macs": cost.macs}[name] <= most for name, most in (bounds or {}).items()):
                drawn[same] = genotype, cost
    middle = float(np.median([cost.macs for _, cost in drawn.values()])) if drawn else 0.0
    share = math.inf if trials.matched is None else trials.matched
    alike = [(genotype, cost) for genotype, cost in drawn.values() if abs(cost.macs - middle) <= share * middle]
    if len(alike) < trials.genotypes:
        raise RunError(
            f"within the constraints {quantity(len(drawn), 'different genotype')} could be found, {len(alike)} of them "
            f"with multiply-adds as near {middle:,.0f} as is asked; {trials.genotypes} are wanted: allow more "
            "by --matched, ask for fewer by --genotypes, or loosen the constraints"
        )
    return alike[: trials.genotypes]


def read(folder: Path) -> list[Row]:
    """The trainings in a folder; a line that was being written when the process was killed is dropped."""
    return atomic.read_json_lines(folder / "trainings.jsonl", lambda line: Row(**line))


@final
@dataclass(frozen=True)
class _Drawn:
    """A genotype with what is known of it before it is trained."""

    genotype: Genotype
    cost: Cost
    searched: int


class _Session:
    """What trains: an experiment's parts with its engine, a new one for each seed."""

    def __init__(self, experiment: Experiment, workers: int | None, problem: Problem | None) -> None:
        self._experiment = experiment
        self._parts: Experiment | Retrain = experiment.retrain or experiment
        self._kind = experiment.engine or Processes
        self._run = experiment.run.model_copy(update={"workers": workers or experiment.run.workers})
        assert problem is not None, "an experiment that neither searches nor retrains has nothing to train"
        self._problem = problem

    def draw(self, trials: Trials) -> list[_Drawn]:
        """Random genotypes."""
        problem = self._problem
        drawn = draw(problem, trials, self._experiment.seed, _bounds(self._experiment))
        networks = [layers(problem.space, genotype, problem.evaluator.task) for genotype, _ in drawn]
        searched = searched_macs(networks)
        return [_Drawn(*pair, macs) for pair, macs in zip(drawn, searched, strict=True)]

    def settle_data(self, folder: Path) -> None:
        """Note what identifies the data, and refuse a folder with trainings on others."""
        data = dict(self._problem.evaluator.fingerprint())
        settle(folder / "data.json", {"data": fingerprint(data)}, holds="trainings")

    def train(
        self, seed: int, places: Mapping[int, Place], drawn: Sequence[_Drawn], finished: Callable[[Row], object]
    ) -> None:
        """Train with one seed.

        Args:
            places: by the number of the job, which does not depend on what was trained before.
            finished: called with each row, in whatever order they are finished.
        """
        runtime = replace(self._problem.runtime, seed=self._experiment.seed + seed)
        shared = self._shared(runtime)

        def tell(outcome: Outcome) -> None:
            place = places[outcome.job.number]
            finished(_row(place, drawn[place[2]], outcome))

        left = []
        for number, (_, budget, genotype) in places.items():
            job = Job(number, drawn[genotype].genotype, budget)
            known = shared.find(self._canonical(job), budget) if shared else None
            if known is None:
                left.append(job)
            else:
                tell(Outcome(job, known, 0.0, 0.0, worker=0))
        if not left:
            return
        with closing(self._engine(runtime)) as engine:
            for job in left:
                engine.submit(job)
            for _ in left:
                outcome = engine.next()
                if shared:
                    shared.add(self._canonical(outcome.job), outcome.result)
                tell(outcome)

    def _canonical(self, job: Job) -> Genotype:
        return canonical_form(self._problem.space, job.genotype)

    def _engine(self, runtime: Runtime) -> Engine:
        parts = self._parts

        def problem() -> Problem:
            known = runtime == self._problem.runtime
            return self._problem if known else make_problem(parts.space, parts.evaluator, runtime)

        setup = WorkerSetup(parts.space, parts.evaluator, runtime, self._run)
        return make_engine(self._kind, setup, problem, lambda _: None)

    def _shared(self, runtime: Runtime) -> Shared | None:
        cache = self._experiment.terms.cache if self._experiment.terms else None
        if cache is None or not cache.reuse or cache.folder is None:
            return None
        return Shared(Path(cache.folder), context(self._parts, runtime, self._problem.evaluator.fingerprint()))


def _bounds(experiment: Experiment) -> dict[str, float]:
    return experiment.terms.constraints.bounds() if experiment.terms else {}


def _row(place: Place, drawn: _Drawn, outcome: Outcome) -> Row:
    seed, budget, number = place
    result = outcome.result
    return Row(
        number=number,
        genotype=drawn.genotype.to_dict(),
        params=drawn.cost.params,
        macs=drawn.cost.macs,
        searched=drawn.searched,
        seed=seed,
        budget=budget,
        metrics={} if result.failure else {SCORE: result.score, **result.metrics},
        seconds=round(outcome.seconds, 3),
        failure=result.failure,
    )


def _settle(experiment: Experiment, trials: Trials, folder: Path) -> None:
    """Note what the trainings in a folder are of, and refuse a folder with others."""
    resolved = experiment.resolved()
    described = [_bounds(experiment), {key: resolved[key] for key in _PARTS}]
    settings = {"experiment": fingerprint(described), "trials": asdict(trials)}
    settle(folder / "signal.json", settings, holds="trainings")

"""Was anything found? A search and its opponents with several seeds each, what they find retrained alike.

Everything that is run is a run folder, so it can be killed at any moment and goes on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import final

import numpy as np
import torch

from nasframe.cost.counting import count
from nasframe.derive import FinalSpace, read_final_space
from nasframe.errors import ExperimentError, RunError
from nasframe.evidence.lanes import Lanes
from nasframe.evidence.settled import fingerprint, settle
from nasframe.experiment.checking import load
from nasframe.experiment.experiment import SUPERNET, Experiment
from nasframe.files import genotypes
from nasframe.files.words import duration
from nasframe.genotype import Genotype, GenotypeRecord, sample
from nasframe.plan.choosing import choose
from nasframe.plugin.registry import Registry
from nasframe.run import resume, run
from nasframe.run.from_genotype import from_genotype
from nasframe.runfolder.layout import RunLayout
from nasframe.runfolder.reading import RunReader, is_run
from nasframe.space import Task

SEARCH, DRAWS, RANDOM = "search", "draws", "random"
"""The arms: what is judged; random genotypes of equal or fewer multiply-adds; random search at equal cost."""
DRAWS_AT_MOST = 2000
"""How many genotypes are drawn to find one that is cheap enough."""
ENDLESS = 1_000_000
"""Candidates of a random search that ends by its cost."""
APART = 1000
"""Between the seeds of one network's trainings; networks of one pair are trained with the same ones."""
SETTINGS = "repeat.json"


@final
@dataclass(frozen=True)
class Repetition:
    """What is repeated, and against what."""

    file: Path
    overrides: tuple[str, ...] = ()
    seeds: int = 5
    """How often everything is searched; the first seed is the experiment's."""
    retrainings: int = 2
    """With how many seeds each network that is found is trained."""
    against: tuple[str, ...] = (DRAWS, RANDOM)
    """``draws``, ``random`` or the path of an experiment file."""
    budget: float = 0.25
    """Share of a full evaluation that a candidate of the random search gets."""
    jobs: int = 1
    """How many runs are done at a time, each in a process of its own."""

    def arms(self) -> dict[str, str]:
        """By name what each opponent is.

        Raises:
            ExperimentError: two have one name.
        """
        named = {one if one in (DRAWS, RANDOM) else Path(one).stem: one for one in self.against}
        if len(named) < len(self.against) or SEARCH in named:
            raise ExperimentError(
                f"against {', '.join(self.against)}: opponents are called by their file's name, which must differ from "
                f"each other's, and from {SEARCH!r}"
            )
        return named


@final
@dataclass(frozen=True)
class Order:
    """What is done in one go: one arm with one seed, from its search to its last retraining."""

    arm: str
    number: int
    """Of the seed, from 0."""
    seed: int
    folder: Path
    file: Path | None
    """None: the genotype is drawn."""
    overrides: tuple[str, ...]
    settings: tuple[str, ...]
    """Overrides of retraining too: threads and device."""
    retrainings: int
    reference: Path | None
    """The run of the search that is judged, with the same seed; None: it is that run."""
    left_out: tuple[str, ...] = ()
    """Plug-ins that are not used."""
    registry: Registry | None = field(default=None, compare=False)
    """None: what is installed, as in another process."""

    def do(self) -> None:
        """Search and retrain, or draw and train; what is done already is left as it is."""
        registry = self.registry or Registry.discover(self.left_out)
        if self.file is None:
            for number in range(self.retrainings):
                self._train(str(self._draw(number, registry)), self._reference.experiment, number, registry)
            return
        searched = run_folder(self.folder, self.number)
        overrides = (*self.overrides, f"seed={self.seed}", *self.settings)
        _finish(searched, partial(load, self.file, overrides, registry), registry)
        kept = RunLayout(searched).inherited if _inherits(searched) else None
        for number in range(1 if _has_result(searched) else 0, self.retrainings):
            self._train(str(searched), None, number, registry, kept)

    def _train(
        self, source: str, recipe: Path | None, number: int, registry: Registry, weights: Path | None = None
    ) -> None:
        overrides = (f"seed={self.seed + APART * number}", *self.settings)
        make = partial(from_genotype, source, registry, recipe=recipe, overrides=overrides, weights=weights)
        _finish(run_folder(self.folder, self.number, number), make, registry)

    @property
    def _reference(self) -> RunLayout:
        assert self.reference is not None, "an opponent has one"
        return RunLayout(self.reference)

    def _draw(self, training: int, registry: Registry) -> Path:
        """The file of a drawn genotype: another for each training, as what is asked for is the mean of all draws."""
        path = self.folder / f"seed-{self.number}-draw-{training + 1}.yaml"
        if not path.is_file():
            reference = self._reference
            final, task = read_final_space(reference.folder, registry), RunReader(reference.folder).task()
            assert task is not None, "a run that is done says what its networks have to do"
            most = count(final.space, genotypes.read(reference.genotype).genotype, task).macs
            genotype = draw(final, task, most, self.seed, training)
            path.parent.mkdir(parents=True, exist_ok=True)
            record = GenotypeRecord(genotype, final.options, f"draw {training + 1} at random with seed {self.seed}")
            genotypes.write(path, record, {"plugin": {"distribution": final.distribution, "version": final.version}})
        return path


def run_folder(arm: Path, number: int, retraining: int | None = None) -> Path:
    """The run of an arm's search with a seed, from 0, or of another retraining of what that found."""
    return arm / (f"seed-{number}" if retraining is None else f"seed-{number}-retraining-{retraining + 1}")


def draw(final: FinalSpace, task: Task, most: int, seed: int, number: int = 0) -> Genotype:
    """A random genotype of at most so many multiply-adds; the cheapest of all that were drawn if there is none.

    Args: number: of the draw, from 0; each has randomness of its own.
    """
    rng = np.random.default_rng([seed, 0xD3A, number])
    cheapest: tuple[int, Genotype] | None = None
    for _ in range(DRAWS_AT_MOST):
        genotype = sample(final.space, rng)
        macs = count(final.space, genotype, task).macs
        if macs <= most:
            return genotype
        if cheapest is None or macs < cheapest[0]:
            cheapest = (macs, genotype)
    assert cheapest is not None, "some were drawn"
    return cheapest[1]


def conduct(
    experiment: Experiment,
    repetition: Repetition,
    folder: Path,
    registry: Registry,
    say: Callable[[str], object],
    left_out: Sequence[str] = (),
) -> None:
    """Run whatever is not done yet.

    Args:
        experiment: that of the repetition's file.
        left_out: plug-ins that are not used.

    Raises:
        RunFolderError: the folder holds another repetition.
        NasframeError: a run has failed.
        Interrupted: the user stopped it; the same command goes on.
    """
    arms = repetition.arms()
    others = {
        arm: load(Path(path), (), registry)  # what is wrong with it is said now
        for arm, path in arms.items()
        if path not in (DRAWS, RANDOM)
    }
    _settle(experiment, others, repetition, folder)
    own = registry if repetition.jobs == 1 else None

    def order(arm: str, number: int, file: Path | None, overrides: Sequence[str], reference: Path | None) -> Order:
        settings = tuple(_shared_out(experiment, repetition, number))
        seed = experiment.seed + number
        place = folder / arm
        of_run = (*overrides, "run.pictures=0")
        trained = repetition.retrainings
        return Order(arm, number, seed, place, file, of_run, settings, trained, reference, tuple(left_out), own)

    def follow(done: Order) -> Iterator[Order]:
        say(f"{done.arm}, seed {done.number + 1} of {repetition.seeds}: done")
        if done.arm != SEARCH:
            return
        reference = run_folder(done.folder, done.number)
        for arm, what in arms.items():
            if what == DRAWS:
                yield order(arm, done.number, None, (), reference)
            elif what == RANDOM:
                minutes = processor_seconds(reference) / 60
                say(f"random search gets {duration(60 * minutes)} of processor time, as the search of this seed did")
                strategy = f"strategy={{type: random, samples: {ENDLESS}, budget: {repetition.budget!r}}}"
                ended = f"run.search_cpu_minutes={max(minutes, 1e-4)!r}"
                fresh = ("retrain.weights=fresh",) if experiment.retrain and experiment.retrain.inherits else ()
                own = (*repetition.overrides, strategy, ended, "finalists=null", "ledger=null", *fresh)
                yield order(arm, done.number, repetition.file, own, reference)
            else:
                yield order(arm, done.number, Path(what), (), reference)

    first = [order(SEARCH, number, repetition.file, repetition.overrides, None) for number in range(repetition.seeds)]
    Lanes[Order](repetition.jobs).work(first, follow)


def processor_seconds(folder: Path) -> float:
    """What a run's search has cost, the comparison of its finalists included, in processor seconds.

    Raises:
        RunError: the run does not say it.
    """
    events = RunReader(folder).events()
    spent = {
        event["phase"]: float(event["processor_seconds"])
        for event in events
        if event.get("event") == "checkpoint"
        and "processor_seconds" in event
        and event.get("phase") not in ("ledger", "retrain")
    }
    if "search" not in spent:
        raise RunError(f"{folder} does not say what its search has cost; delete the folder, and it is run again")
    return sum(spent.values())


def _has_result(folder: Path) -> bool:
    return RunLayout(folder).metrics.is_file()


def _inherits(searched: Path) -> bool:
    """Whether the search's own retraining has started from its supernet, so that others do too."""
    retrain = RunReader(searched).mapping(RunLayout(searched).experiment).get("retrain") or {}
    return bool(retrain.get("weights") == SUPERNET)


def _finish(folder: Path, make: Callable[[], Experiment], registry: Registry) -> None:
    """Begin a run, or go on with it."""
    if is_run(folder):
        resume(folder, registry, quiet=True)
    else:
        run(choose(make(), registry, lambda reason: None), folder, registry=registry, quiet=True)


def _shared_out(experiment: Experiment, repetition: Repetition, number: int) -> Iterator[str]:
    """What each of several runs at a time may use of the machine, where the experiment does not say it."""
    if repetition.jobs == 1:
        return
    if experiment.run.threads is None:
        yield f"run.threads={max(1, len(os.sched_getaffinity(0)) // repetition.jobs)}"
    if experiment.run.device == "auto" and torch.cuda.device_count() > 1:
        yield f"run.device=cuda:{number % torch.cuda.device_count()}"


def _settle(experiment: Experiment, others: Mapping[str, Experiment], repetition: Repetition, folder: Path) -> None:
    """Note what the folder holds, and refuse one that holds something else; seeds and opponents may be added later."""
    settings = {"experiment": _fingerprint(experiment), "retrainings": repetition.retrainings}
    settle(folder / SETTINGS, settings, holds="runs")
    for arm, other in others.items():
        settle(folder / arm / SETTINGS, {"experiment": _fingerprint(other)}, holds="runs")
    if RANDOM in repetition.against:
        settle(folder / RANDOM / SETTINGS, {"budget": repetition.budget}, holds="runs")


def _fingerprint(experiment: Experiment) -> str:
    return fingerprint({key: part for key, part in experiment.resolved().items() if key not in ("name", "run")})

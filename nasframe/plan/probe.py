"""A few real steps of a phase, timed, with the process's peak memory; run in a process of its own.

``python -m nasframe.plan.probe FILE PHASE SECONDS`` prints what ``probe`` finds as one line of JSON.
"""

from __future__ import annotations

import dataclasses
import json
import resource
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from nasframe.ask_tell import AskTell
from nasframe.cost import counting
from nasframe.errors import NasframeError
from nasframe.evaluator import Candidate, Differentiable, Split, Trainable
from nasframe.experiment.checking import load
from nasframe.experiment.experiment import Experiment
from nasframe.files.words import first_line
from nasframe.genotype import Genotype, sample
from nasframe.plugin.registry import Registry
from nasframe.run.problems import Problems, make_strategy, open_problems
from nasframe.runfolder.layout import Phase
from nasframe.stepper import Stepper, Uneven
from nasframe.strategy import Problem, TrainsSupernet
from nasframe.supernet import Supernet
from nasframe.training.seeding import seed_all

UNCOUNTED, FEWEST, MOST = 2, 3, 12
"""Steps of a kind that do not count, for they fill caches and queues; steps that at least and at most do."""
GENOTYPES = 9
"""How many genotypes are drawn to find one of middling cost, where the search is still to come."""
READ_SECONDS = 10.0
"""For how long at most data are read ahead, so that later steps find them as in the middle of a run."""


class Taken(NamedTuple):
    """How long something took."""

    seconds: float
    processor: float
    """Processor seconds, of all threads of the process."""

    @classmethod
    def since(cls, begun: Taken) -> Taken:
        """From then to now."""
        now = cls.now()
        return cls(now.seconds - begun.seconds, now.processor - begun.processor)

    @classmethod
    def now(cls) -> Taken:
        """What the clocks show."""
        return cls(time.perf_counter(), time.process_time())


@dataclass
class Probe:
    """What was measured of one phase."""

    steps: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    """How many steps of each kind the phase has."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Of one step of each kind."""
    processor: dict[str, float] = field(default_factory=dict)
    """Processor seconds of one step of each kind, those of all threads of the process."""
    before: float = 0.0
    """Seconds from the start of the process to the first step."""
    remarks: list[str] = field(default_factory=list)
    """What the strategy says of the search, before it begins."""
    after: float = 0.0
    """Seconds after the last step: the final measurement."""
    processor_after: float = 0.0
    """The same in processor seconds."""
    memory: int = 0
    """Peak in bytes: of the process on a CPU, of torch's allocations on a GPU."""
    params: int = 0
    macs: int = 0
    spread: tuple[int, int] = (0, 0)
    """The fewest and the most multiply-adds among the genotypes drawn."""
    genotype: str = ""
    """Which genotype's network was measured, in words."""


def probe(experiment: Experiment, phase: Phase, seconds: float, begun: float | None = None) -> Probe:
    """Build a phase and do some of its steps.

    Args:
        seconds: about how long each kind of step is measured.
        begun: when the process started (``time.time()``); None: now.
    """
    begun = time.time() if begun is None else begun
    result = Probe()
    with open_problems(experiment) as problems:
        with _peak(result, problems.runtime.device):
            if phase == "finalists":
                _finalists(experiment, problems, seconds, begun, result)
            elif phase == "ledger":
                _ledger(experiment, problems, seconds, begun, result)
            elif phase == "search":
                _search(experiment, problems, seconds, begun, result)
            else:
                _retrain(experiment, problems, seconds, begun, result)
    return result


def _search(experiment: Experiment, problems: Problems, seconds: float, begun: float, result: Probe) -> None:
    problem, part = problems.search, experiment.strategy
    assert problem is not None and part is not None, "an experiment with a search has both"
    seed_all(experiment.seed, "search", "build")
    strategy = make_strategy(part, problem)
    result.remarks = list(strategy.remarks())
    result.before = time.time() - begun
    _read_ahead(problem, ("weights", "arch"))
    if isinstance(strategy, AskTell) and isinstance(problem.evaluator, Trainable):
        _candidates(problem, "candidate", strategy.planned(), seconds, result)
    else:
        _steps(strategy, problem, "search", seconds, result)


def _finalists(experiment: Experiment, problems: Problems, seconds: float, begun: float, result: Probe) -> None:
    """As many as are asked for; a strategy may name fewer."""
    problem, options = problems.search, experiment.finalists
    assert problem is not None and options is not None, "an experiment with finalists has both"
    result.before = time.time() - begun
    _read_ahead(problem, ("weights", "arch"))
    _candidates(problem, "training", options.rungs(options.count), seconds, result)


def _ledger(experiment: Experiment, problems: Problems, seconds: float, begun: float, result: Probe) -> None:
    """The short training, and the measurements: of the supernet, of the genotypes alone in it, of the network."""
    problem, search, part = problems.retrain, problems.search, experiment.strategy
    assert problem and search and part and experiment.ledger, "an experiment with a ledger searches and retrains"
    assert isinstance(problem.evaluator, Trainable), "what starts from a supernet is trained"
    genotype = _middling(problem, Probe())
    seed_all(experiment.seed, "search", "build")
    strategy = make_strategy(part, search)
    network = problem.space.build(genotype, problem.evaluator.task)
    training = problem.evaluator.training(network, experiment.ledger.budget)
    result.before = time.time() - begun
    _read_ahead(problem, ("train",))
    _steps(training, problem, "ledger", seconds, result)
    alone = 1 + (experiment.finalists.count if experiment.finalists else 1)
    taken = [_measurement(problem, genotype)] * alone
    if isinstance(strategy, TrainsSupernet) and isinstance(strategy.supernet, Supernet):
        start = Taken.now()
        problem.evaluator.measure(strategy.supernet)
        taken.append(Taken.since(start))
    result.after, result.processor_after = (sum(amounts) for amounts in zip(*taken, strict=True))


def _candidates(
    problem: Problem, kind: str, planned: Sequence[tuple[int, float]], seconds: float, result: Probe
) -> None:
    """Steps that are whole evaluations, of one budget or several.

    Args:
        planned: how many have which budget.
        seconds: about how long all of them are measured.
    """
    genotype = _middling(problem, result)
    for count, budget in planned:
        name = kind if len(planned) == 1 else f"{kind} of {budget:.3g}"
        result.steps += count
        result.counts[name] = count
        taken = _candidate(problem, genotype, budget, seconds / len(planned))
        result.seconds[name], result.processor[name] = taken.seconds, taken.processor


def _candidate(problem: Problem, genotype: Genotype, budget: float, seconds: float) -> Taken:
    """What the evaluation of one candidate takes: by some updates of its training, and one measurement."""
    evaluator = problem.evaluator
    if not isinstance(evaluator, Trainable):
        start = Taken.now()
        evaluator.evaluate(Candidate(genotype, lambda: problem.space.build(genotype, evaluator.task)), budget)
        return Taken.since(start)
    training = evaluator.training(problem.space.build(genotype, evaluator.task), budget)
    inner = Probe()
    _steps(training, problem, "search", seconds, inner)
    after = _measurement(problem, genotype)
    return Taken(
        _whole(inner.counts, inner.seconds, after.seconds), _whole(inner.counts, inner.processor, after.processor)
    )


def _whole(counts: dict[str, int], each: dict[str, float], after: float) -> float:
    return sum(count * each[kind] for kind, count in counts.items()) + after


def _retrain(experiment: Experiment, problems: Problems, seconds: float, begun: float, result: Probe) -> None:
    problem = problems.retrain
    assert problem is not None, "an experiment that retrains has it"
    given = experiment.genotype
    genotype = given.genotype if given else _middling(problem, result)
    counted = counting.count(problem.space, genotype, problem.evaluator.task)
    result.params, result.macs = counted.params, counted.macs
    if given:
        result.genotype, result.spread = "the given genotype", (counted.macs, counted.macs)
    seed_all(experiment.seed, "retrain", "build")
    network = problem.space.build(genotype, problem.evaluator.task)
    if not isinstance(problem.evaluator, Trainable):
        start = Taken.now()
        problem.evaluator.evaluate(Candidate(genotype, lambda: network))
        taken = Taken.since(start)
        result.steps, result.counts = 1, {"evaluation": 1}
        result.seconds, result.processor = {"evaluation": taken.seconds}, {"evaluation": taken.processor}
        return
    training = problem.evaluator.training(network)
    result.before = time.time() - begun
    _read_ahead(problem, ("train",))
    _steps(training, problem, "retrain", seconds, result)
    result.after, result.processor_after = _measurement(problem, genotype)


def _steps(stepper: Stepper, problem: Problem, phase: Phase, seconds: float, result: Probe) -> None:
    """Do steps of each kind, those of a kind in the order in which they come."""
    kinds: dict[str, list[int]] = {}
    result.steps = stepper.steps
    for index in range(stepper.steps):
        kind = stepper.kind(index) if isinstance(stepper, Uneven) else "step"
        result.counts[kind] = result.counts.get(kind, 0) + 1
        if len(kinds.setdefault(kind, [])) < UNCOUNTED + MOST:
            kinds[kind].append(index)
    for kind, indices in kinds.items():
        result.seconds[kind], result.processor[kind] = _mean_step(stepper, problem, phase, indices, seconds)


def _mean_step(stepper: Stepper, problem: Problem, phase: Phase, indices: list[int], seconds: float) -> Taken:
    """The mean times of a step without the slowest; at least the last of the indices counts."""
    uncounted = min(UNCOUNTED, len(indices) - 1)
    taken: list[Taken] = []
    spent = 0.0
    for place, index in enumerate(indices):
        start = Taken.now()
        stepper.step(index, seed_all(problem.runtime.seed, phase, index))
        last = Taken.since(start)
        spent += last.seconds
        if place >= uncounted or last.seconds > seconds:  # one step that takes all the time has to do
            taken.append(last)
        if spent > seconds and (len(taken) >= FEWEST or last.seconds > seconds / FEWEST) and taken:
            break
    return Taken(
        *(statistics.fmean(sorted(amounts)[: max(1, len(amounts) - 1)]) for amounts in zip(*taken, strict=True))
    )


def _measurement(problem: Problem, genotype: Genotype) -> Taken:
    """The final measurement, on a network of the genotype that has seen nothing."""
    evaluator = problem.evaluator
    assert isinstance(evaluator, Differentiable), "what trains has a loss"
    network = problem.space.build(genotype, evaluator.task).to(problem.runtime.device)
    start = Taken.now()
    evaluator.measure(network)
    return Taken.since(start)


def _middling(problem: Problem, result: Probe) -> Genotype:
    """Of some genotypes drawn at random the one with the median of multiply-adds."""
    rng = np.random.default_rng(problem.runtime.seed)
    drawn = [sample(problem.space, rng) for _ in range(GENOTYPES)]
    macs = [counting.count(problem.space, genotype, problem.evaluator.task).macs for genotype in drawn]
    order = sorted(range(GENOTYPES), key=lambda place: macs[place])
    result.spread = (macs[order[0]], macs[order[-1]])
    result.genotype = f"one of middling cost among {GENOTYPES} drawn at random"
    return drawn[order[GENOTYPES // 2]]


def _read_ahead(problem: Problem, splits: tuple[Split, ...]) -> None:
    """Read the data once, as far as there is time, so that caches are as in the middle of the run."""
    evaluator = problem.evaluator
    if not isinstance(evaluator, Differentiable):
        return
    for split in splits:
        until = time.monotonic() + READ_SECONDS / len(splits)
        for _ in islice(evaluator.batches(split), evaluator.epoch_steps(split)):
            if time.monotonic() > until:
                break


@contextmanager
def _peak(result: Probe, device: str) -> Iterator[None]:
    """Note the peak of memory, also of what failed."""
    on_gpu = torch.device(device).type == "cuda"
    if on_gpu:
        torch.cuda.reset_peak_memory_stats(device)
    yield
    kilo = 1 if sys.platform == "darwin" else 1024  # what ru_maxrss counts in
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * kilo
    result.memory = torch.cuda.max_memory_reserved(device) if on_gpu else used


def main(file: str, phase: Phase, seconds: str, begun: str) -> dict[str, Any]:
    """What the process prints."""
    try:
        experiment = load(Path(file), registry=Registry.discover())
        return {"probe": dataclasses.asdict(probe(experiment, phase, float(seconds), float(begun)))}
    except NasframeError as error:
        return {"error": str(error), "kind": type(error).__name__}
    except torch.OutOfMemoryError as error:
        return {"full": first_line(error)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*sys.argv[1:])) + "\n")  # type: ignore[arg-type]

"""Is there anything to find? Random genotypes, each trained with several seeds: how far they differ, what tells early.

A search can find nothing where genotypes differ by less than the seeds of one of them do. Each training is a row of a
file, so a measurement that was stopped goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, final

import numpy as np

from nasframe.cost.counting import Cost, count
from nasframe.errors import RunError, RunFolderError
from nasframe.evaluations import attempt
from nasframe.evidence.statistics import (
    POWER_FACTOR,
    Correlation,
    Numbers,
    Variance,
    correlation,
    kendall,
    spearman,
    variance,
)
from nasframe.experiment.experiment import Experiment
from nasframe.files import atomic
from nasframe.files.words import quantity
from nasframe.genotype import Genotype, sample
from nasframe.pareto import SCORE
from nasframe.run.problems import make_problem, open_problems
from nasframe.strategy import Problem
from nasframe.training.seeding import seed_all

MATCHED_DRAWS = 100
"""How many genotypes are drawn to find some that cost alike."""


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


@final
@dataclass(frozen=True)
class Row:
    """One training."""

    number: int
    """Of the genotype, from 0."""
    genotype: dict[str, Any]
    params: int
    macs: int
    seed: int
    budget: float
    metrics: dict[str, float]
    """The score among them."""
    seconds: float


@final
@dataclass(frozen=True)
class Signal:
    """What the trainings say."""

    genotypes: int
    seeds: int
    macs: tuple[int, int]
    """The fewest and the most."""
    seconds: float
    """Of a full training, in the mean."""
    variances: dict[str, Variance]
    """By metric, of full trainings."""
    ranks: dict[str, dict[str, Correlation]]
    """Rank correlations with the mean full score: by what ranks, then by kind."""

    def advice(self) -> Iterator[str]:
        """What follows, in sentences."""
        found = self.variances[SCORE]
        if found.low <= 0:
            yield (
                "Nothing to be found here, as far as this many trainings show: genotypes differ by no more than "
                f"chance explains (intraclass correlation {found.icc:.2f}, {found.low:.2f} to {found.high:.2f}). Train "
                "longer, give the searched part a larger share of the network, or take a recipe whose seeds agree"
            )
        else:
            yield (
                f"Genotypes differ: a standard deviation of {found.between:.4f} between them, {found.within:.4f} "
                f"between seeds; the share of a score's variance that is theirs is {found.icc:.2f} ({found.low:.2f} to "
                f"{found.high:.2f})"
            )
        for points in (0.01, 0.02):
            pairs = math.ceil(POWER_FACTOR * 2 * found.within**2 / points**2)
            wanted = quantity(max(2, pairs), "pair")
            yield f"To see a difference of {points:g} between two networks, train {wanted} of them"
        for name, kinds in self.ranks.items():
            rank = kinds["spearman"]
            if rank.low > 0.5:
                interval = f"{rank.low:.2f} to {rank.high:.2f}"
                yield f"{name} may rank candidates: rank correlation {rank.value:.2f} ({interval})"

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data."""
        ranks = {name: {kind: list(rank) for kind, rank in kinds.items()} for name, kinds in self.ranks.items()}
        variances = {name: asdict(found) for name, found in self.variances.items()}
        return {**asdict(replace(self, variances={}, ranks={})), "variances": variances, "ranks": ranks} | {
            "advice": list(self.advice())
        }


def measure(experiment: Experiment, trials: Trials, folder: Path, say: Callable[[str], object]) -> list[Row]:
    """Train what is missing in a folder; all rows.

    The trainings are those of retraining where the experiment has it, else those of the search's evaluator.

    Raises:
        RunFolderError: the folder holds trainings of another experiment or trials.
        RunError: a training has failed; too few genotypes cost alike.
    """
    _settle(experiment, trials, folder)
    rows = read(folder)
    done = {(row.number, row.seed, row.budget) for row in rows}
    parts = experiment.retrain or experiment
    with open_problems(experiment) as problems:
        where = replace(problems.runtime, seed=experiment.seed)
        problem = make_problem(parts.space, parts.evaluator, where)
        bounds = experiment.terms.constraints.bounds() if experiment.terms else {}
        drawn = draw(problem, trials, experiment.seed, bounds)
        wanted = [
            (number, seed, budget)
            for seed in range(trials.seeds)
            for budget in trials.budgets
            for number in range(trials.genotypes)
        ]
        for seed in range(trials.seeds):
            missing = [one for one in wanted if one[1] == seed and one not in done]
            if not missing:
                continue
            problem = make_problem(parts.space, parts.evaluator, replace(where, seed=experiment.seed + seed))
            for number, _, budget in missing:
                genotype, cost = drawn[number]
                rows.append(_trained(problem, number, genotype, cost, seed, budget))
                atomic.append_json(folder / "trainings.jsonl", asdict(rows[-1]))
                say(
                    f"{len(rows)} of {len(wanted)}: genotype {number + 1}, seed {seed}, budget {budget:g}: "
                    f"score {rows[-1].metrics[SCORE]:.4f} in {rows[-1].seconds:.1f} s"
                )
    return rows


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
    drawn: dict[Genotype, Cost] = {}
    for _ in range(20 * number):
        if len(drawn) == number:
            break
        genotype = sample(problem.space, rng)
        if genotype not in drawn:
            cost = count(problem.space, genotype, problem.evaluator.task)
            if all({"params": cost.params, "macs": cost.macs}[name] <= most for name, most in (bounds or {}).items()):
                drawn[genotype] = cost
    middle = float(np.median([cost.macs for cost in drawn.values()])) if drawn else 0.0
    share = math.inf if trials.matched is None else trials.matched
    alike = [(genotype, cost) for genotype, cost in drawn.items() if abs(cost.macs - middle) <= share * middle]
    if len(alike) < trials.genotypes:
        raise RunError(
            f"within the constraints {quantity(len(drawn), 'different genotype')} could be found, {len(alike)} of them "
            f"with multiply-adds as near {middle:,.0f} as is asked; {trials.genotypes} are wanted: allow more "
            "by --matched, ask for fewer by --genotypes, or loosen the constraints"
        )
    return alike[: trials.genotypes]


def read(folder: Path) -> list[Row]:
    """The trainings in a folder; a line that was being written when the process was killed is dropped."""
    path = folder / "trainings.jsonl"
    if not path.is_file():
        return []
    whole, _, torn = path.read_text(encoding="utf-8").rpartition("\n")
    if torn:
        atomic.write_text(path, whole + "\n" if whole else "")
    return [Row(**json.loads(line)) for line in whole.splitlines()]


def summarise(rows: Sequence[Row]) -> Signal:
    """What the trainings say; of those genotypes that have all their trainings.

    Raises:
        RunError: these are fewer than three.
    """
    budgets = sorted({row.budget for row in rows})
    seeds = sorted({row.seed for row in rows})
    found = {(row.number, row.seed, row.budget): row for row in rows}
    numbers = [
        number
        for number in sorted({row.number for row in rows})
        if all((number, seed, budget) in found for seed in seeds for budget in budgets)
    ]
    if len(numbers) < 3 or len(seeds) < 2:
        raise RunError(
            f"all trainings are there for {quantity(len(numbers), 'genotype')}; 3 with 2 seeds each are the least"
        )

    def table(metric: str, budget: float) -> Numbers:
        values = [[found[number, seed, budget].metrics[metric] for seed in seeds] for number in numbers]
        return np.array(values, dtype=np.float64)

    full = [found[number, seeds[0], budgets[-1]] for number in numbers]
    names = [name for name in full[0].metrics if all(name in row.metrics for row in rows)]
    varied = {name: table(name, budgets[-1]) for name in names}
    varied = {name: values for name, values in varied.items() if np.ptp(values, axis=1).any()}
    if SCORE not in varied:
        raise RunError("all seeds of a genotype have the same score, so there is no noise to compare genotypes with")
    mean = varied[SCORE].mean(1)[None]
    by_seed = varied[SCORE].T
    others = np.array([np.delete(by_seed, seed, axis=0).mean(0) for seed in range(len(seeds))])
    ranking = {
        "parameters": (np.array([[row.params for row in full]], dtype=np.float64), mean),
        "multiply-adds": (np.array([[row.macs for row in full]], dtype=np.float64), mean),
        **{f"the score at a budget of {budget:g}": (table(SCORE, budget).T, others) for budget in budgets},
    }
    return Signal(
        len(numbers),
        len(seeds),
        (min(row.macs for row in full), max(row.macs for row in full)),
        float(np.mean([row.seconds for row in rows if row.budget == budgets[-1]])),
        {name: variance(values) for name, values in varied.items()},
        {
            name: {"spearman": correlation(spearman, x, y), "kendall": correlation(kendall, x, y)}
            for name, (x, y) in ranking.items()
        },
    )


def _trained(problem: Problem, number: int, genotype: Genotype, cost: Cost, seed: int, budget: float) -> Row:
    begun = time.monotonic()
    seed_all(problem.runtime.seed, "signal", number)
    result = attempt(problem.space, problem.evaluator, genotype, budget)
    if result.failure:
        raise RunError(f"genotype {number + 1}, seed {seed}, budget {budget:g} failed: {result.failure}")
    metrics = {SCORE: result.score, **result.metrics}
    seconds = round(time.monotonic() - begun, 3)
    return Row(number, genotype.to_dict(), cost.params, cost.macs, seed, budget, metrics, seconds)


def _settle(experiment: Experiment, trials: Trials, folder: Path) -> None:
    """Note what the trainings in a folder are of, and refuse a folder with others."""
    resolved = {key: part for key, part in experiment.resolved().items() if key not in ("name", "run", "strategy")}
    fingerprint = hashlib.sha256(json.dumps(resolved, sort_keys=True).encode()).hexdigest()[:16]
    settings = {"experiment": fingerprint, "trials": json.loads(json.dumps(asdict(trials)))}
    path = folder / "signal.json"
    if not path.is_file():
        atomic.write_json(path, settings)
        return
    known = json.loads(path.read_text(encoding="utf-8"))
    if changed := [key for key in settings if known.get(key) != settings[key]]:
        raise RunFolderError(
            f"{folder} holds trainings of other {' and '.join(changed)}; go on with the same file and options, or "
            "name another folder by --into"
        )

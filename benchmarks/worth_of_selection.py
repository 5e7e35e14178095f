"""What is it worth on frames that nobody saw to select among candidates, and by what?

    python benchmarks/worth_of_selection.py --genotypes 40 --into benchmarks/results/worth_of_selection

Random genotypes of `examples/camvid.yaml` are trained by its whole recipe with two seeds, and with one for a quarter
of it; each training is scored on `val` and on the frames that are set aside. Then searches are played on these
trainings: candidates are drawn, evaluated by the score of one seed's training on `val`, and one is named; what counts
is the other seed's training of that one, on the frames set aside, less the mean of all genotypes that cost no more.
All that is expected over many draws of candidates; its interval is that of the genotypes, by bootstrap (95 %).

Finished trainings are lines of trainings.jsonl, so the benchmark can be stopped and gone on with, or given more
genotypes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats
from timing import machine

from nasframe import Genotype, HoldsOut, Trainable
from nasframe.cost import counting
from nasframe.evidence.statistics import variance
from nasframe.experiment.checking import load
from nasframe.files.words import quantity
from nasframe.genotype import sample
from nasframe.run.problems import open_problems
from nasframe.training.seeding import seed_all
from nasframe_thompson.features import Features, Rows
from nasframe_thompson.process import Process

EXPERIMENT = Path(__file__).parent.parent / "examples" / "camvid.yaml"
TRAININGS = ((0, 1.0), (1, 1.0), (0, 0.25))
"""Seeds and budgets."""
METRICS = ("class_accuracy", "miou")
START = 5
"""Candidates that are drawn at random before the model proposes any."""
PLAYED, RESAMPLED = 200, 200
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Trained:
    """Genotypes with what became of them, in points."""

    rows: Rows
    params: Array
    macs: Array
    val: Array
    """(genotypes, trainings)."""
    holdout: Array

    def take(self, which: Sequence[int] | npt.NDArray[np.int64]) -> Trained:
        """Some of them, some perhaps several times."""
        rows = Rows(self.rows.counts[which], self.rows.answers[which])
        return Trained(rows, self.params[which], self.macs[which], self.val[which], self.holdout[which])


Play = Callable[[Trained, int, int, np.random.Generator], int]
"""Given what was trained, the seed by which candidates are evaluated and how many may be, the one that is named."""


def main() -> None:
    """Train what is missing, play, print the tables."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--genotypes", type=int, default=40, help="how many are drawn (default: %(default)s)")
    asked.add_argument("--into", type=Path, required=True, help="folder of the results")
    asked.add_argument("--tables", action="store_true", help="train nothing; the tables of what there is")
    given = asked.parse_args()
    given.into.mkdir(parents=True, exist_ok=True)
    file = given.into / "trainings.jsonl"
    if not given.tables:
        train(given.genotypes, file)
    found = read(file)
    text = "\n\n".join([machine(), *(tables(found, metric) for metric in METRICS)]) + "\n"
    (given.into / "tables.md").write_text(text)
    print(text)


def train(genotypes: int, file: Path) -> None:
    """Do the trainings that the file lacks, genotype by genotype."""
    lines = file.read_text().splitlines() if file.is_file() else []
    done = {(row["number"], row["seed"], row["budget"]) for row in map(json.loads, lines)}
    rng = np.random.default_rng(0xCA)
    drawn: dict[Genotype, None] = {}
    space = None
    for number in range(genotypes):
        for seed, budget in TRAININGS:
            with open_problems(load(EXPERIMENT, (f"seed={seed}", "run.device=cpu", "run.threads=1"))) as problems:
                problem = problems.retrain
                assert problem is not None, "the example retrains"
                space, evaluator = problem.space, problem.evaluator
                assert isinstance(evaluator, Trainable) and isinstance(evaluator, HoldsOut), "the example's is both"
                while len(drawn) <= number:
                    drawn[sample(space, rng)] = None
                genotype = list(drawn)[number]
                if (number, seed, budget) in done:
                    continue
                seed_all(seed, "retrain", "build")
                network = space.build(genotype, evaluator.task)
                training = evaluator.training(network, budget)
                for index in range(training.steps):
                    training.step(index, seed_all(seed, "retrain", index))
                seed_all(seed, "retrain", "measure")
                cost = counting.count(space, genotype, evaluator.task)
                held_out = evaluator.measure_holdout(network)
                assert held_out is not None, "the example sets frames aside"
                row = {
                    "number": number,
                    "genotype": genotype.to_dict(),
                    "params": cost.params,
                    "macs": cost.macs,
                    "seed": seed,
                    "budget": budget,
                    "val": dict(evaluator.measure(network).metrics),
                    "holdout": dict(held_out.metrics),
                }
            with file.open("a") as opened:
                opened.write(json.dumps(row) + "\n")
            print(f"genotype {number + 1}, seed {seed}, budget {budget:g}: done", flush=True)


def read(file: Path) -> dict[int, dict[tuple[int, float], dict[str, Any]]]:
    """By genotype and training; genotypes of which one is missing are left out."""
    found: dict[int, dict[tuple[int, float], dict[str, Any]]] = {}
    for row in map(json.loads, file.read_text().splitlines()):
        found.setdefault(row["number"], {})[row["seed"], row["budget"]] = row
    return {number: rows for number, rows in found.items() if len(rows) == len(TRAININGS)}


def trained(found: dict[int, dict[tuple[int, float], dict[str, Any]]], metric: str) -> Trained:
    """What the file says by one metric."""
    genotypes = [Genotype.from_dict(rows[TRAININGS[0]]["genotype"]) for rows in found.values()]

    def points(frames: str) -> Array:
        return 100 * np.array([[rows[place][frames][metric] for place in TRAININGS] for rows in found.values()])

    params, macs = (
        np.array([rows[TRAININGS[0]][cost] for rows in found.values()], dtype=float) for cost in ("params", "macs")
    )
    return Trained(Features(genotypes).of(genotypes), params, macs, points("val"), points("holdout"))


def highest(column: int | None, found: Trained, seed: int, count: int, rng: np.random.Generator) -> int:
    """Random search: the candidate of the highest score on val; ``column``: of another training than the seed's."""
    drawn = rng.permutation(len(found.macs))[:count]
    return int(drawn[found.val[drawn, seed if column is None else column].argmax()])


def largest(found: Trained, seed: int, count: int, rng: np.random.Generator) -> int:
    """The one with the most parameters of as many; nothing is trained."""
    drawn = rng.permutation(len(found.macs))[:count]
    return int(drawn[found.params[drawn].argmax()])


def modelled(found: Trained, seed: int, count: int, rng: np.random.Generator) -> int:
    """What ``thompson`` does: candidates by draws from its model, and the one named of which that expects most."""
    order = [int(one) for one in rng.permutation(len(found.macs))]
    known, rest = order[:START], order[START:]
    while len(known) < count:
        model = Process.fit(found.take(known).rows, found.val[known, seed])
        known.append(rest.pop(int(model.draw(found.take(rest).rows, rng).argmax())))
    model = Process.fit(found.take(known).rows, found.val[known, seed])
    return known[int(model.predict(found.take(known).rows).argmax())]


PLAYS: dict[str, Play] = {
    "the highest score": partial(highest, None),
    "the highest score after a quarter of the recipe": partial(highest, 2),
    "thompson": modelled,
    "the most parameters, untrained": largest,
}


def worth(play: Play, found: Trained, count: int, times: int, seed: int) -> float:
    """The expected points of the holdout above the mean of all that cost no more."""
    rng = np.random.default_rng(seed)
    gained = []
    for number in range(times):
        by, other = (0, 1) if number % 2 else (1, 0)
        named = play(found, by, count, rng)
        as_cheap = found.macs <= found.macs[named]
        gained.append(found.holdout[named, other] - found.holdout[as_cheap, :2].mean())
    return float(np.mean(gained))


def with_interval(play: Play, found: Trained, count: int) -> str:
    """The expected gain with its interval over genotypes."""
    rng = np.random.default_rng(0)
    size = len(found.macs)
    resampled = [found.take(rng.integers(0, size, size)) for _ in range(RESAMPLED)]
    gains = [worth(play, one, count, PLAYED // 10, number) for number, one in enumerate(resampled)]
    low, high = np.percentile(gains, [2.5, 97.5])
    return f"{worth(play, found, count, PLAYED, 0):+.2f} ({low:+.2f} to {high:+.2f})"


def components(values: Array) -> str:
    """Standard deviations of genotypes and of seeds, and the intraclass correlation with its interval."""
    found = variance(values)
    low, high = found.low, found.high
    return f"{found.between:.2f} | {found.within:.2f} | {found.icc:.2f} ({low:.2f} to {high:.2f})"


def tables(found: dict[int, dict[tuple[int, float], dict[str, Any]]], metric: str) -> str:
    """What genotypes differ by, what ranks them, and what selecting is worth, by one metric."""
    of = trained(found, metric)
    drawn = quantity(len(of.macs), "genotype")
    lines = [f"{metric}, {drawn} of {of.macs.min() / 1e6:.1f} to {of.macs.max() / 1e6:.1f} M multiply-adds"]
    lines += ["", "| frames | sd of genotypes, points | sd of seeds | correlation |", "| --- | ---: | ---: | ---: |"]
    lines += [
        f"| {name} | {components(values[:, :2])} |" for name, values in (("val", of.val), ("holdout", of.holdout))
    ]
    mean = of.holdout[:, :2].mean(1)
    ranking = {
        "mean score on val": of.val[:, :2].mean(1),
        "score after a quarter": of.val[:, 2],
        "parameters": of.params,
        "multiply-adds": of.macs,
    }
    ranks = ", ".join(f"{name} {stats.spearmanr(values, mean).statistic:.2f}" for name, values in ranking.items())
    lines += ["", f"Rank correlation with the mean score on the frames set aside: {ranks}.", ""]
    counts = [count for count in (5, 10, 20) if count <= len(of.macs) // 2]
    lines += [f"| named by | {' | '.join(f'of {count}' for count in counts)} |", f"| --- |{' ---: |' * len(counts)}"]
    for name, play in PLAYS.items():
        told = " | ".join(with_interval(play, of, count) for count in counts)
        lines.append(f"| {name} | {told} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()

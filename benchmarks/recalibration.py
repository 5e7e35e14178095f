"""How many batches do a candidate's own statistics need, and what do scores with a supernet's mixed ones say?

    python benchmarks/recalibration.py

A supernet of `examples/camvid.yaml` is trained by single uniform paths, on what a search sees. Then random genotypes
are scored with its weights: with the running statistics that all paths have mixed, and with statistics taken anew from
some batches of `weights`. What that does to the ranking is told by rank correlations with the scores by the statistics
of many other batches. How well such scores rank networks that were trained says `nasframe signal --proxies
shared-weights`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from scipy import stats
from timing import clock, machine

from nasframe import Differentiable, Genotype, Problem, Switchable
from nasframe.experiment.checking import load
from nasframe.genotype import sample
from nasframe.run.problems import open_problems
from nasframe.training.running_statistics import recalibrate
from nasframe.training.seeding import seed_all
from nasframe_one_shot.options import OneShotOptions
from nasframe_one_shot.shared_weights import SharedWeights

EXPERIMENT = Path(__file__).parent.parent / "examples" / "camvid.yaml"
REFERENCE, ELSEWHERE = 60, 10_000
"""Batches of the statistics that all others are compared with, and the number of the first of them."""


def main() -> None:
    """Train a supernet, score, print the table."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--updates", type=int, default=250, help="of the supernet (default: %(default)s)")
    asked.add_argument("--genotypes", type=int, default=10, help="how many are scored (default: %(default)s)")
    asked.add_argument("--frames", type=int, default=15, help="on how many frames (default: %(default)s)")
    asked.add_argument("--batches", default="0,2,5,20", help="whose statistics (default: %(default)s)")
    given = asked.parse_args()
    experiment = load(EXPERIMENT, ("run.device=cpu", "run.threads=1", f"evaluator.val_frames={given.frames}"))
    counts = [int(count) for count in given.batches.split(",")]
    with open_problems(experiment) as problems:
        assert problems.search is not None, "the example searches"
        scores, seconds = score(problems.search, given.updates, given.genotypes, counts)
    print(f"{machine()}\n\n{table(scores, seconds, counts)}")


def score(problem: Problem, updates: int, genotypes: int, counts: Sequence[int]) -> tuple[np.ndarray, list[float]]:
    """Scores (1 + counts, genotypes), those of the reference last, and the seconds that each candidate takes."""
    space, evaluator = problem.space, problem.evaluator
    assert isinstance(space, Switchable) and isinstance(evaluator, Differentiable), "the example's are"
    seed_all(0, "search", "build")
    supernet = space.switchable(evaluator.task)
    shared = SharedWeights(supernet, evaluator, OneShotOptions(train_steps=updates), problem.runtime)
    for index in range(updates):
        rng = seed_all(0, "search", index)
        shared.train(index, [sample(problem.space, rng)], rng)
    mixed = {name: tensor.clone() for name, tensor in supernet.state_dict().items()}

    def measured(genotype: Genotype, count: int, start: int) -> float:
        supernet.load_state_dict(mixed)
        supernet.switch(genotype)
        recalibrate(supernet, islice(evaluator.batches("weights", start), count), problem.runtime)
        return evaluator.measure(supernet).score

    drawn = [sample(problem.space, np.random.default_rng(number)) for number in range(genotypes)]
    rows, seconds = [], []
    for count, start in (*((count, 0) for count in counts), (REFERENCE, ELSEWHERE)):
        begun = clock()
        rows.append([measured(genotype, count, start) for genotype in drawn])
        seconds.append((clock() - begun) / genotypes)
    return np.array(rows), seconds


def table(scores: np.ndarray, seconds: Sequence[float], counts: Sequence[int]) -> str:
    """One row for each number of batches."""

    def lines() -> Iterator[str]:
        yield "| batches | mean score, % | sd between genotypes | rank correlation with the reference | seconds |"
        yield "| ---: | ---: | ---: | ---: | ---: |"
        for count, row, spent in zip((*counts, f"{REFERENCE} others"), scores, seconds, strict=True):
            rank = stats.spearmanr(row, scores[-1]).statistic
            yield f"| {count} | {100 * row.mean():.2f} | {100 * row.std(ddof=1):.2f} | {rank:.2f} | {spent:.2f} |"

    return "\n".join(lines())


if __name__ == "__main__":
    main()

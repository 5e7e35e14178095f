"""What the searches of `examples/same_space_four_ways` are made of, in seconds of one core's processor time.

    python benchmarks/four_ways.py

The data are where the variable `NASFRAME_CAMVID` says.
"""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from nasframe import Evaluator, Problem, SearchSpace, Trainable
from nasframe.experiment import load
from nasframe.genotype import sample

DARTS = Path(__file__).parent.parent / "examples" / "same_space_four_ways" / "darts.yaml"
REPEATS = 3
GENOTYPES = 12


def seconds(work: Callable[[int], object]) -> float:
    """The mean over ``REPEATS``, after one that does not count."""
    work(0)
    start = time.process_time()
    for number in range(1, REPEATS + 1):
        work(number)
    return (time.process_time() - start) / REPEATS


def candidates(space: SearchSpace, evaluator: Evaluator) -> None:
    """Print what building, a training step and a measurement cost, as means over genotypes drawn at random."""
    assert isinstance(evaluator, Trainable)
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(GENOTYPES):
        genotype = sample(space, rng)
        start = time.process_time()
        network = space.build(genotype, evaluator.task)
        building = time.process_time() - start
        training = evaluator.training(network)
        rows.append(
            (
                building,
                seconds(lambda number, training=training: training.step(number, rng)),
                seconds(lambda number, network=network: evaluator.measure(network)),
            )
        )
    for name, value in zip(("building", "a training step", "a measurement"), np.mean(rows, axis=0), strict=True):
        print(f"a candidate: {name:16} {value:.3f}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    experiment = load(DARTS)
    space = experiment.space.cls(experiment.space.options)
    evaluator = experiment.evaluator.cls(experiment.evaluator.options)
    strategy = experiment.strategy.cls(Problem(space, evaluator), experiment.strategy.options)
    rng = np.random.default_rng(0)
    warmup = experiment.strategy.options.warmup_steps
    for name, begin in (("weights alone", 0), ("weights and architecture", warmup)):
        print(f"DARTS: {name:24} {seconds(lambda number, begin=begin: strategy.step(begin + number, rng)):.3f}")
    candidates(space, evaluator)

"""How many candidates cost what DARTS costs in `examples/same_space_four_ways`?

    python benchmarks/four_ways.py

The data are where the variable `NASFRAME_CAMVID` says. Seconds of one core's processor time of everything that the
searches are made of, all done in turns: each kind of DARTS's steps, and building, training and measuring of genotypes
drawn at random.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import torch
from timing import Task, interleaved, machine, parser

from nasframe import Evaluator, Problem, SearchSpace, Trainable
from nasframe.experiment.checking import load
from nasframe.experiment.experiment import Experiment
from nasframe.files.words import quantity
from nasframe.genotype import sample
from nasframe.run.device import keep_freed_memory

EXAMPLE = Path(__file__).parent.parent / "examples" / "same_space_four_ways"


def main() -> None:
    """Print the seconds, and the number."""
    asked = parser(__doc__, rounds=5)
    asked.add_argument("--genotypes", type=int, default=16, help="drawn at random (default: %(default)s)")
    given = asked.parse_args()
    torch.set_num_threads(given.threads)
    print(machine())
    gradient, sampled = load(EXAMPLE / "darts.yaml"), load(EXAMPLE / "random.yaml")
    space = gradient.space.cls(gradient.space.options)
    evaluator = gradient.evaluator.cls(gradient.evaluator.options)
    tasks = {**darts(gradient, space, evaluator), **candidates(space, evaluator, given.genotypes)}
    with keep_freed_memory():
        seconds = interleaved(tasks, given.rounds)
    pieces: dict[str, list[float]] = {}
    for name, taken in seconds.items():
        pieces.setdefault(name.partition(" of ")[0], []).append(taken)
    mean = {name: float(np.mean(values)) for name, values in pieces.items()}
    print("\n| step | seconds |\n| --- | ---: |")
    for name, value in mean.items():
        print(f"| {name} | {value:.3f} |")
    print(f"\n{equal(mean, options(gradient), options(sampled), evaluator)}")


def options(experiment: Experiment) -> Any:
    """Of its strategy."""
    assert experiment.strategy is not None
    return experiment.strategy.options


def darts(experiment: Experiment, space: SearchSpace, evaluator: Evaluator) -> dict[str, Task]:
    """Its two kinds of steps, each time the next one."""
    assert experiment.strategy is not None
    strategy = experiment.strategy.cls(Problem(space, evaluator), options(experiment))
    rng = np.random.default_rng(0)
    first, second = count(), count(options(experiment).warmup_steps)
    return {
        "DARTS: weights alone": lambda: strategy.step(next(first), rng),
        "DARTS: weights and architecture": lambda: strategy.step(next(second), rng),
    }


def candidates(space: SearchSpace, evaluator: Evaluator, genotypes: int) -> dict[str, Task]:
    """What is done with each of some candidates."""
    assert isinstance(evaluator, Trainable)
    rng = np.random.default_rng(0)
    tasks: dict[str, Task] = {}
    for number in range(genotypes):
        genotype = sample(space, rng)
        network = space.build(genotype, evaluator.task)
        training, index = evaluator.training(network), count()
        tasks |= {
            f"a candidate: building of {number}": lambda genotype=genotype: space.build(genotype, evaluator.task),
            f"a candidate: a training step of {number}": lambda training=training, index=index: training.step(
                next(index), rng
            ),
            f"a candidate: a measurement of {number}": lambda network=network: evaluator.measure(network),
        }
    return tasks


def equal(mean: dict[str, float], gradient: Any, sampled: Any, evaluator: Any) -> str:
    """How many candidates are one search by DARTS."""
    alone, both, building, training, measuring = mean.values()
    steps = round(sampled.budget * evaluator.options.training.steps)
    first, second = gradient.warmup_steps, gradient.steps - gradient.warmup_steps
    search, candidate = first * alone + second * both, building + steps * training + measuring
    told = f"DARTS: {first} and {quantity(second, 'step')}, {search:.0f} s."
    told += f" A candidate: {quantity(steps, 'training step')}, {candidate:.2f} s."
    return f"{told} So {search / candidate:.1f} candidates."


if __name__ == "__main__":
    main()

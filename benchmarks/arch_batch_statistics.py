"""Does it matter whether a search's architecture batches update the supernet's running statistics?

    python benchmarks/arch_batch_statistics.py --into results.jsonl

First-order DARTS of `examples/quickstart.yaml`, with an ``arch_lr`` by which logits move, once with running statistics
held in updates of the architecture, as searches do it, and once updated by both halves of a step, as in DARTS's code;
both from the same seeds. Every four epochs the supernet is measured on val, by its running statistics. Finished
searches are kept in the file, so that the benchmark can be stopped and gone on with.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import history
import numpy as np
import torch
from scipy import stats
from timing import clock, machine

from nasframe import Differentiable, Relaxable
from nasframe.experiment.checking import load
from nasframe.files.atomic import append_json
from nasframe.files.words import quantity
from nasframe.run.problems import open_problems
from nasframe.supernet import Supernet
from nasframe.training.seeding import seed_all
from nasframe_darts.bilevel import Bilevel
from nasframe_darts.composing import composed
from nasframe_darts.options import DartsOptions

EXPERIMENT = Path(__file__).parent.parent / "examples" / "quickstart.yaml"
SETTING = (
    "strategy.epochs=16", "strategy.warmup_epochs=4", "strategy.validate_epochs=4", "strategy.arch_lr=0.03",
    "retrain=null",
)  # fmt: skip
METRICS = {"val_miou": ("points", 100.0), "val_loss": ("nats", 1.0)}
"""What is compared, its unit, and by what it is multiplied for that."""
LEVEL = 0.95


class Search(NamedTuple):
    """What a search has measured and found."""

    seed: int
    held: bool
    """Whether architecture batches left the running statistics as they were."""
    measured: list[dict[str, float]]
    """On val, in order."""
    genotype: dict[str, Any]
    weights: dict[str, list[Any]]
    """The mixing weights at the end."""
    seconds: float
    """Of all steps that do not measure."""


def main() -> None:
    """Search what is missing, then print the tables."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--into", type=Path, required=True, help="file of the finished searches")
    asked.add_argument("--seeds", type=int, default=6, help="how many pairs (default: %(default)s)")
    asked.add_argument("--threads", type=int, default=1, help="CPU threads of torch (default: %(default)s)")
    history.add_option(asked)
    given = asked.parse_args()
    searches = read(given.into)
    for seed in range(given.seeds):
        for held in (True, False):
            if not any((one.seed, one.held) == (seed, held) for one in searches):
                searches.append(search(seed, held, given.threads))
                append_json(given.into, searches[-1]._asdict())
                print(f"seed {seed}, {'held' if held else 'updated'}: {searches[-1].seconds:.0f} s", flush=True)
    pairs = list(paired(searches, given.seeds))
    print(f"\n{machine()}\n\n{table(pairs)}\n\n{agreement(pairs)}")
    for name, (unit, scale) in METRICS.items():
        mean, half = interval(differences(pairs, name, -1) * scale)
        case = f"arch_batch_statistics/{name}, updated less held"
        history.record(given, {case: mean, f"{case}/95 % interval, half": half}, unit)


def read(path: Path) -> list[Search]:
    """The searches that a file holds; what a kill left of a line is done again."""
    lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else [""]
    if lines[-1]:
        path.write_text("".join(f"{line}\n" for line in lines[:-1]), encoding="utf-8")
    return [Search(**json.loads(line)) for line in lines[:-1]]


def search(seed: int, held: bool, threads: int) -> Search:
    """One search from its beginning to its end, by the steps and the seeds of a run."""
    experiment = load(EXPERIMENT, [*SETTING, f"seed={seed}", f"run.threads={threads}", "run.device=cpu"])
    assert experiment.strategy is not None, "the quickstart searches"
    as_asked = nullcontext() if held else mock.patch("nasframe_darts.bilevel.HeldStatistics", nullcontext)
    with as_asked, open_problems(experiment) as problems:
        assert problems.search is not None
        space, evaluator = problems.search.space, problems.search.evaluator
        assert isinstance(space, Relaxable) and isinstance(evaluator, Differentiable)
        seed_all(seed, "search", "build")
        relax = partial(space.relax, evaluator.task)
        options = DartsOptions(**experiment.strategy.written())
        bilevel = Bilevel(relax, evaluator, options, problems.runtime, composed(space, options))
        measured, seconds = [], 0.0
        for index in range(bilevel.steps):
            seed_all(seed, "search", index)
            begun = clock()
            metrics = bilevel.step(index)
            seconds += 0.0 if "val_miou" in metrics else clock() - begun
            if "val_miou" in metrics:
                loss = val_loss(bilevel.supernet, evaluator)
                measured.append({"step": index + 1, "val_miou": metrics["val_miou"], "val_loss": loss})
        weights = {name: array.tolist() for name, array in bilevel.supernet.mixing_weights().items()}
        return Search(seed, held, measured, bilevel.supernet.derive().to_dict(), weights, seconds)


@torch.no_grad()
def val_loss(supernet: Supernet, evaluator: Differentiable) -> float:
    """The mean loss of one pass over val, by the running statistics."""
    supernet.eval()
    batches = islice(evaluator.batches("val"), evaluator.epoch_steps("val"))
    return float(np.mean([float(evaluator.loss(supernet, batch)) for batch in batches]))


def paired(searches: Sequence[Search], seeds: int) -> Iterator[tuple[Search, Search]]:
    """Of each seed the search that held the statistics and the one that did not."""
    found = {(one.seed, one.held): one for one in searches}
    return ((found[seed, True], found[seed, False]) for seed in range(seeds))


def differences(pairs: Sequence[tuple[Search, Search]], name: str, number: int) -> np.ndarray:
    """Updated less held in a measurement, pair by pair."""
    return np.array([updated.measured[number][name] - held.measured[number][name] for held, updated in pairs])


def interval(values: np.ndarray) -> tuple[float, float]:
    """The mean and half its 95 % interval, by Student's t."""
    error = values.std(ddof=1) / len(values) ** 0.5
    return float(values.mean()), float(stats.t.ppf((1 + LEVEL) / 2, len(values) - 1) * error)


def table(pairs: Sequence[tuple[Search, Search]]) -> str:
    """Of each measurement the means with the statistics held, and what the other way adds."""
    lines = ["| step | mIoU held, % | updated less held, points | loss held | updated less held |"]
    lines.append("| ---: | ---: | ---: | ---: | ---: |")
    for number, measured in enumerate(pairs[0][0].measured):
        cells = []
        for name, (_, scale) in METRICS.items():
            held = np.mean([one.measured[number][name] for one, _ in pairs]) * scale
            mean, half = interval(differences(pairs, name, number) * scale)
            cells += [f"{held:.3f}", f"{mean:+.4f} ± {half:.4f}"]
        lines.append(f"| {measured['step']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def agreement(pairs: Sequence[tuple[Search, Search]]) -> str:
    """Whether the two searches of a seed have found the same, and how long they took."""
    same = sum(held.genotype == updated.genotype for held, updated in pairs)
    apart = max(
        float(np.abs(logarithms(held.weights[name]) - logarithms(updated.weights[name])).max())
        for held, updated in pairs
        for name in held.weights
    )
    taken = [sum(pair[place].seconds for pair in pairs) / len(pairs) for place in (0, 1)]
    return (
        f"{same} of {quantity(len(pairs), 'pair')} found the same genotype; the logarithms of their mixing weights are "
        f"at most {apart:g} apart. A search took {taken[0]:.1f} s of CPU time held, {taken[1]:.1f} s updated, "
        "measurements left out."
    )


def logarithms(weights: list[Any]) -> np.ndarray:
    """Of the weights, where they are not 0."""
    values = np.array(weights)
    return np.log(values, out=np.zeros_like(values), where=values > 0)


if __name__ == "__main__":
    main()

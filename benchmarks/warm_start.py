"""Does a network that starts from what the search has learned get further than one that starts at random?

    python benchmarks/warm_start.py --into results.jsonl

One search of `examples/camvid.yaml`, then retrainings of the genotype that it finds, from the supernet's weights and
from random ones, for shares of the example's retraining, from equal seeds: paired, so that both see the same batches.
Stem and norms of the supernet are as the network's, so that these can be taken too. Scores are on val, which watches
the retraining. The search's run lies beside the file, finished retrainings are kept in the file, so that the benchmark
can be stopped and gone on with.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import history
import numpy as np
from scipy import stats
from timing import clock, machine

from nasframe.errors import NasframeError
from nasframe.experiment.checking import load
from nasframe.files.atomic import append_json
from nasframe.plugin.registry import Registry
from nasframe.run import resume, run
from nasframe.run.from_genotype import from_genotype
from nasframe.runfolder.layout import RunLayout
from nasframe.runfolder.reading import RunReader, is_run

EXPERIMENT = Path(__file__).parent.parent / "examples" / "camvid.yaml"
SETTING = (
    "space.stem_filters=[8, 8]", "space.bn_affine=true", "space.bn_eps=1.0e-3", "space.pool_norm=false",
    "run.device=cpu", "run.pictures=0",
)  # fmt: skip
AS_SHORT_AS_CAN_BE = ("retrain.weights=supernet", "retrain.evaluator.training.steps=1", "ledger=true")
"""Of the search's own run, whose retraining is not one of those that are compared."""
STARTS = ("fresh", "supernet")
LEVEL = 0.95


class Retraining(NamedTuple):
    """What a retraining has come to."""

    start: str
    share: float
    seed: int
    steps: int
    score: float
    metrics: dict[str, float]
    taken: float
    """Share of the network's parameters that were the supernet's."""
    seconds: float
    """Of everything, measurements included."""


def main() -> None:
    """Do what is missing, then print the tables."""
    given = arguments()
    registry = Registry.discover()
    searched = search(given.into.with_suffix(".search"), tuple(given.overrides), given.threads, registry)
    done = read(given.into)
    for seed, share, start in orders(given.seeds, given.shares):
        if not any((one.start, one.share, one.seed) == (start, share, seed) for one in done):
            done.append(retrain(searched, start, share, seed, given, registry))
            append_json(given.into, done[-1]._asdict())
            print(f"seed {seed}, {share:g} of it, {start}: {done[-1].score:.4f}, {done[-1].seconds:.0f} s", flush=True)
    print(f"\n{machine()}\n\n{ledger(searched)}\n\n{table(done, given.shares, given.seeds)}")
    for share in given.shares:
        mean, half = interval(differences(done, share, given.seeds))
        case = f"warm_start/score after {share:g}, supernet less fresh"
        history.record(given, {case: mean, f"{case}/95 % interval, half": half}, "points")


def arguments() -> argparse.Namespace:
    """What was asked for."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--into", type=Path, required=True, help="file of the finished retrainings")
    asked.add_argument("--seeds", type=int, default=4, help="how many pairs at each share (default: %(default)s)")
    asked.add_argument("--shares", type=float, nargs="+", default=[0.1, 0.25, 1.0], help="default: 0.1 0.25 1.0")
    asked.add_argument("--steps", type=int, help="of a whole retraining; default: the example's")
    asked.add_argument("--threads", type=int, default=1, help="CPU threads of torch (default: %(default)s)")
    asked.add_argument(
        "--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE", help="of the search"
    )
    history.add_option(asked)
    return asked.parse_args()


def search(folder: Path, overrides: Sequence[str], threads: int, registry: Registry) -> Path:
    """The run of the search, begun, gone on with, or done."""
    if is_run(folder):
        return resume(folder, registry)
    settings = (*SETTING, *AS_SHORT_AS_CAN_BE, *overrides, f"run.threads={threads}")
    return run(load(EXPERIMENT, settings, registry), folder, registry=registry)


def orders(seeds: int, shares: Iterable[float]) -> Iterator[tuple[int, float, str]]:
    """What is retrained: whole pairs first, the cheapest first."""
    return ((seed, share, start) for seed in range(seeds) for share in sorted(shares) for start in STARTS)


def retrain(
    searched: Path, start: str, share: float, seed: int, given: argparse.Namespace, registry: Registry
) -> Retraining:
    """One retraining of what the search has found, in a folder that is deleted after it."""
    whole = given.steps or load(EXPERIMENT, (), registry).evaluator.options.training.steps  # type: ignore[attr-defined]
    steps = max(1, round(share * whole))
    overrides = [f"seed={seed}", f"evaluator.training.steps={steps}"]
    weights = RunLayout(searched).inherited if start == "supernet" else None
    experiment = from_genotype(str(searched), registry, overrides=overrides, weights=weights)
    with tempfile.TemporaryDirectory() as folder:
        begun = clock()
        reader = RunReader(run(experiment, Path(folder) / "run", registry=registry, quiet=True))
        seconds = clock() - begun
        metrics = reader.mapping(reader.layout.metrics)
        taken = reader.mapping(reader.layout.start).get("share", 0.0)
    return Retraining(start, share, seed, steps, metrics["score"], metrics["metrics"], taken, seconds)


def read(path: Path) -> list[Retraining]:
    """The retrainings that a file holds; what a kill left of a line is done again."""
    lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else [""]
    if lines[-1]:
        path.write_text("".join(f"{line}\n" for line in lines[:-1]), encoding="utf-8")
    return [Retraining(**json.loads(line)) for line in lines[:-1]]


def ledger(searched: Path) -> str:
    """What the search's supernet scores, in a sentence."""
    found: dict[str, Any] = RunReader(searched).mapping(RunLayout(searched).ledger)
    if not found:
        raise NasframeError(f"{searched} has lost its gap ledger; delete the folder, and it is searched again")
    return (
        f"The supernet, mixed: {100 * found['mixed']:.2f} %; as what was found alone: {100 * found['one_hot']:.2f} %."
    )


def differences(done: Sequence[Retraining], share: float, seeds: int) -> np.ndarray:
    """From the supernet less from random weights, in points, seed by seed."""
    found = {(one.start, one.seed): one.score for one in done if one.share == share}
    return np.array([100 * (found["supernet", seed] - found["fresh", seed]) for seed in range(seeds)])


def interval(values: np.ndarray) -> tuple[float, float]:
    """The mean and half its 95 % interval, by Student's t; NaN where there is one value alone."""
    if len(values) < 2:
        return float(values.mean()), float("nan")
    error = values.std(ddof=1) / len(values) ** 0.5
    return float(values.mean()), float(stats.t.ppf((1 + LEVEL) / 2, len(values) - 1) * error)


def table(done: Sequence[Retraining], shares: Sequence[float], seeds: int) -> str:
    """Of each share the mean scores, their spreads between seeds and the paired difference."""
    lines = [
        "| share | steps | from random weights, % | from the supernet, % | difference, points | parameters taken |"
    ]
    lines.append("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for share in sorted(shares):
        of_share = [one for one in done if one.share == share and one.seed < seeds]
        cells = []
        for start in STARTS:
            scores = np.array([100 * one.score for one in of_share if one.start == start])
            cells.append(f"{scores.mean():.2f} (sd {scores.std(ddof=1) if len(scores) > 1 else float('nan'):.2f})")
        mean, half = interval(differences(done, share, seeds))
        taken = max(one.taken for one in of_share)
        lines.append(
            f"| {share:g} | {of_share[0].steps} | {' | '.join(cells)} | {mean:+.2f} ± {half:.2f} | {taken:.0%} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()

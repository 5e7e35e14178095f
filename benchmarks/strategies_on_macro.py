"""Compare the sample-based strategies on NAS-Bench-Macro's table: what is the best network found, after how many tries?

    python benchmarks/strategies_on_macro.py --seeds 200 --into results
    python benchmarks/strategies_on_macro.py --first 1000 --seeds 20 --rates --into rates
    python benchmarks/strategies_on_macro.py --seeds 7 --evaluations 200 --strategies random local \
        "evolution, P=20 S=10" tpe --into tpe

The table is where the variable `NASFRAME_MACRO` says. The second command compares learning rates of the controller, on
seeds of their own; the third has few seeds, as `tpe` takes seconds where the others take tenths.

Each strategy sees noisy scores (one of a network's three trainings). What counts is the true accuracy, the mean of the
three, of the network that it would name as best. Finished seeds are kept in results/seeds.jsonl, so that the benchmark
can be stopped and gone on with, or be given more seeds or strategies later.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from nasframe import AskTell, Candidate, Problem, Runtime
from nasframe.genotype import enumerate_all
from nasframe.training.seeding import seed_all
from nasframe_baselines.local_search import LocalSearch
from nasframe_baselines.random_search import RandomSearch
from nasframe_controller.strategy import Controller
from nasframe_evolution.nsga2 import Nsga2
from nasframe_evolution.regularised import Evolution
from nasframe_macro.space import Macro
from nasframe_optuna.strategy import Tpe
from nasframe_progressive.strategy import Progressive
from nasframe_table.evaluator import Table

EVALUATIONS = 500
MARKS = (50, 100, 200, 500)
RATES = {f"controller, lr={rate}": (Controller, {"lr": rate}) for rate in (0.00035, 0.001, 0.002, 0.005, 0.01, 0.02)}
STRATEGIES = {
    "random": (RandomSearch, {}),
    "local": (LocalSearch, {}),
    "evolution, P=100 S=25": (Evolution, {}),
    "evolution, P=20 S=10": (Evolution, {"population": 20, "sample": 10}),
    "nsga2, score and macs, P=20": (Nsga2, {"population": 20}),
    "controller, lr=0.00035": (Controller, {}),
    "controller, lr=0.002": (Controller, {"lr": 0.002}),
    "progressive, grown": (Progressive, {}),
    "progressive, not grown": (Progressive, {"grow": False}),
    "tpe": (Tpe, {}),
}
SLOW = ("tpe",)
"""Run only if named: seconds for what takes others tenths."""
OBJECTIVES = {"nsga2, score and macs, P=20": ("score", "macs")}
"""What is searched for, if not the score alone."""
EVERY = "every network, by its noisy score"
"""Not a strategy: what choosing the highest score in the whole table gives. Noise keeps it below the best network."""
Z = 1.96
"""Half the width of a 95 % confidence interval in standard errors."""


@dataclass(frozen=True)
class Curves:
    """True accuracy in percent of the best found, (seeds, evaluations), rows by ascending seed."""

    seeds: list[int]
    accuracy: np.ndarray

    def mean_and_interval(self) -> tuple[np.ndarray, np.ndarray]:
        """Over seeds, each (evaluations,)."""
        return mean_and_interval(self.accuracy)


def mean_and_interval(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean over the first axis, and how far its 95 % confidence interval reaches to each side."""
    spread = values.std(0, ddof=1) if len(values) > 1 else np.full(values.shape[1:], np.nan)
    return values.mean(0), Z * spread / np.sqrt(len(values))


def main() -> None:
    """Run what is missing, then write the tables and the plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=200, help="how many (default: %(default)s)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (default: %(default)s)")
    parser.add_argument("--evaluations", type=int, default=EVALUATIONS, help="of each search (default: %(default)s)")
    parser.add_argument("--into", type=Path, required=True, help="folder of the results")
    names = [*STRATEGIES, EVERY]
    quick = [name for name in names if name not in SLOW]
    parser.add_argument("--strategies", nargs="+", choices=names, default=quick, help=f"default: all but {SLOW}")
    parser.add_argument("--rates", action="store_true", help="the controller's rates and random search instead")
    chosen = parser.parse_args()
    names = ["random", *RATES] if chosen.rates else chosen.strategies
    seeds = range(chosen.first, chosen.first + chosen.seeds)
    torch.set_num_threads(1)
    chosen.into.mkdir(parents=True, exist_ok=True)
    seeds_file = chosen.into / "seeds.jsonl"
    done = {(row["strategy"], row["seed"]) for row in read(seeds_file, chosen.evaluations)}
    for seed in seeds:
        for name in names:
            if (name, seed) not in done:
                best = every(seed) if name == EVERY else search(name, seed, chosen.evaluations)
                row = {"strategy": name, "seed": seed, "best": best, "evaluations": chosen.evaluations}
                with seeds_file.open("a") as file:
                    file.write(json.dumps(row) + "\n")
    curves = collect(read(seeds_file, chosen.evaluations), seeds, chosen.evaluations)
    text = tables(curves)
    (chosen.into / "table.md").write_text(text)
    plot(curves, chosen.into / "strategies_on_macro.svg")
    print(text)


@lru_cache(maxsize=1)
def table(seed: int) -> Table:
    """The evaluator of one seed; reading it takes longer than many a search."""
    return Table(Table.Options(path=os.environ["NASFRAME_MACRO"]), Runtime(seed=seed))


def search(name: str, seed: int, evaluations: int) -> list[tuple[int, float]]:
    """One search: each evaluation, from 1, after which another network is the best, with its true accuracy."""
    cls, options = {**STRATEGIES, **RATES}[name]
    problem = Problem(Macro(), table(seed), Runtime(seed=seed), OBJECTIVES.get(name, ("score",)))
    strategy = cls(problem, cls.Options(samples=evaluations, **options))
    assert isinstance(strategy, AskTell)
    best, changes = -np.inf, []
    for index in range(evaluations):
        strategy.step(index, seed_all(seed, "search", index))
        result = strategy.history[-1][1]
        if result.score > best:
            best = result.score
            changes.append((index + 1, 100 * result.metrics["mean_accuracy"]))
    return changes


def every(seed: int) -> list[tuple[int, float]]:
    """The true accuracy of the network with the highest score of all, as if it were known from the beginning."""
    genotypes = enumerate_all(Macro())
    results = [table(seed).evaluate(Candidate(genotype, no_network)) for genotype in genotypes]
    return [(1, 100 * max(results, key=lambda result: result.score).metrics["mean_accuracy"])]


def no_network() -> torch.nn.Module:
    """A table builds none."""
    raise NotImplementedError


def read(path: Path, evaluations: int) -> list[dict]:
    """The finished seeds of so many evaluations or more; a last line that was cut off is left out."""
    lines = path.read_text().splitlines() if path.exists() else []
    rows = [json.loads(line) for line in lines if line.endswith("}")]
    return [row for row in rows if row.get("evaluations", EVALUATIONS) >= evaluations]


def collect(rows: list[dict], seeds: range, evaluations: int) -> dict[str, Curves]:
    """The curves by strategy, in the order of STRATEGIES and RATES; at last that of EVERY."""
    curves = {}
    for name in dict.fromkeys([*STRATEGIES, *RATES, EVERY]):
        found = {row["seed"]: row["best"] for row in rows if row["strategy"] == name and row["seed"] in seeds}
        if found:
            ordered = sorted(found)
            curves[name] = Curves(ordered, np.array([steps(found[seed], evaluations) for seed in ordered]))
    return curves


def steps(changes: list[tuple[int, float]], evaluations: int) -> np.ndarray:
    """The accuracy after each evaluation."""
    curve = np.empty(evaluations)
    for evaluation, accuracy in changes:
        curve[evaluation - 1 :] = accuracy
    return curve


def tables(curves: dict[str, Curves]) -> str:
    """Markdown: the accuracies, and what each strategy has over random search on the same seeds."""
    evaluations = max((curve.accuracy.shape[1] for curve in curves.values()), default=0)
    heads = [f"after {mark}" for mark in MARKS if mark <= evaluations]
    columns = "| ---: " * len(heads) + "|"
    lines = ["Accuracy (%):", "", f"| strategy | seeds | {' | '.join(heads)} |", "| --- | ---: " + columns]
    for name, curve in curves.items():
        lines.append(f"| {name} | {len(curve.seeds)} | {cells(*curve.mean_and_interval(), '.3f')} |")
    if "random" in curves:
        lines += ["", "More than random search on the same seeds (points; * where the interval excludes 0):", ""]
        lines += [f"| strategy | {' | '.join(heads)} |", "| --- " + columns]
        random = dict(zip(curves["random"].seeds, curves["random"].accuracy, strict=True))
        for name, curve in curves.items():
            pairs = [
                row - random[seed] for seed, row in zip(curve.seeds, curve.accuracy, strict=True) if seed in random
            ]
            if name != "random" and pairs:
                lines.append(f"| {name} | {cells(*mean_and_interval(np.array(pairs)), '+.3f', star=True)} |")
    return "\n".join(lines) + "\n"


def cells(mean: np.ndarray, interval: np.ndarray, form: str, star: bool = False) -> str:
    """The columns of a table at MARKS, as far as there are values."""
    texts = []
    for mark in (mark for mark in MARKS if mark <= len(mean)):
        value, reach = mean[mark - 1], interval[mark - 1]
        texts.append(f"{value:{form}} ± {reach:.3f}" + ("*" if star and abs(value) > reach else ""))
    return " | ".join(texts)


def plot(curves: dict[str, Curves], path: Path) -> None:
    """Mean accuracy against evaluations, with its confidence interval; and the best network of the table."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(11, 5), layout="constrained")
    last = max(curve.accuracy.shape[1] for curve in curves.values())
    x = np.unique(np.geomspace(MARKS[0] / 5, last, 100).astype(int))  # every evaluation makes a large file
    for name, curve in curves.items():
        mean, interval = (values[x - 1] for values in curve.mean_and_interval())
        style = {"color": "black", "linestyle": "--"} if name == EVERY else {}
        (line,) = axes.plot(x, mean, label=f"{name} ({len(curve.seeds)})", **style)
        axes.fill_between(x, mean - interval, mean + interval, color=line.get_color(), alpha=0.2, linewidth=0)
    axes.axhline(93.1267, color="black", linestyle=":", linewidth=1, label="best network of the table")
    axes.set(xlim=(10, last), ylim=(92.4, 93.16), xscale="log")
    axes.set(xlabel="evaluations", ylabel="true accuracy of the best found (%)")
    ticks = [mark for mark in (10, 20, *MARKS) if mark <= last]
    axes.set_xticks(ticks, [str(mark) for mark in ticks])
    figure.legend(loc="outside right center", title="strategy (seeds)", frameon=False)
    figure.savefig(path)


if __name__ == "__main__":
    main()

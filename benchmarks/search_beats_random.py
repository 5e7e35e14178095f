"""Is a searched network better than random ones of the same space, trained alike, that cost as much or more?

    nasframe run examples/camvid.yaml
    python benchmarks/search_beats_random.py runs/camvid --into results

The random genotypes are drawn until enough of them cost as much as the median draw, or up to a tenth more. The searched
one is what the run's mixing weights favour most, exactly, among the paths that cost at most the median. All are
retrained by the run's recipe with the run's seed, and measured on val. Trainings that are finished are kept in results,
so that the benchmark can be stopped and gone on with.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nasframe import Genotype, GenotypeRecord
from nasframe.cost.counting import Cost, count
from nasframe.derive import FinalSpace, Request, derive, genotype_with, read_final_space, read_weighted
from nasframe.files import genotypes
from nasframe.files.words import quantity
from nasframe.genotype import sample
from nasframe.plugin.registry import Registry
from nasframe.run import resume, run
from nasframe.run.from_genotype import retraining
from nasframe.runfolder.layout import RunLayout
from nasframe.runfolder.reading import RunReader
from nasframe.space import Task

DRAWS = 101
"""Random genotypes whose median of multiply-adds is the budget."""
MORE = 1.1
"""A random network costs at most so many times the budget, and at least the budget."""


def main() -> None:
    """Choose the genotypes, train what is not trained yet, print all scores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of a finished search")
    parser.add_argument("--into", type=Path, required=True, help="folder of the results")
    parser.add_argument("--random", type=int, default=5, help="how many random genotypes")
    parser.add_argument("--seed", type=int, default=0, help="of the random genotypes")
    parser.add_argument("--rule", default="literal", choices=["literal", "unbiased"], help="how betas are read")
    parser.add_argument("--set", dest="overrides", action="append", default=[], help="of the recipe, for all alike")
    chosen = parser.parse_args()
    registry = Registry.discover()
    final, task = read_final_space(chosen.run, registry), RunReader(chosen.run).task()
    assert task is not None, f"{chosen.run} does not say what its networks have to do"
    budget, drawn = random_genotypes(final, task, chosen.random, chosen.seed)
    genotypes = {"searched": searched_genotype(chosen.run, final, task, budget, chosen.rule)}
    genotypes |= {f"random {number}": genotype for number, genotype in enumerate(drawn, 1)}
    rows = []
    for name, genotype in genotypes.items():
        folder = chosen.into / name.replace(" ", "-")
        write_genotype(folder.with_suffix(".yaml"), final, genotype, name)
        score = trained_score(folder, chosen.run, chosen.overrides, registry)
        rows.append((name, count(final.space, genotype, task), score))
        print(f"{name}: {100 * score:.2f} %", flush=True)
    report(budget, rows)


def random_genotypes(final: FinalSpace, task: Task, number: int, seed: int) -> tuple[int, list[Genotype]]:
    """The budget, and so many genotypes that cost it or a little more, in the order in which they were drawn."""
    rng = np.random.default_rng(seed)
    first = [sample(final.space, rng) for _ in range(DRAWS)]
    budget = int(statistics.median(count(final.space, genotype, task).macs for genotype in first))

    def more() -> Iterator[Genotype]:
        yield from first
        while True:
            yield sample(final.space, rng)

    fitting = (one for one in more() if budget <= count(final.space, one, task).macs <= MORE * budget)
    return budget, [next(fitting) for _ in range(number)]


def searched_genotype(folder: Path, final: FinalSpace, task: Task, budget: int, rule: str) -> Genotype:
    """The best path within the budget with the strongest cell."""
    weighted = read_weighted(folder)
    found = derive(weighted, Request(k=1, rule=rule, most={"macs": budget}), final, task)
    return genotype_with(final.space, weighted.graph, found.paths[0], found.cells)


def write_genotype(path: Path, final: FinalSpace, genotype: Genotype, name: str) -> None:
    """The genotype's file; one that is there must be the same, for its training may be too.

    Raises:
        SystemExit: it is another.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        genotypes.write(path, GenotypeRecord(genotype, final.options, name), {})
    elif genotypes.read(path).genotype != genotype:
        raise SystemExit(f"{path} holds another genotype: give another folder by --into")


def trained_score(folder: Path, recipe: Path, overrides: list[str], registry: Registry) -> float:
    """The score of the genotype in ``folder``'s file after its training, which goes on if it was begun."""
    if folder.exists():
        resume(folder, registry)
    else:
        genotype = str(folder.with_suffix(".yaml"))
        experiment = retraining(genotype, registry, recipe=RunLayout(recipe).experiment, overrides=overrides)
        run(experiment, folder, registry=registry)
    return float(json.loads(RunLayout(folder).metrics.read_text())["score"])


def report(budget: int, rows: list[tuple[str, Cost, float]]) -> None:
    """All scores, and the comparison."""
    print(f"\nBudget: {quantity(budget, 'multiply-add')}\n")
    print("| network | parameters | multiply-adds | score, % |\n| --- | ---: | ---: | ---: |")
    for name, cost, score in rows:
        print(f"| {name} | {cost.params:,} | {cost.macs:,} | {100 * score:.2f} |")
    (_, _, searched), *others = rows
    scores = [score for _, _, score in others]
    mean, spread = statistics.fmean(scores), statistics.stdev(scores) if len(scores) > 1 else 0.0
    better = sum(searched > score for score in scores)
    print(
        f"\nMean of the random ones: {100 * mean:.2f} % (standard deviation {100 * spread:.2f}). The searched one is "
        f"{100 * (searched - mean):+.2f} points from it, and better than {better} of {len(scores)}."
    )


if __name__ == "__main__":
    main()

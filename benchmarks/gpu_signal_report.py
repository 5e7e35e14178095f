"""Finished trainings as tables: do genotypes differ, and what tells early which are good?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
from gpu_signal_pack import Entry

from nasframe.evidence.statistics import Correlation, Numbers, Variance, correlation, kendall, spearman, variance

METRICS = {"miou": "mIoU, %", "pixel_accuracy": "pixel accuracy, %", "val_loss": "val loss"}
FULL = "1"
"""The part of a training that is all of it."""
Row = dict[str, Any]


@dataclass(frozen=True)
class Scores:
    """Every one of some genotypes trained with every one of some seeds."""

    genotypes: list[int]
    seeds: list[int]
    parts: list[str]
    """Of a training, after which it was scored; the last one is all of it."""
    values: dict[tuple[str, str], Numbers]
    """By part and metric, (genotypes, seeds)."""


def balanced(rows: Sequence[Row]) -> Scores | None:
    """The most trainings of which every genotype has the same seeds; None: not 3 genotypes with 2 seeds each."""
    found = {(row["genotype"], row["seed"]): row["scores"] for row in rows}
    genotypes, seeds = (sorted({pair[side] for pair in found}) for side in (0, 1))
    choices = []
    for number in range(2, len(seeds) + 1):
        complete = [one for one in genotypes if all((one, seed) in found for seed in seeds[:number])]
        if len(complete) >= 3:
            choices.append((complete, seeds[:number]))
    if not choices:
        return None
    genotypes, seeds = max(choices, key=lambda choice: len(choice[0]) * len(choice[1]))
    parts = list(found[genotypes[0], seeds[0]])
    values = {
        (part, metric): np.array([[found[one, seed][part][metric] for seed in seeds] for one in genotypes], dtype=float)
        for part in parts
        for metric in METRICS
    }
    return Scores(genotypes, seeds, parts, values)


def summarised(scores: Scores, entries: Sequence[Entry]) -> Row:
    """All figures, as plain data."""
    chosen = [entries[one] for one in scores.genotypes]
    full = scores.values[FULL, "miou"]
    return _plain(
        {
            "seeds": scores.seeds,
            "variance": {
                metric: {part: asdict(variance(scores.values[part, metric])) for part in scores.parts}
                for metric in METRICS
            },
            "correlations": {
                name: {measure.__name__: list(correlation(measure, x, y)) for measure in (spearman, kendall)}
                for name, x, y in _pairs(scores, chosen)
            },
            "by_genotype": [
                {
                    "genotype": one,
                    "params": entry.params,
                    "macs": entry.macs,
                    "skips": entry.skips,
                    "pools": entry.pools,
                    "miou": list(row),
                }
                for one, entry, row in zip(scores.genotypes, chosen, full, strict=True)
            ],
        }
    )


def _pairs(scores: Scores, entries: Sequence[Entry]) -> Iterator[tuple[str, Numbers, Numbers]]:
    """What is correlated, by name: rows of numbers of the genotypes, on both sides."""
    early = {part: scores.values[part, "miou"].T for part in scores.parts}  # (seeds, genotypes)
    full = early[FULL]
    mean = full.mean(0, keepdims=True)
    proxies = {
        "parameters": [entry.params for entry in entries],
        "multiply-adds": [entry.macs for entry in entries],
        "skips in the cell": [entry.skips for entry in entries],
        "pools in the cell": [entry.pools for entry in entries],
        "skips and pools": [entry.skips + entry.pools for entry in entries],
    }
    for name, values in proxies.items():
        yield f"{name}, mean of all seeds", np.array([values], dtype=float), mean
    for part in scores.parts[:-1]:
        yield f"mean mIoU at {part}, mean of the same seeds", early[part].mean(0, keepdims=True), mean
    others = np.array([np.delete(full, seed, axis=0).mean(0) for seed in range(len(full))])
    for part in scores.parts:
        yield f"one seed's mIoU at {part}, mean of the others", early[part], others
    for one, two in combinations(range(len(full)), 2):
        yield f"seed {scores.seeds[one]}, seed {scores.seeds[two]}", full[[one]], full[[two]]


def _plain(value: Any) -> Any:
    """None for what is not finite, which JSON has no notation for."""
    match value:
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case float():
            return float(value) if math.isfinite(value) else None
    return value


def tables(summary: Row) -> str:
    """A summary as Markdown."""
    sections = [_verdict(Variance(**summary["variance"]["miou"][FULL])), _variances(summary), _correlations(summary)]
    return "\n\n".join([*sections, _genotypes(summary)]) + "\n"


def _verdict(found: Variance) -> str:
    told = f"{_percent(found.between)} points between genotypes, {_percent(found.within)} between seeds"
    if found.low > 0:
        return f"mIoU tells genotypes apart: a standard deviation of {told}."
    return f"No difference in mIoU between genotypes could be seen: a standard deviation of {told}."


def _variances(summary: Row) -> str:
    genotypes, seeds = len(summary["by_genotype"]), len(summary["seeds"])
    free = f"{genotypes - 1}, {genotypes * (seeds - 1)}"
    lines = [
        f"| metric | after | mean | sd between genotypes | sd between seeds | F({free}) | p | ICC(1) | 95 % |",
        "| --- | --- " + "| ---: " * 7 + "|",
    ]
    for metric, name in METRICS.items():
        for part, found in summary["variance"][metric].items():
            shown = _number if metric == "val_loss" else _percent
            cells = [shown(found[key]) for key in ("mean", "between", "within")]
            cells += [_number(found["f"]), _number(found["p"], 4), _number(found["icc"])]
            lines.append(f"| {name} | {part} | {' | '.join(cells)} | {_interval(found['low'], found['high'])} |")
    return "\n".join(lines)


def _correlations(summary: Row) -> str:
    lines = [
        "Rank correlations over genotypes with the mIoU after the whole training:",
        "",
        "| of, with | Spearman | 95 % | Kendall | 95 % |",
        "| --- " + "| ---: " * 4 + "|",
    ]
    for name, found in summary["correlations"].items():
        both = [Correlation(*found[measure]) for measure in ("spearman", "kendall")]
        cells = [cell for one in both for cell in (_number(one.value), _interval(one.low, one.high))]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _genotypes(summary: Row) -> str:
    heads = " | ".join(f"seed {seed}" for seed in summary["seeds"])
    lines = [
        f"| genotype | parameters | multiply-adds | skips | pools | mIoU, %: mean | {heads} |",
        "| --- " + "| ---: " * (5 + len(summary["seeds"])) + "|",
    ]
    for row in sorted(summary["by_genotype"], key=lambda row: -sum(row["miou"])):
        cells = [f"{row['params']:,}", f"{row['macs']:,}", str(row["skips"]), str(row["pools"])]
        cells += [_percent(value) for value in (sum(row["miou"]) / len(row["miou"]), *row["miou"])]
        lines.append(f"| {row['genotype']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _number(value: float | None, digits: int = 3) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.2f}"


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.2f} to {high:.2f}"

"""What a run's record says about time, progress and the result."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import networkx as nx

from nasframe.files import words
from nasframe.graph import edges, edges_into, part
from nasframe.pareto import SCORE
from nasframe.plot.canvas import labels, readable
from nasframe.report.record import RunRecord
from nasframe.report.text_table import TextTable
from nasframe.runfolder.layout import Phase as LayoutPhase
from nasframe.runfolder.listing import worked_seconds


class Phase(NamedTuple):
    """How long a phase ran, without the time between a stop and a resumption."""

    name: str
    steps: int
    seconds: float
    resumed: int
    """How often."""


class Entry(NamedTuple):
    """What a block does with one of its inputs."""

    source: str
    operation: str


class Result(NamedTuple):
    """What came out."""

    stage: str
    """What it is a result of, where it is not that of the whole run on ``val``; else empty."""
    score: str
    details: tuple[str, ...] = ()
    """The size of the network."""


def phases(record: RunRecord) -> list[Phase]:
    """The phases in the order in which they ran, by the times of their events."""
    of_phase: dict[str, list[Mapping[str, Any]]] = {}
    for event in record.events:
        if isinstance(event.get("time"), int | float) and isinstance(event.get("phase"), str):
            of_phase.setdefault(event["phase"], []).append(event)
    return [
        Phase(
            name,
            max((event["step"] for event in events if isinstance(event.get("step"), int)), default=0),
            worked_seconds(events),
            sum(event.get("event") == "resumed" for event in events),
        )
        for name, events in of_phase.items()
    ]


def result(record: RunRecord) -> Result | None:
    """The score and the size of the network, or the best score of a search that is not over; None: neither."""
    if not record.metrics:
        return _best_of_search(record)
    details = []
    if "params" in record.cost:
        details.append(f"{words.amount(record.cost['params'])} parameters")
    if "macs" in record.cost:
        size = " × ".join(str(side) for side in record.cost.get("size", ()))
        details.append(f"{words.amount(record.cost['macs'])} multiply-adds" + (f" at {size} pixels" if size else ""))
    if "classes" in record.cost:
        details.append(words.quantity(record.cost["classes"], "class", "classes"))
    if held_out := record.metrics.get("holdout"):
        return Result("on the holdout", _score(held_out), (f"{_score(record.metrics)} on val", *details))
    return Result("", _score(record.metrics), tuple(details))


def metric_table(record: RunRecord) -> TextTable | None:
    """The metrics of the final network, on val and on what was set aside; None: there are none."""
    metrics = record.metrics.get("metrics", {})
    held = record.metrics.get("holdout", {}).get("metrics")
    parts = {"val": metrics, "holdout": held} if held else {"value": metrics}
    rows = [(readable(name), *(words.cell_text(part.get(name), name) for part in parts.values())) for name in metrics]
    return TextTable("Metrics", ("metric", *parts), tuple(rows)) if rows else None


def evaluated(record: RunRecord, phase: LayoutPhase) -> list[Mapping[str, Any]]:
    """What was told of the candidates of a phase, in the order of asking."""
    return [event for event in record.events if event.get("event") == "evaluated" and event.get("phase") == phase]


def finalists(record: RunRecord) -> TextTable | None:
    """What the search named, in its order, and what each scored with each budget that it got; None: no such thing."""
    told: dict[str, dict[float, str]] = {}
    for event in evaluated(record, "finalists"):
        score = event.get("objectives", {}).get(SCORE)
        shown = words.number(score) if score is not None else "failed"
        told.setdefault(json.dumps(event.get("genotype")), {})[event.get("budget", 0.0)] = shown
    if not told:
        return None
    budgets = sorted({budget for scores in told.values() for budget in scores})
    found = [json.dumps(event["genotype"]) for event in record.events if event.get("event") == "genotype"]
    rows = [
        (
            f"{rank}{', found' if genotype in found else ''}",
            *(scores.get(budget, words.NOTHING) for budget in budgets),
        )
        for rank, (genotype, scores) in enumerate(told.items(), start=1)
    ]
    note = (
        "The search's best genotypes in its own order, each with its score after a training with a share of a full "
        "evaluation. The best of those that were trained longest is what was found."
    )
    return TextTable("The finalists", ("finalist", *(f"{budget:.0%}" for budget in budgets)), tuple(rows), note)


def start(record: RunRecord) -> str:
    """What the retraining started from, in sentences; empty: from random weights."""
    told = record.start
    if not isinstance(told.get("matched"), list):
        return ""
    left = {
        "have no counterpart there": told.get("missing", ()),
        "have another shape there": told.get("other_shape", ()),
    }
    total = len(told["matched"]) + sum(map(len, left.values()))
    source = "what the search's supernet had learned" if told.get("supernet") else f"`{told['file']}`"
    share = f", {told['share']:.0%} of its parameters" if "share" in told else ""
    tensors = f"{len(told['matched'])} of the network's {words.quantity(total, 'tensor')}"
    text = f"The retraining started from {source}: {tensors}{share}."
    reasons = [f"{len(names)} {why}" for why, names in left.items() if names]
    text += f" Of the others {' and '.join(reasons)}." if reasons else ""
    if told.get("batches"):
        text += (
            f" Norms took their statistics anew from {words.quantity(told['batches'], 'batch', 'batches')} of train."
        )
    return text


def selected_on_val(record: RunRecord) -> bool:
    """Whether a search scored its candidates on the frames on which the final network is reported."""
    scored = any("best_score" in (event.get("metrics") or {}) for event in record.events)
    shared = record.evaluator.get("select_on") == "val" and record.evaluator.get("phase") == "search"
    return scored and shared and bool(record.metrics) and "holdout" not in record.metrics


SELECTED_ON_VAL = (
    "The search chose by scores on val, on which the found network is reported too, so its score is too good: set "
    "frames aside by evaluator.holdout, or let the search score on frames of train by evaluator.select_on: arch."
)


def changed_on_the_way(record: RunRecord) -> str:
    """That the data or the events were changed on the way, and the run went on; empty: they were not."""
    accepted = record.data.get("accepted")
    of_data = [line for one in accepted for line in one["changes"]] if isinstance(accepted, list) else []
    of_events = [
        line for event in record.events if event.get("event") == "resumed" for line in event.get("accepted", ())
    ]
    meanwhile = record.data.get("meanwhile")
    sentences = []
    if of_data or of_events:
        changed = "; ".join([*of_data, *of_events])
        sentences.append(f"The run went on although what it was begun with had changed: {changed}.")
    if isinstance(meanwhile, list):
        sentences.append(
            f"The data changed while the run was going on, so that its result is of both: {'; '.join(meanwhile)}."
        )
    return " ".join(sentences)


def remarks_on_data(record: RunRecord) -> list[str]:
    """What the evaluators said of the data, in sentences."""
    remarks = record.data.get("remarks")
    return [f"{remark}." for remark in remarks if isinstance(remark, str)] if isinstance(remarks, list) else []


def path_labels(genotype: nx.DiGraph) -> list[str] | None:
    """The labels along a genotype's path, stems and head included; None where there is not one state a layer."""
    network = part(genotype, "network")
    nodes = sorted(network, key=lambda node: network.nodes[node]["layer"])
    layers = [network.nodes[node]["layer"] for node in nodes]
    if not any(kind == "state" for _, kind in network.nodes(data="kind")) or len(set(layers)) < len(layers):
        return None
    label = labels(network)
    return [label[node] for node in nodes]


def path_probability(weighted: nx.DiGraph, genotype: nx.DiGraph) -> float | None:
    """The product of the weights of a path's moves; None where one has none."""
    moves = [move for move, data in edges(genotype) if data["kind"] == "move"]
    values = [weighted.edges[move].get("value") if weighted.has_edge(*move) else None for move in moves]
    if not moves or not all(isinstance(value, float) and value > 0 for value in values):
        return None
    return math.exp(sum(math.log(value) for value in values if value))


def blocks(genotype: nx.DiGraph, name: str) -> dict[str, list[Entry]]:
    """By block of a cell, in reading order, its inputs with their operations; who concatenates is named with it."""
    cell = part(genotype, name)
    label = {node: str(data.get("label", node)) for node, data in cell.nodes(data=True)}
    found = {}
    for node in sorted(cell, key=lambda node: cell.nodes[node]["layer"]):
        entries = [
            Entry(label[edge[0]], str(data["operation"]))
            for edge, data in edges_into(cell, node)
            if "operation" in data
        ]
        if entries:
            concat = cell.nodes[node].get("combine") == "concat"
            found[f"{label[node]}, concat" if concat else label[node]] = entries
    return found


def output(genotype: nx.DiGraph, name: str) -> str:
    """What a cell's output concatenates, as a sentence; nothing where its graph does not say."""
    cell = part(genotype, name)
    outputs = [node for node, kind in cell.nodes(data="kind") if kind == "output"]
    links = [edge[0] for node in outputs for edge, data in edges_into(cell, node) if data["kind"] == "link"]
    label = labels(cell)
    states = [label[node] for node in sorted(links, key=lambda node: cell.nodes[node]["layer"])]
    return f"The output concatenates {', '.join(states)}." if states else ""


def _best_of_search(record: RunRecord) -> Result | None:
    told = [metrics for event in record.events if isinstance(metrics := event.get("metrics"), dict)]
    best = [metrics["best_score"] for metrics in told if "best_score" in metrics]
    if not best:
        return None
    named = {
        name: value
        for metrics in told
        for name, value in metrics.items()
        if value == (best[-1] if words.is_fraction(name) else -best[-1])
    }
    when = "" if record.genotype is not None else " so far"
    return Result(f"best of the search{when}", _score({"score": best[-1], "metrics": named}))


def _score(metrics: Mapping[str, Any]) -> str:
    """The metric that the score is or is minus of, by its name, if there is one; else the score."""
    score = metrics.get("score")
    for name, value in metrics.get("metrics", {}).items():
        if score in (value, -value) and name != "score":
            return f"{words.number(value, fraction=words.is_fraction(name))} {readable(name)}"
    return f"score {words.number(score)}"

"""Run folders to report on, made without running anything."""

import json
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
import yaml

from nasframe.graph import to_json

OPERATIONS = ("sep_3x3", "skip", "zero")
METRICS = {
    "score": 0.46125,
    "metrics": {"miou": 0.46125, "frames": 500.0},
    "tables": {
        "classes": {"columns": ["class", "IoU", "pixels"], "rows": [["road", 0.5, 1200], ["car|van", None, 0]]},
        "categories": {"columns": ["category", "IoU"], "rows": [["flat", 0.75]]},
        "confusion": {"columns": ["truth", "road", "car"], "rows": [["road", 3, 1], ["car", 0, 2]]},
    },
}
EXPERIMENT = {
    "name": "toy-run",
    "seed": 7,
    "space": {"type": "toy", "layers": 4, "network": {"filters": 4}},
    "evaluator": {"type": "toy-data", "crop": 32},
    "strategy": {"type": "toy-strategy", "epochs": 3},
    "retrain": {"space": {"layers": 4, "network": {"filters": 20}}, "evaluator": {"crop": 32}},
    "run": {"folder": "runs"},
}
ORIGINS = {
    "name": "toy.yaml:1:7",
    "seed": "--set seed=7",
    "space.type": "toy.yaml:2:15",
    "space.layers": "default",
    "space.network.filters": "default",
    "evaluator.type": "base.yaml:4:9",
    "evaluator.crop": "default",
    "strategy.type": "toy.yaml:5:3",
    "strategy.epochs": "default",
    "retrain.space.network.filters": "toy.yaml:9:30",
    "run.folder": "default",
}


def make_space(layers, levels, blocks):
    graph = nx.DiGraph(skips=("skip",), zeros=("zero",))
    graph.add_node("stem", part="network", kind="stem", layer=0, level=0, label="stem")
    row = 0
    for layer in range(1, layers + 1):
        for level in range(min(layer + 1, levels)):
            graph.add_node(
                f"l{layer}/{level}", part="network", kind="state", layer=layer, level=level, label=str(4 << level)
            )
    for node, data in [*graph.nodes(data=True)]:
        targets = [f"l{data['layer'] + 1}/{data['level'] + step}" for step in (-1, 0, 1)]
        for column, target in enumerate(targets):
            if target in graph:
                graph.add_edge(node, target, kind="move", weight=("move", row, column))
        row += 1
    graph.add_node("head", part="network", kind="head", layer=layers + 1, level=0, label="head")
    graph.add_edges_from(((f"l{layers}/{level}", "head") for level in range(levels)), kind="link")
    names = ["h-2", "h-1", *(f"b{i + 1}" for i in range(blocks))]
    for rank, name in enumerate(names):
        kind = "input" if rank < 2 else "block"
        graph.add_node(f"cell/{name}", part="cell", kind=kind, layer=rank, level=0, label=name)
    graph.add_node("cell/output", part="cell", kind="output", layer=len(names), level=0, label="output")
    edges = [(a, b) for j, b in enumerate(names) if j > 1 for a in names[:j]]
    for index, (a, b) in enumerate(edges):
        weight = ("operation", index)
        graph.add_edge(f"cell/{a}", f"cell/{b}", kind="operation", operations=OPERATIONS, weight=weight)
    graph.add_edges_from(((f"cell/{b}", "cell/output") for b in names[2:]), kind="link")
    return graph


def make_genotype(space):
    path = ["stem", *(f"l{layer}/0" for layer in range(1, 40) if f"l{layer}/0" in space), "head"]
    operations = [(a, b) for a, b, kind in space.edges(data="kind") if kind == "operation"]
    links = [(a, b) for a, b, kind in space.edges(data="kind") if kind == "link" and b != "head"]
    chosen = space.edge_subgraph([*pairwise(path), *operations[:2], *links]).copy()
    nx.set_edge_attributes(chosen, dict.fromkeys(operations[:2], "sep_3x3"), "operation")
    return chosen


def make_weights(space, progress, towards=0):
    """Softmax weights: even at progress 0, then more and more for one operation and for the moves that stay."""
    rng = np.random.default_rng(3)
    moves = [data["weight"] for *_, data in space.edges(data=True) if data["kind"] == "move"]
    logits = np.full((1 + max(row for _, row, _ in moves), 3), -np.inf)
    for _, row, column in moves:
        logits[row, column] = progress * (rng.normal() + 2 * (column == 1))
    edges = sum(kind == "operation" for *_, kind in space.edges(data="kind"))
    alphas = progress * (rng.normal(size=(edges, len(OPERATIONS))) + 4 * (np.arange(len(OPERATIONS)) == towards))
    return {name: np.exp(z) / np.exp(z).sum(1, keepdims=True) for name, z in (("move", logits), ("operation", alphas))}


class RunBuilder:
    """Writes a run's files; each method adds what the run has come to."""

    def __init__(self, folder):
        self.folder = folder
        self.space = None
        folder.mkdir()
        self.json("origins.json", ORIGINS)
        self.experiment(EXPERIMENT)

    def json(self, name, data):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data))
        return self

    def experiment(self, data):
        (self.folder / "experiment.yaml").write_text(yaml.safe_dump(data, sort_keys=False))
        return self

    def status(self, state, reason=None, phase="search", step=4, steps=10):
        fields = {"state": state, "reason": reason, "phase": phase, "step": step, "steps": steps}
        return self.json("status.json", {**fields, "updated": 1_700_000_000.0})

    def events(self, *records, tail=""):
        (self.folder / "events.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records) + tail)
        return self

    def searching(self, snapshots=5, *, layers=4, levels=3, blocks=2, towards=0):
        self.space = make_space(layers, levels, blocks)
        (self.folder / "graph.json").write_text(to_json(self.space))
        (self.folder / "snapshots").mkdir()
        for i in range(snapshots):
            weights = make_weights(self.space, i / max(1, snapshots - 1), towards)
            np.savez(self.folder / "snapshots" / f"{10 * i:08}.npz", **weights)
        step = {"event": "step", "phase": "search"}
        records = [{**step, "step": i, "time": 100.0 + i, "metrics": {"loss": 1 / i, "lr": 0.1}} for i in range(1, 5)]
        return self.status("searching").events(*records)

    def done(self):
        (self.folder / "genotype.json").write_text(to_json(make_genotype(self.space)))
        cost = {"params": 10_147_427, "macs": 320_450_382_392, "size": [1025, 2049], "classes": 19}
        environment = {"torch": "2.6", "plugins": [{"distribution": "nasframe-toy", "version": "0.3"}]}
        self.json("retrain/cost.json", cost).json("retrain/metrics.json", METRICS)
        self.json("environment.json", environment).json("evaluator.json", {"split": {"arch": ["frame1", "frame2"]}})
        return self.status("done", phase="retrain", step=10)


@pytest.fixture
def build(tmp_path):
    """A new run folder, with an experiment in it and nothing more."""
    return RunBuilder(tmp_path / "run")


@pytest.fixture(scope="session")
def builder():
    """For fixtures that live longer than a test."""
    return RunBuilder

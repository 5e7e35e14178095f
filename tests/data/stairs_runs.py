"""Run folders of a small space with a trellis, a cell and exact prices, in any state."""

import json
import sys
import types
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
import yaml
from click.testing import CliRunner

import nasframe
from nasframe.cli import main
from nasframe.decode import Design
from nasframe.files import genotypes
from nasframe.genotype import GenotypeRecord, trace, validate
from nasframe.graph import to_json
from nasframe.plugin.registry import Plugin, Registry
from nasframe.testing.tiny import TinyEvaluator
from nasframe.testing.tiny_blocks import TinyBlocks

OPERATIONS = ("conv_1x1", "conv_3x3", "zero")
KEPT = OPERATIONS[:2]


class Stairs(nasframe.SearchSpace, nasframe.Priced, nasframe.Landmarked):
    """A path over levels of different width, and a cell of one block that is its head."""

    name = "stairs"

    class Options(nasframe.Options):
        layers: int = 3
        """Length of the path."""
        width: int = 2
        """Channels at level 0."""

    def decide(self, choose):
        for source in choose("cell/b1/inputs", (("a", "b"), ("a", "c"), ("b", "c"))):
            choose(f"cell/b1/{source}", KEPT)
        level = 0
        for layer in range(1, self.options.layers + 1):
            level = choose(f"path/l{layer}", [near for near in (level - 1, level, level + 1) if 0 <= near <= 2])

    def build(self, genotype, task):
        from torch import nn

        validate(self, genotype)
        widths = [task.in_channels]
        widths += [self.options.width << genotype[f"path/l{n}"] for n in range(1, self.options.layers + 1)]
        layers = [nn.Conv2d(before, width, 1) for before, width in pairwise(widths)]
        return nn.Sequential(*layers, nn.Conv2d(widths[-1], task.num_classes, self._kernel(genotype), padding="same"))

    def graph(self, genotype=None):
        graph = nx.DiGraph()
        graph.add_node("stem", part="network", kind="stem", layer=0, level=0, label="stem")
        before = ["stem"]
        for layer in range(1, self.options.layers + 1):
            for level in range(min(layer, 2) + 1):
                name = f"l{layer}/{level}"
                graph.add_node(name, part="network", kind="state", layer=layer, level=level, label=str(4 << level))
            here = [f"l{layer}/{level}" for level in range(min(layer, 2) + 1)]
            for source in before:
                for target in here:
                    step = graph.nodes[target]["level"] - graph.nodes[source]["level"]
                    if abs(step) <= 1:
                        graph.add_edge(source, target, kind="move", weight=("move", layer - 1, _row(source), step + 1))
            before = here
        for rank, (name, kind) in enumerate({"a": "input", "b": "input", "c": "input", "b1": "block"}.items()):
            graph.add_node(f"cell/{name}", part="cell", kind=kind, layer=rank, level=0, label=name)
        for row, name in enumerate("abc"):
            edge = (f"cell/{name}", "cell/b1")
            graph.add_edge(*edge, kind="operation", operations=OPERATIONS, weight=("operation", row))
        return graph if genotype is None else self._chosen(graph, genotype)

    def priced_trellis(self, genotype, task, measure):
        from torch import nn

        graph = self.graph()
        trellis = graph.subgraph([node for node, part in graph.nodes(data="part") if part == "network"]).copy()
        sizes = {node: self.options.width << level for node, level in trellis.nodes(data="level")}
        sizes["stem"] = task.in_channels
        shape, classes, kernel = task.size, task.num_classes, self._kernel(genotype)
        for before, node, data in trellis.edges(data=True):
            inputs, outputs = sizes[before], sizes[node]
            data |= measure(lambda i=inputs, o=outputs: nn.Conv2d(i, o, 1), (1, inputs, *shape))
        for node in [node for node in trellis if trellis.out_degree(node) == 0]:
            head = measure(
                lambda i=sizes[node]: nn.Conv2d(i, classes, kernel, padding="same"), (1, sizes[node], *shape)
            )
            trellis.nodes[node].update(head)
        return trellis

    def designs(self):
        down = Design("down", "Down", (0, 1, *[2] * 10), False, "goes down and stays there")
        return down, Design("deeper", "Deeper", (0, 1, 2, *[3] * 9), False, "needs a fourth level")

    def _kernel(self, genotype):
        return 3 if genotype[f"cell/b1/{genotype['cell/b1/inputs'][0]}"] == "conv_3x3" else 1

    def _chosen(self, graph, genotype):
        validate(self, genotype)
        path = ["stem", *(f"l{n}/{genotype[f'path/l{n}']}" for n in range(1, self.options.layers + 1))]
        kept = {(before, node): None for before, node in pairwise(path)}
        kept |= {(f"cell/{name}", "cell/b1"): genotype[f"cell/b1/{name}"] for name in genotype["cell/b1/inputs"]}
        graph.remove_edges_from([edge for edge in list(graph.edges) if edge not in kept])
        graph.remove_nodes_from(list(nx.isolates(graph)))
        nx.set_edge_attributes(graph, {edge: operation for edge, operation in kept.items() if operation}, "operation")
        return graph


class Wait(nasframe.Strategy):
    """Only its name is needed."""

    name = "wait"

    def __init__(self, problem, options):
        raise NotImplementedError

    step = best = state_dict = load_state_dict = __init__


def _row(node):
    return 0 if node == "stem" else int(node[-1])


def weights(space, seed=0):
    """Mixing weights: softmaxes of random logits over the moves and operations that there are."""
    rng = np.random.default_rng(seed)
    table = np.zeros((space.options.layers, 3, 3))
    for _, _, place in space.graph().edges(data="weight"):
        if place[0] == "move":
            table[place[1:]] = np.exp(rng.normal())
    table /= np.maximum(table.sum(-1, keepdims=True), 1e-9)
    return {"move": table, "operation": rng.dirichlet(np.ones(3), size=3)}


@pytest.fixture
def stairs():
    return Stairs()


@pytest.fixture
def registry(monkeypatch):
    parts = types.ModuleType("parts_of_looking")
    for found in (Stairs, Wait):
        monkeypatch.setattr(found, "__module__", parts.__name__)
        setattr(parts, found.__name__, found)
    kinds = {"space": (Stairs, parts.__name__), "strategy": (Wait, parts.__name__)}
    kinds["evaluator"] = (TinyEvaluator, TinyEvaluator.__module__)
    components = [
        nasframe.Component(kind, found.name, f"{module}:{found.__name__}", "for tests")
        for kind, (found, module) in kinds.items()
    ]
    components.append(nasframe.Component("space", TinyBlocks.name, f"{TinyBlocks.__module__}:TinyBlocks", "for tests"))
    components.append(nasframe.Component("genotype", "stairs-best", f"{parts.__name__}:BEST", "for tests"))
    parts.BEST = GenotypeRecord(trace(Stairs(), lambda name, options: options[-1]), {}, "for tests")
    parts.components = nasframe.hookimpl(lambda: components, specname="nasframe_components")
    monkeypatch.setitem(sys.modules, parts.__name__, parts)
    return Registry([Plugin("looking", "nasframe-looking", "1.0", lambda: parts)])


@pytest.fixture
def invoke(registry, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments):
        return CliRunner().invoke(main, [str(argument) for argument in arguments], obj=registry)

    return invoke


@pytest.fixture
def make_run(tmp_path, stairs):
    """Writes a run folder; ``genotype`` None: none is found yet; ``snapshots``: arrays by step."""

    def make(name="run", genotype=None, snapshots=None, state="done", space=None, evaluator=None, score=0.5):
        folder, space = tmp_path / name, space or stairs
        (folder / "snapshots").mkdir(parents=True)
        (folder / "retrain").mkdir()
        experiment = {
            "name": name,
            "space": {"type": space.name, **space.options.model_dump()},
            "evaluator": {"type": "tiny-pixels", **(evaluator or {})},
            "strategy": {"type": "wait"},
            "retrain": {"space": {"width": 4}} if space.name == "stairs" else {},
        }
        (folder / "experiment.yaml").write_text(yaml.safe_dump(experiment))
        (folder / "graph.json").write_text(to_json(space.graph()))
        for step, arrays in (snapshots or {}).items():
            np.savez(folder / "snapshots" / f"{step:08}.npz", **arrays)
        events = [
            {"event": "started", "phase": "search", "step": 0, "time": 0.0},
            {"event": "step", "phase": "search", "step": 1, "time": 60.0, "metrics": {"loss": 2.0, "val_miou": 0.1}},
            {"event": "step", "phase": "search", "step": 2, "time": 120.0, "metrics": {"loss": 1.0, "val_miou": 0.2}},
        ]
        status = {"state": state, "reason": None, "phase": "search", "step": 2, "steps": 2}
        if genotype is not None:
            genotypes.write(folder / "genotype.yaml", GenotypeRecord(genotype))
            (folder / "genotype.json").write_text(to_json(space.graph(genotype)))
            task = {"in_channels": 3, "num_classes": 2, "size": [8, 8], "dense": True}
            (folder / "task.json").write_text(json.dumps(task))
            (folder / "retrain/cost.json").write_text(
                json.dumps({"params": 7, "macs": 9, "size": [8, 8], "classes": 2})
            )
            metrics = {"score": score, "metrics": {"miou": score}, "tables": {}}
            (folder / "retrain/metrics.json").write_text(json.dumps(metrics))
        (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
        (folder / "status.json").write_text(json.dumps(status))
        return folder

    return make


@pytest.fixture
def searched(make_run, stairs):
    """A finished run, whose genotype is what its last weights favour."""
    from nasframe.derive import Request, Weighted, derive, genotype_with
    from nasframe.errors import CapabilityError
    from nasframe.graph import with_weights

    def make(name="run", seed=0, **changes):
        arrays = weights(stairs, seed)
        weighted = Weighted(None, 2, with_weights(stairs.graph(), arrays), None)
        found = derive(weighted, Request(1), CapabilityError("no prices"), None)
        genotype = genotype_with(stairs, weighted.graph, found.paths[0], found.cells)
        return make_run(name, genotype, {1: weights(stairs, seed + 100), 2: arrays}, **changes)

    return make

"""Runs in processes of their own that are killed by SIGKILL and gone on with, against one that never was."""

import importlib
import json
import multiprocessing
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

KILLABLE = '''
"""A tiny experiment with every kind of state: momentum, batch statistics, dropout, random draws."""
import os, signal, types
from pathlib import Path

import numpy as np
import torch
from torch import nn

import nasframe, nasframe.report
from nasframe import Component, Strategy
from nasframe.experiment.checking import load
from nasframe.genotype import sample
from nasframe.plugin.registry import Plugin, Registry
from nasframe.report.record import read
from nasframe.testing.tiny import TinySpace
from nasframe.training.sgd import Training
from nasframe.training.options import TrainingOptions

EXPERIMENT = """
name: killed
seed: 1
space: {type: noisy}
evaluator: {type: tiny-pixels, training: {steps: 5, score_over: 3}}
strategy: {type: gradients}
retrain: {}
run: {device: cpu, checkpoint_minutes: MINUTES, snapshots: 3}
"""


class Noisy(nasframe.SearchSpace):
    name = "noisy"

    def decide(self, choose):
        choose("width", (2, 3, 4))

    def build(self, genotype, task):
        width = genotype["width"]
        layers = nn.Conv2d(task.in_channels, width, 1), nn.BatchNorm2d(width), nn.Dropout(0.3)
        return nn.Sequential(*layers, nn.Conv2d(width, task.num_classes, 1))

    def graph(self, genotype=None):
        return TinySpace().graph()


class Gradients(Strategy):
    """Trains one network by SGD; the best genotype is drawn anew in each step."""

    name = "gradients"

    def __init__(self, problem, options):
        self.space = problem.space
        self.best_genotype = sample(self.space, np.random.default_rng(0))
        network = self.space.build(self.best_genotype, problem.evaluator.task)
        recipe = TrainingOptions(steps=5, lr=0.1, validate_epochs=1)
        self.training = Training(network, problem.evaluator, recipe, problem.runtime)
        self.steps = 5

    def step(self, index, rng):
        self.best_genotype = sample(self.space, rng)
        return self.training.step(index, rng)

    def best(self):
        return self.best_genotype

    def snapshot(self):
        return {"operation": np.full((2, 3), 1 / 3)}

    def state_dict(self):
        return {"training": self.training.state_dict(), "best": self.best_genotype.to_dict()}

    def load_state_dict(self, state):
        self.training.load_state_dict(state["training"])
        self.best_genotype = nasframe.Genotype.from_dict(state["best"])


def registry():
    components = (
        Component("space", "noisy", "killable:Noisy", "x"),
        Component("strategy", "gradients", "killable:Gradients", "x"),
        Component("evaluator", "tiny-pixels", "nasframe.testing.tiny:TinyEvaluator", "x"),
    )
    module = types.ModuleType("plugin")
    module.nasframe_components = nasframe.hookimpl(lambda: components)
    return Registry([Plugin("p", "nasframe-p", "1", lambda: module)])


def die_at(count):
    """Let the process kill itself just before its count-th flush or rename of a file."""
    left = [count]

    def counted(original):
        def call(*arguments, **options):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*arguments, **options)

        return call

    os.fsync, os.replace, os.rename = counted(os.fsync), counted(os.replace), counted(os.rename)
    return left


def write_empty_report(folder):
    (folder / "report.md").write_text("")
    return read(folder)


def go(folder, minutes, death=0):
    """Begin the run in this folder, or go on with it; tells how many flushes and renames it took."""
    torch.set_num_threads(1)
    nasframe.report.write_report = write_empty_report
    left = die_at(death)
    from nasframe.run import resume, run

    folder = Path(folder)
    if (folder / "experiment.yaml").exists():
        resume(folder, registry(), quiet=True)
    else:
        path = folder.with_name(folder.name + ".yaml")
        path.write_text(EXPERIMENT.replace("MINUTES", str(minutes)))
        run(load(path, (), registry()), folder, quiet=True)
    folder.with_name("operations").write_text(str(-left[0]))
'''
EVERY_STEP, ONLY_AT_THE_ENDS = 0, 1000


@pytest.fixture(scope="module")
def killable(tmp_path_factory):
    """The module above, importable here and in the processes, which a server forks so that each starts at once."""
    place = tmp_path_factory.mktemp("module")
    (place / "killable.py").write_text(KILLABLE)
    sys.path.insert(0, str(place))
    module = importlib.import_module("killable")
    yield module
    sys.path.remove(str(place))
    del sys.modules["killable"]


@pytest.fixture(scope="module")
def processes():
    context = multiprocessing.get_context("forkserver")
    # What each process would otherwise import for itself, which takes seconds; _dynamo: any optimiser imports it.
    context.set_forkserver_preload(
        ["pytest", "torch._dynamo", "nasframe.run.execution", "nasframe.report", "nasframe.testing.tiny"]
    )
    return context


@pytest.fixture(scope="module")
def go(killable, processes):
    def start(folder, minutes, death=0):
        process = processes.Process(target=killable.go, args=(str(folder), minutes, death))
        process.start()
        return process

    def finish(process):
        process.join(60)
        return process.exitcode

    start.finish = finish
    return start


@pytest.fixture(scope="module")
def whole(go, tmp_path_factory):
    """The run that nobody killed, and how many flushes and renames it took."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    assert go.finish(go(folder, EVERY_STEP)) == 0
    return folder, int((folder.parent / "operations").read_text())


def steps(folder):
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    found = [(event["phase"], event["step"], event["metrics"]) for event in events if event["event"] == "step"]
    assert len(found) == 10
    return found


def assert_same_result(one, other):
    for name in ("genotype.yaml", "genotype.json", "retrain/genotype.yaml", "retrain/metrics.json"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    weights = [torch.load(folder / "retrain" / "weights.pt", weights_only=True) for folder in (one, other)]
    assert weights[0].keys() == weights[1].keys()
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert steps(one) == steps(other)
    assert not list(other.rglob("*.part"))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_killed_at_any_file_operation_again_and_again_a_run_ends_the_same(go, whole, tmp_path, seed):
    expected, operations = whole
    draw = random.Random(seed)
    folder = tmp_path / "run"
    for low, high in ((1, 12), (12, operations // 2), (1, operations // 2)):
        assert go.finish(go(folder, EVERY_STEP, draw.randint(low, high))) in (-signal.SIGKILL, 0)
    assert go.finish(go(folder, EVERY_STEP)) == 0
    assert_same_result(expected, folder)


@pytest.mark.slow
def test_killed_near_the_end_a_run_ends_the_same(go, whole, tmp_path):
    expected, operations = whole
    folder = tmp_path / "run"
    assert go.finish(go(folder, EVERY_STEP, operations - 4)) == -signal.SIGKILL
    assert go.finish(go(folder, EVERY_STEP)) == 0
    assert_same_result(expected, folder)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_killed_from_outside_at_a_random_moment_a_run_ends_the_same(go, whole, tmp_path, seed):
    expected, _ = whole
    folder = tmp_path / "run"
    size = random.Random(seed).randint(1, (expected / "events.jsonl").stat().st_size)
    process = go(folder, ONLY_AT_THE_ENDS)
    deadline = time.monotonic() + 60
    while _size(folder / "events.jsonl") < size and process.is_alive() and time.monotonic() < deadline:
        pass
    process.kill()
    go.finish(process)
    assert go.finish(go(folder, ONLY_AT_THE_ENDS)) == 0
    assert_same_result(expected, folder)


def test_killed_before_its_folder_was_whole_a_run_leaves_none(go, tmp_path):
    folder = tmp_path / "run"
    assert go.finish(go(folder, EVERY_STEP, 2)) == -signal.SIGKILL
    assert not folder.exists()


@pytest.mark.slow
def test_a_torn_newest_checkpoint_costs_a_step_and_nothing_else(go, whole, tmp_path):
    expected, operations = whole
    folder = tmp_path / "run"
    assert go.finish(go(folder, EVERY_STEP, operations - 12)) == -signal.SIGKILL
    newest = max((folder / "retrain" / "checkpoints").glob("retrain-*.pt"))
    os.truncate(newest, newest.stat().st_size // 2)
    assert go.finish(go(folder, EVERY_STEP)) == 0
    assert_same_result(expected, folder)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def test_the_uninterrupted_run_has_every_kind_of_state(whole):
    folder, operations = whole
    state = np.load(folder / "snapshots" / "00000005.npz")
    weights = torch.load(folder / "retrain" / "weights.pt", weights_only=True)
    assert "1.running_mean" in weights and "operation" in state and operations > 60

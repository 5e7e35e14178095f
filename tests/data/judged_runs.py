"""Runs of the plug-in in ``judged_plugin``, whose evaluator notes each evaluation in a file: for tests that import the
fixtures."""

import json
import multiprocessing
import os
import sys
from pathlib import Path

import pytest
import torch

import nasframe.run.execution
from nasframe.experiment.checking import load
from nasframe.files.yaml_text import dump
from nasframe.plugin.registry import Plugin, Registry
from nasframe.report.record import read

PLUGIN = Path(__file__).parent / "judged_plugin"


@pytest.fixture(scope="session")
def registry():
    sys.path.insert(0, str(PLUGIN))
    import nasframe_judged

    yield Registry([Plugin("judged", "nasframe-judged", "1.0", lambda: nasframe_judged)])
    sys.path.remove(str(PLUGIN))


@pytest.fixture
def path_of_workers(registry, monkeypatch):
    """The plug-in is not installed; workers find it by the path."""
    path = [str(PLUGIN), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))


class Runs:
    """Begins runs in a folder and reads what they left."""

    def __init__(self, place, registry):
        self.place = place
        self.registry = registry

    def experiment(self, *overrides):
        path = self.place / "exp.yaml"
        path.write_text(
            f"name: exp\nspace: branches\nevaluator: {{type: marks, file: {self.place / 'marks'}}}\nstrategy: dice\n"
            "retrain: null\nrun: {device: cpu, threads: 1}\n"
        )
        return load(path, overrides, self.registry)

    def run(self, name, *overrides):
        return nasframe.run.run(self.experiment(*overrides), self.place / name, registry=self.registry, quiet=True)

    def kill(self, name, finished, *overrides):
        """Begin a run in a process, and kill that when so many evaluations are finished; how many were in the end."""
        import nasframe_judged

        folder = self.place / name
        folder.mkdir()
        (folder / "experiment.yaml").write_text(dump(self.experiment(*overrides).resolved()))
        plugins = [(one.name, one.distribution, one.version, one.load().__name__) for one in self.registry.active]
        context = multiprocessing.get_context("forkserver")
        process = context.Process(target=nasframe_judged.go_on, args=(str(folder), plugins))
        process.start()
        kept = folder / "evaluations.jsonl"
        while process.exitcode is None and (not kept.exists() or kept.read_text().count("\n") < finished):
            process.join(0.001)
        process.kill()
        process.join()
        found = kept.read_text().count("\n")
        assert finished <= found
        return found

    def resume(self, name):
        return nasframe.run.resume(self.place / name, self.registry, quiet=True)

    def events(self, name, kind="evaluated"):
        lines = (self.place / name / "events.jsonl").read_text().splitlines()
        return [event for event in map(json.loads, lines) if event["event"] == kind]

    def history(self, name):
        """What a strategy was told, without times and workers."""
        told = [event["metrics"] for event in self.events(name, "step")]
        keys = ("genotype", "budget", "objectives", "failure", "same_as")
        return told, [{key: event.get(key) for key in keys} for event in self.events(name)]

    def marks(self):
        path = self.place / "marks"
        return path.read_text().splitlines() if path.exists() else []


def write_empty_report(folder):
    """As ``write_report``, in no time."""
    (folder / "report.md").write_text("")
    return read(folder)


@pytest.fixture
def runs(tmp_path, registry, monkeypatch):
    monkeypatch.setattr("nasframe.report.write_report", write_empty_report)
    threads = torch.get_num_threads()
    yield Runs(tmp_path, registry)
    torch.set_num_threads(threads)

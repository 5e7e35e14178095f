"""A stranger's engine evaluates the candidates of a run, and what comes out is what comes of any other."""

import re
import sys
import types
from pathlib import Path

import pytest

from nasframe import Component, DataError, RunError, hookimpl
from nasframe.files.yaml_text import dump
from nasframe.plugin.registry import Plugin, Registry
from nasframe.run.candidates.processes import Processes

FOUR = ("run.outstanding=4", "strategy.samples=12", "cache={reuse: false}")
NEWEST = (*FOUR, "run.engine=newest-first")


def test_a_strangers_engine_has_the_history_of_the_cores(runs):
    runs.run("core", *FOUR)
    asked = runs.marks()
    runs.run("stranger", *NEWEST)
    begun = runs.marks()[len(asked) :]
    assert runs.history("stranger") == runs.history("core")
    assert sorted(begun) == sorted(asked) and begun != asked, "it began with the newest"


def test_the_engine_in_the_documentation_works(runs, registry, monkeypatch):
    page = (Path(__file__).parents[3] / "docs" / "writing-a-plugin.md").read_text()
    (text,) = (block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "(Engine)" in block)
    module = types.ModuleType("documented")
    exec(text, vars(module))
    monkeypatch.setitem(sys.modules, "documented", module)
    module.nasframe_components = hookimpl(lambda: [Component("engine", "in-turn", "documented:InTurn", "shown")])
    runs.registry = Registry([*registry.active, Plugin("documented", "nasframe-documented", "1.0", lambda: module)])
    runs.run("core", *FOUR)
    runs.run("documented", *FOUR, "run.engine=in-turn")
    assert runs.history("documented") == runs.history("core")


def test_it_gets_the_address(runs):
    with pytest.raises(RunError, match="newest-first has its worker here, not at far:away"):
        runs.run("run", *NEWEST, "run.address=far:away")


def test_what_is_not_the_candidates_fault_reaches_the_run(runs):
    with pytest.raises(DataError, match="image 7 is gone"):
        runs.run("run", *NEWEST, "evaluator.wrong=data")


def test_a_run_folder_that_names_the_engine_of_the_core_goes_on(runs):
    experiment = runs.experiment(*FOUR)
    assert {"engine": "process", "address": None}.items() <= experiment.resolved()["run"].items()
    folder = runs.place / "before"
    folder.mkdir()
    (folder / "experiment.yaml").write_text(dump(experiment.resolved()))
    runs.resume("before")
    runs.run("now", *FOUR)
    assert runs.history("before") == runs.history("now")


def test_process_is_the_engine_of_the_core(registry):
    found = registry.get("engine", "process")
    assert (found.value, found.distribution) == (Processes, "nasframe")

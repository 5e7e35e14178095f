"""The engine that the settings of a run name: it is installed, or that is said with its place."""

from pathlib import Path

import pytest
from judged_runs import registry as judged
from judged_runs import runs

from nasframe import Component, ExperimentError, hookimpl
from nasframe.experiment.checking import load
from nasframe.plugin.registry import Plugin, Registry
from nasframe.run.candidates.processes import Processes

__all__ = ["judged", "runs"]


class Strangers:
    """A plug-in whose engine cannot be imported."""

    @hookimpl
    def nasframe_components(self):
        return [Component("engine", "lost", "nasframe_missing:Lost", "gone")]


@pytest.fixture
def registry(judged):
    return Registry([*judged.active, Plugin("lost", "nasframe-lost", "2.0", Strangers)])


def refused(runs, *overrides):
    with pytest.raises(ExperimentError) as caught:
        runs.experiment(*overrides)
    return str(caught.value)


def test_the_engine_is_that_of_the_core_where_none_is_named(runs):
    assert runs.experiment().engine is Processes
    assert runs.experiment("run.engine=process", "run.address=null").engine is Processes


def test_another_is_taken_by_its_name(runs):
    experiment = runs.experiment("run.engine=newest-first")
    assert experiment.engine.name == experiment.run.engine == "newest-first"


def test_an_unknown_engine_is_refused_with_its_place_and_those_that_are_installed(runs):
    path = Path(runs.experiment().source)
    path.write_text(path.read_text().replace("run: {", "run: {engine: cloud, "))
    with pytest.raises(ExperimentError) as caught:
        load(path, registry=runs.registry)
    assert str(caught.value) == (
        f"{path}:6:15: run.engine: no engine is called 'cloud' (installed: lost, newest-first, "
        "process). Install the plug-in that offers it, or take an installed one"
    )


def test_the_nearest_engine_is_suggested(runs):
    assert "no engine is called 'proces'; did you mean 'process'?" in refused(runs, "run.engine=proces")


def test_an_engine_that_cannot_be_imported_is_refused_with_its_plugin(runs):
    assert refused(runs, "run.engine=lost") == (
        "--set run.engine=lost: run.engine: plug-in 'lost' (nasframe-lost 2.0) offers the engine 'lost', but its "
        "target 'nasframe_missing:Lost' cannot be imported: ModuleNotFoundError: No module named 'nasframe_missing'"
    )


def test_a_name_that_is_no_text_is_said_once(runs):
    assert refused(runs, "run.engine=3") == "--set run.engine=3: run.engine: found 3, expected a valid string"


def test_it_is_said_together_with_what_else_is_wrong(runs):
    message = refused(runs, "strategy=dize", "run.engine=cloud")
    assert "2 problems" in message and "no strategy is called 'dize'" in message
    assert "no engine is called 'cloud'" in message


def test_a_strategy_that_proposes_no_candidates_has_no_engine(runs):
    experiment = runs.experiment("strategy=downhill")
    assert experiment.engine is None

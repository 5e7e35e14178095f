"""A strategy that is made of another one: how the experiment names it, and that both run as one."""

import sys

import pytest

from nasframe.errors import ExperimentError
from nasframe.experiment.checking import load
from nasframe.experiment.schema import json_schema
from nasframe.files.yaml_text import dump
from nasframe.plugin.registry import Plugin, Registry

OVER = "strategy={type: wrap, over: {type: dice, samples: 3}}"


@pytest.fixture(scope="module")
def registry(registry):
    """With a wrapping strategy of its own."""
    import types

    from nasframe import Component, hookimpl

    module = types.ModuleType("wraps")
    path = "nasframe_judged_parts:Wrap"
    module.nasframe_components = hookimpl(lambda: [Component("strategy", "wrap", path, "twice what another one asks")])
    judged = sys.modules["nasframe_judged"]
    return Registry(
        [Plugin("judged", "nasframe-judged", "1.0", lambda: judged), Plugin("w", "nasframe-w", "1", lambda: module)]
    )


def test_it_is_written_out_with_the_others_options_and_read_back(runs, registry):
    experiment = runs.experiment(OVER)
    assert experiment.resolved()["strategy"] == {"type": "wrap", "over": {"type": "dice", "samples": 3}}
    path = runs.place / "again.yaml"
    path.write_text(dump(experiment.resolved()))
    assert load(path, (), registry) == experiment
    again = runs.experiment("strategy={type: wrap, over: {type: dice}}", "strategy.over.samples=5")
    assert again.strategy.over.options.samples == 5
    assert runs.experiment("strategy={type: wrap, over: dice}").strategy.over.options.samples == 8


def test_both_run_as_one_and_go_on_where_they_were(runs):
    runs.run("whole", OVER, "run.workers=1", "run.outstanding=2")
    told = runs.events("whole")
    assert [event["budget"] for event in told] == [0.5, 1.0] * 3
    folder = runs.place / "again"
    folder.mkdir()
    (folder / "experiment.yaml").write_text((runs.place / "whole" / "experiment.yaml").read_text())
    runs.resume("again")
    assert runs.history("again") == runs.history("whole")


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        ("{type: wrap}", r"strategy.over: missing; expected a strategy that proposes candidates.*\(dice\)"),
        ("{type: wrap, over: downhill}", r"strategy.over: found 'downhill', expected a strategy .*\(dice\)"),
        ("{type: wrap, over: wrap}", r"strategy.over: found 'wrap', expected"),
        ("{type: wrap, over: {type: dice, sample: 3}}", r"strategy.over.sample: unknown key 'sample'.*'samples'"),
        ("{type: dice, over: dice}", r"strategy.over: unknown key 'over'"),
    ],
)
def test_what_cannot_be_wrapped_is_refused_with_what_can(runs, strategy, message):
    with pytest.raises(ExperimentError, match=message):
        runs.experiment(f"strategy={strategy}")


def test_the_schema_knows_the_key(registry):
    properties = json_schema(registry)["$defs"]["strategy.wrap"]["properties"]
    assert "over" in properties
    assert "over" not in json_schema(registry)["$defs"]["strategy.dice"]["properties"]

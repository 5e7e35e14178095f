"""Every value of an experiment knows where it was written."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from nasframe.cli import main
from nasframe.experiment.checking import load
from nasframe.experiment.experiment import leaves
from nasframe.plugin.registry import Plugin, Registry

TINY = Path(__file__).parents[1] / "data" / "tiny_plugin"
BASE = """\
seed: 3
space:
  type: hard
  layers: 3
evaluator: {type: smooth, data: {root: base}}
strategy: guess
"""
FILE = """\
extends: base.yaml
space: {filters: 8}
evaluator:
  data: {root: own}
retrain:
  space: {filters: 16}
"""


@pytest.fixture
def registry(monkeypatch):
    monkeypatch.syspath_prepend(TINY)
    import nasframe_tiny

    return Registry([Plugin("tiny", "nasframe-tiny", "1.0", lambda: nasframe_tiny)])


@pytest.fixture
def origins(registry, tmp_path, monkeypatch):
    """The origins of an experiment that is written to ``exp.yaml``, beside ``base.yaml``."""
    monkeypatch.chdir(tmp_path)
    Path("base.yaml").write_text(BASE)

    def origins(text=FILE, *overrides):
        Path("exp.yaml").write_text(text)
        return load("exp.yaml", overrides, registry).origins

    return origins


def test_a_value_comes_from_the_file_that_wrote_it_last(origins):
    found = origins()
    assert found["seed"] == "base.yaml:1:7"
    assert found["space.layers"] == "base.yaml:4:11"
    assert found["space.filters"] == "exp.yaml:2:18"
    assert found["evaluator.data.root"] == "exp.yaml:4:16"


def test_a_component_named_without_options_comes_from_its_line(origins):
    assert origins()["strategy.type"] == "base.yaml:6:11"


def test_what_nobody_wrote_is_a_default(origins):
    found = origins()
    assert found["space.rates"] == found["evaluator.data.share"] == found["run.folder"] == found["name"] == "default"


def test_an_override_is_quoted_as_it_was_typed(origins):
    found = origins(FILE, "seed=4", "run.threads=2", "evaluator.data={root: x, share: 0.25}")
    assert found["seed"] == "--set seed=4" and found["run.threads"] == "--set run.threads=2"
    assert found["evaluator.data.share"] == "--set evaluator.data={root: x, share: 0.25}"


def test_retraining_has_its_own_origins_or_those_of_the_search(origins):
    found = origins(FILE, "retrain.evaluator.crop=64")
    assert found["retrain.space.filters"] == "exp.yaml:6:20"
    assert found["retrain.space.layers"] == "base.yaml:4:11"
    assert found["retrain.space.shape"] == "default"
    assert found["retrain.evaluator.crop"] == "--set retrain.evaluator.crop=64"
    assert found["retrain.evaluator.data.root"] == "exp.yaml:4:16"


def test_no_retraining_comes_from_the_line_that_said_so(origins):
    assert origins("extends: base.yaml\nretrain: null\n")["retrain"] == "exp.yaml:2:10"


def test_a_given_list_is_one_value(origins):
    found = origins("extends: base.yaml\nspace: {rates: [1, 2, 4]}\n")
    assert found["space.rates"] == "exp.yaml:2:16"


def test_every_resolved_value_has_an_origin_and_nothing_else_has(registry, origins):
    found = origins()
    assert list(found) == list(leaves(load("exp.yaml", (), registry).resolved()))


def test_experiments_are_equal_wherever_they_were_written(registry, origins):
    origins("extends: base.yaml\nspace: {filters: 8}\n")
    one = load("exp.yaml", (), registry)
    other = load("base.yaml", ["space.filters=8", "name=exp"], registry)
    assert one == other and one.origins != other.origins


def test_leaves_are_the_values_under_dotted_paths():
    assert leaves({"a": {"b": 1, "c": {}}, "d": [{"e": 2}], "f": None}) == {
        "a.b": 1,
        "a.c": {},
        "d": [{"e": 2}],
        "f": None,
    }


def test_check_prints_each_value_with_its_origin(registry, origins, tmp_path):
    origins()
    done = CliRunner().invoke(main, ["check", "exp.yaml", "--origins", "--set", "seed=4"], obj=registry)
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert "seed = 4  (--set seed=4)" in lines
    assert "space.filters = 8  (exp.yaml:2:18)" in lines
    assert "space.rates = [1, 2]  (default)" in lines
    assert lines[-1].startswith("OK: exp: ")

"""An experiment file says exactly what is run, and whatever is wrong in it is said with its place."""

import re

import pytest
import yaml

from nasframe import Component, hookimpl
from nasframe.errors import CapabilityError, PluginError
from nasframe.experiment.checking import load
from nasframe.files.yaml_text import dump
from nasframe.plugin.registry import Plugin, Registry

GOOD = """\
space:
  type: hard
  layers: 3
evaluator: {type: tabular}
strategy:
  type: guess
"""


def test_a_good_file_gives_parts_with_options_and_origin(registry, write):
    experiment = load(write(GOOD), registry=registry)
    assert (experiment.name, experiment.seed, experiment.source) == ("exp", 0, "exp.yaml")
    assert (experiment.space.options.layers, experiment.space.options.filters) == (3, 4)
    assert (experiment.strategy.distribution, experiment.strategy.version) == ("nasframe-tiny", "1.0")
    assert experiment.strategy.cls.name == "guess"
    assert experiment.retrain.space.options == experiment.space.options
    assert experiment.run.folder == "runs"


def test_every_error_is_reported_at_once_with_place_and_path(errors):
    text = """\
seed: -1
sead: 3
space:
  type: hard
  layres: 3
  filters: 1.5
  shape: wiide
evaluator:
  type: tabular
  crop: "ten"
strategy:
  type: guss
run:
  checkpoint_minutes: -1
retrain:
  evaluator: {crops: 64, crop: 4}
  strategy: {}
"""
    assert errors(text) == [
        "exp.yaml:1:7: seed: found -1, expected greater than or equal to 0",
        "exp.yaml:2:1: sead: unknown key 'sead'; did you mean 'seed'? "
        "(known: cache, constraints, evaluator, extends, finalists, genotype, ledger, name, objectives, prune, "
        "retrain, run, seed, space, strategy)",
        "exp.yaml:5:3: space.layres: unknown key 'layres'; did you mean 'layers'? "
        "(known: filters, layers, rates, shape)",
        "exp.yaml:6:12: space.filters: found 1.5, expected a valid integer",
        "exp.yaml:7:10: space.shape: found 'wiide', expected 'wide' or 'deep'; did you mean 'wide'?",
        "exp.yaml:10:9: evaluator.crop: found 'ten', expected a valid integer",
        "exp.yaml:12:9: strategy.type: no strategy is called 'guss'; did you mean 'guess'? "
        "(installed: gradient, guess)",
        "exp.yaml:14:23: run.checkpoint_minutes: found -1, expected greater than or equal to 0",
        "exp.yaml:16:15: retrain.evaluator.crops: unknown key 'crops'; did you mean 'crop'? (known: crop, rows)",
        "exp.yaml:16:32: retrain.evaluator.crop: found 4, expected greater than or equal to 8",
        "exp.yaml:17:3: retrain.strategy: unknown key 'strategy' (known: evaluator, space, weights)",
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("layers: '3'", "found '3', expected a valid integer"),
        ("layers: true", "found true, expected a valid integer"),
        ("layers: 1e1", "found 10.0, expected a valid integer; write 10"),
        ("layers:", "found null, expected a valid integer"),
        ("rates: [1, x]", "found 'x', expected a valid integer"),
        ("rates: 3", "found 3, expected a valid list"),
    ],
)
def test_types_are_strict(errors, line, message):
    found = errors(GOOD.replace("layers: 3", line))
    assert len(found) == 1
    assert found[0].endswith(message)


def test_a_union_of_types_is_one_error(errors):
    text = GOOD.replace("{type: tabular}", "{type: tabular, rows: al}")
    assert errors(text) == [
        "exp.yaml:4:34: evaluator.rows: found 'al', expected a valid integer or 'all'; did you mean 'all'?"
    ]


def test_nested_options_have_their_own_keys_and_places(errors):
    text = GOOD.replace("{type: tabular}", "\n  type: smooth\n  data:\n    rot: x\n    share: 2")
    assert errors(text) == [
        "exp.yaml:7:5: evaluator.data.root: missing; expected Folder of the images.",
        "exp.yaml:7:5: evaluator.data.rot: unknown key 'rot'; did you mean 'root'? (known: root, share)",
        "exp.yaml:8:12: evaluator.data.share: found 2, expected less than or equal to 1",
    ]


def test_sections_that_are_missing_or_no_mapping_are_named(errors):
    assert errors("space: [hard]\nevaluator: {tpye: tabular}\nretrain: 3\nrun: x") == [
        "exp.yaml:1:1: strategy: missing; expected a mapping with the key 'type' (one of gradient, guess)",
        "exp.yaml:1:8: space: found [\"hard\"], expected a mapping with the key 'type' (one of hard, soft)",
        "exp.yaml:2:1: evaluator: missing the key 'type', one of smooth, tabular; did you mean 'type' by 'tpye'?",
        "exp.yaml:3:10: retrain: found 3, expected a mapping",
        "exp.yaml:4:6: run: found 'x', expected a mapping",
    ]


def test_retraining_is_the_search_with_overrides_or_nothing(registry, write):
    experiment = load(write(GOOD + "retrain: {space: {filters: 20}, evaluator: }"), registry=registry)
    assert (experiment.retrain.space.options.layers, experiment.retrain.space.options.filters) == (3, 20)
    assert experiment.space.options.filters == 4
    assert load(write(GOOD + "retrain: null"), registry=registry).retrain is None


def test_retraining_may_not_change_the_type(errors):
    assert errors(GOOD + "retrain: {space: {type: soft}}") == [
        "exp.yaml:7:25: retrain.space.type: found 'soft', but retraining uses the search's 'hard'; remove this key"
    ]


def test_a_wrong_option_of_the_search_is_not_reported_for_retraining_again(errors):
    text = GOOD.replace("layers: 3", "layers: 0") + "retrain: {space: {filters: 8}}"
    assert errors(text) == ["exp.yaml:3:11: space.layers: found 0, expected greater than or equal to 1"]


def test_partners_that_cannot_work_together_are_refused_with_the_way_out(errors):
    text = GOOD.replace("guess", "gradient").replace("hard", "soft")
    assert errors(text, kind=CapabilityError) == [
        "exp.yaml:6:9: strategy.type: strategy 'gradient' needs an evaluator that offers batches(), epoch_steps(), "
        "loss(), measure() (Differentiable); evaluator 'tabular' does not. Installed evaluators that do: smooth. "
        "Strategies that this evaluator can serve: guess."
    ]


def test_a_refusal_stands_beside_other_errors(errors):
    text = GOOD.replace("guess", "gradient\n  epochs: 0")
    found = errors(text)
    assert len(found) == 3
    assert "needs a space that offers relax() (Relaxable); space 'hard' does not" in found[0]
    assert "Installed spaces that do: soft" in found[0]


def test_clashing_components_stop_every_check(registry, write):
    import types

    module = types.ModuleType("clashing")
    component = Component("space", "soft", "nasframe_tiny_parts:Soft", "again")
    module.nasframe_components = hookimpl(lambda: [component], specname="nasframe_components")
    both = Registry(
        [Plugin("tiny", "a", "1", lambda: __import__("nasframe_tiny")), Plugin("x", "b", "2", lambda: module)]
    )
    with pytest.raises(PluginError, match=re.escape("offered by plug-in 'tiny' (a 1) and plug-in 'x' (b 2)")):
        load(write(GOOD), registry=both)


@pytest.mark.parametrize("name", ["../x", "a/b", ".x", "''", '"a\\nb"'])
def test_a_name_must_be_able_to_be_a_folder(errors, name):
    assert "name: found" in errors(GOOD + f"name: {name}")[0]


@pytest.mark.parametrize("root", ["1e-3", "a${b}", "2024-01-01", "no"])
@pytest.mark.parametrize("retrain", ["null", "{}"])
def test_the_resolved_experiment_is_a_file_of_an_equal_one(registry, write, root, retrain):
    text = f"""\
seed: 3
space: {{type: soft, layers: 3, rates: [2]}}
evaluator: {{type: smooth, data: {{root: '{root.replace("${", "$${")}'}}}}
strategy: {{type: gradient, warmup: 1e-5}}
retrain: {retrain}
"""
    experiment = load(write(text), registry=registry)
    again = load(write(dump(experiment.resolved()), "again.yaml"), registry=registry)
    assert again == experiment
    assert again.resolved() == experiment.resolved()
    assert again.evaluator.options.data.root == root
    assert yaml.safe_load(dump(experiment.resolved()))["space"] == {
        "type": "soft",
        "layers": 3,
        "filters": 4,
        "shape": "wide",
        "rates": [2],
    }

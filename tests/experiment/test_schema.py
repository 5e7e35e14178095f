"""The JSON Schema and the commented file say what the checker says."""

import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from nasframe.errors import CapabilityError, PluginError
from nasframe.experiment.checking import load
from nasframe.experiment.run_options import RunOptions
from nasframe.experiment.schema import json_schema
from nasframe.experiment.template import choose_parts, experiment_text, placeholder
from nasframe.plugin.registry import Plugin, Registry

TINY = Path(__file__).parents[1] / "data" / "tiny_plugin"
EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))
GOOD = "space: {type: hard}\nevaluator: {type: smooth, data: {root: x}}\nstrategy: {type: guess, steps: 3}\n"


@pytest.fixture
def registry(monkeypatch):
    monkeypatch.syspath_prepend(TINY)
    import nasframe_tiny

    return Registry([Plugin("tiny", "nasframe-tiny", "1.0", lambda: nasframe_tiny)])


@pytest.fixture
def validator(registry):
    schema = json_schema(registry)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD + "retrain: null\nrun:\n",
        GOOD + "name: x\nseed: 4\nrun: {device: cpu, threads: null}\nretrain: {space: {filters: 3}, evaluator: }",
        GOOD.replace("steps: 3", "steps: '${STEPS}'"),
        GOOD.replace("{type: guess, steps: 3}", "guess"),
        "extends: [a.yaml, b.yaml]\nspace: {layers: 3}",
    ],
)
def test_good_files_validate(validator, text):
    validator.validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (GOOD + "sead: 3", []),
        (GOOD + "seed: -3", ["seed"]),
        (GOOD.replace("steps", "stepz"), ["strategy"]),
        (GOOD.replace("steps: 3", "steps: 0"), ["strategy", "steps"]),
        (GOOD.replace("{root: x}", "{}"), ["evaluator", "data"]),
        (GOOD.replace(", data: {root: x}", ""), ["evaluator"]),
        (GOOD.replace("type: hard", "type: hrad"), ["space", "type"]),
        (GOOD.replace("type: hard", "layers: 2"), ["space"]),
        (GOOD.replace("guess, steps: 3", "gradient, steps: 3"), ["strategy"]),
        (GOOD + "retrain: {space: {filter: 3}}", ["retrain", "space"]),
        (GOOD + "retrain: {strategy: {}}", ["retrain"]),
        (GOOD + "run: {foldr: x}", ["run"]),
        ("space: {type: hard}", []),
        ("extends: 3", ["extends"]),
    ],
)
def test_wrong_files_do_not_validate_at_the_place_of_the_fault(validator, text, path):
    errors = list(validator.iter_errors(yaml.safe_load(text)))
    assert errors
    assert all(list(error.absolute_path)[: len(path)] == path for error in errors), errors


def test_an_engine_is_one_of_those_that_are_installed(validator):
    validator.validate(yaml.safe_load(GOOD + "run: {engine: process}"))
    validator.validate(yaml.safe_load(GOOD + "run: {engine: '${ENGINE}'}"))
    errors = list(validator.iter_errors(yaml.safe_load(GOOD + "run: {engine: proces}")))
    assert errors and all("proces" in error.message for error in errors)


def test_keys_of_a_files_own_validate_at_the_top_alone(validator):
    validator.validate(yaml.safe_load(GOOD + "x-own: {a: 1}"))
    assert list(validator.iter_errors(yaml.safe_load(GOOD + "run: {x-own: 1}")))


def test_fields_carry_their_documentation_and_default(registry):
    properties = json_schema(registry)["$defs"]["space.hard"]["properties"]
    assert properties["filters"]["description"] == "Channels of every layer."
    assert properties["filters"]["default"] == 4
    assert properties["type"] == {"const": "hard", "description": "a space that cannot"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_validate(path):
    jsonschema.Draft202012Validator(json_schema(Registry.discover())).validate(yaml.safe_load(path.read_text()))


@pytest.mark.parametrize("space", ["hard", "soft"])
@pytest.mark.parametrize("evaluator", ["smooth", "tabular"])
def test_a_new_experiment_passes_the_check_and_says_everything(registry, tmp_path, space, evaluator):
    parts = choose_parts(registry, {"space": space, "evaluator": evaluator, "strategy": "guess"})
    text = experiment_text(parts, "mine")
    (tmp_path / "mine.yaml").write_text(text)
    experiment = load(tmp_path / "mine.yaml", registry=registry)
    assert experiment.run == RunOptions()
    assert experiment.space.options == experiment.space.cls.Options()
    assert "  # Channels of every layer. [>= 1]\n  filters: 4\n" in text
    assert "[one of wide, deep]" in text
    assert ("    # REQUIRED, change this: Folder of the images.\n    root: CHANGE-ME\n" in text) == (
        evaluator == "smooth"
    )


def test_a_new_experiment_takes_the_first_partners_that_fit(registry):
    chosen = choose_parts(registry, {"space": None, "evaluator": None, "strategy": "gradient"})
    assert [part.component.name for part in chosen] == ["soft", "smooth", "gradient"]


def test_a_new_experiment_of_parts_that_do_not_fit_is_refused(registry):
    with pytest.raises(CapabilityError, match="needs a space"):
        choose_parts(registry, {"space": "hard", "evaluator": None, "strategy": "gradient"})
    with pytest.raises(PluginError, match="did you mean 'hard'"):
        choose_parts(registry, {"space": "hrad", "evaluator": None, "strategy": None})


@pytest.mark.parametrize(
    "spec",
    [
        {"type": "integer", "exclusiveMinimum": 3},
        {"type": "integer", "maximum": 0},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.1},
        {"type": "number", "exclusiveMaximum": -1},
        {"type": "boolean"},
        {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "minItems": 2},
        {"type": "array", "items": {"type": "number", "minimum": 2}, "minItems": 2},
        {"anyOf": [{"type": "string", "minLength": 1}, {"type": "null"}]},
        {"enum": ["a", "b"]},
        {"type": "null"},
    ],
    ids=str,
)
def test_a_placeholder_is_allowed_by_its_schema(spec):
    jsonschema.validate(placeholder(spec, {}), spec)


def test_no_run_option_is_without_documentation(registry):
    for line, following in zip(text := run_section(registry), text[1:], strict=False):
        if re.match(r"  \w+:", following):
            assert line.startswith("  #")


def run_section(registry):
    parts = choose_parts(registry, {"space": None, "evaluator": None, "strategy": None})
    return experiment_text(parts, "x").partition("\nrun:\n")[2].splitlines()

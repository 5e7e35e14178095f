"""The memory of a step is predicted without data, and found when the step is done."""

import json

import pytest
from click.testing import CliRunner

from nasframe.cli import main
from nasframe.plugin.registry import Registry


@pytest.fixture
def invoke():
    registry = Registry.discover()
    return lambda *words: CliRunner().invoke(
        main, ["supernet", *words, "--classes", "5", "--size", "33x33"], obj=registry
    )


SMALL = ("layers=1", "levels=2", "blocks=1", "filters=2", "operations=[skip,sep_3x3]", "sep_repeats=1")


def test_the_command_predicts_for_a_space_and_for_an_experiment(invoke, tmp_path):
    overrides = [word for text in SMALL for word in ("--set", text)]
    plain = json.loads(invoke("autodeeplab", "--batch", "1", *overrides, "--format", "json").stdout)
    assert plain["space"] == "autodeeplab" and plain["arch_params"] == 2 * 2 + 3
    memory = plain["memory"]
    assert memory["weights"] >= 4 * plain["params"] and memory["step"] > memory["weights"] + memory["activations"]
    options = ", ".join(text.replace("=", ": ") for text in SMALL)
    (tmp_path / "x.yaml").write_text(
        f"name: x\nspace: {{type: autodeeplab, {options}}}\nevaluator: {{type: streets}}\nstrategy: {{type: darts}}\n"
    )
    file = invoke(str(tmp_path / "x.yaml"), "--batch", "1", "--format", "json")
    assert json.loads(file.stdout) == plain
    shown = invoke("autodeeplab", "--batch", "1", *overrides).stdout
    assert "kept for the backward pass" in shown and f"{plain['params']:,}: " in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("autodeeplub",), "did you mean 'autodeeplab'?"),
        (("macro",), "the space 'macro' has no supernet: it is not Relaxable. Installed spaces that are: autodeeplab"),
        (("autodeeplab", "--set", "layer=3"), "unknown key 'layer'; did you mean 'layers'?"),
    ],
)
def test_what_has_no_supernet_is_refused(invoke, words, message):
    result = invoke(*words)
    assert (result.exit_code, message in result.stderr) == (2, True), result.stderr

"""Experiments on drawn data in CIFAR's format: checked, planned and run whole."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from nasframe.cli import main

EXAMPLES = Path(__file__).parents[3] / "examples"
EXAMPLE = EXAMPLES / "darts_cifar10.yaml"
SYSTEMS = ("darts", "nasnet", "pnas", "amoebanet")
SMALL = [
    *("--set", "space.cells=3", "--set", "space.filters=2", "--set", "evaluator.batch=8"),
    *("--set", "evaluator.val=0.2", "--set", "evaluator.training.epochs=1", "--set", "run.threads=1"),
    *("--set", "strategy.steps=2", "--set", "strategy.order=first"),
    *("--set", "retrain.space={cells: 3, filters: 2, auxiliary: true}"),
    *("--set", "retrain.evaluator={batch: 8, training: {epochs: 1}}"),
]


@pytest.fixture
def invoke(cifar10, monkeypatch):
    monkeypatch.setenv("CIFAR", str(cifar10.parent))

    def invoke(*words):
        result = CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    return invoke


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_papers_settings_are_checked_on_drawn_data(invoke, system):
    assert invoke("check", EXAMPLES / f"{system}_cifar10.yaml").startswith(f"OK: {system}_cifar10")


def test_an_example_is_planned_on_drawn_data(invoke):
    said = invoke("plan", EXAMPLE, *SMALL)
    assert "search" in said and "retrain" in said


def test_a_run_reports_the_error_of_the_test_batch_and_draws_mistakes(invoke, tmp_path):
    folder = tmp_path / "run"
    invoke("run", EXAMPLE, *SMALL, "--into", folder)
    metrics = json.loads((folder / "retrain" / "metrics.json").read_text())
    held_out = metrics["holdout"]["metrics"]
    assert held_out["images"] == 10 and held_out["error"] == pytest.approx(1 - held_out["accuracy"])
    report = (folder / "report.md").read_text()
    assert "confusion" in report and "train has 50 images, and cifar10 as it is published 50,000" in report
    assert len(list((folder / "retrain" / "pictures").glob("*.png"))) > 1
    assert '"score"' in invoke("evaluate", folder, "--split", "holdout", "--mirror", "--format", "json")

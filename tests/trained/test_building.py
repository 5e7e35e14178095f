"""A trained network, found in a run's folder, checked and loaded."""

import json
import sys
import types

import numpy as np
import pytest
import torch
from click.testing import CliRunner

import nasframe
from nasframe import ExperimentError, FileError, GenotypeError, RunFolderError
from nasframe.cli import main
from nasframe.experiment.checking import load
from nasframe.genotype import sample
from nasframe.plugin.registry import Plugin, Registry
from nasframe.run import run
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe.trained.building import build_network, load_trained
from nasframe.trained.finding import find_saved

EXPERIMENT = """
name: small
seed: 3
space: {type: tiny-chain, layers: 3}
evaluator: {type: tiny-pixels, images: 2}
strategy: {type: one}
retrain:
  space: {layers: 3}
  evaluator: {images: 6}
run: {device: cpu}
"""


class One(nasframe.Strategy):
    name = "one"

    def __init__(self, problem, options):
        self.space, self.steps = problem.space, 1

    def step(self, index, rng):
        return {}

    def best(self):
        return sample(self.space, np.random.default_rng(0))

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass


@pytest.fixture(scope="module")
def registry():
    module = types.ModuleType("trained_parts")
    module.TinySpace, module.TinyEvaluator, module.One = TinySpace, TinyEvaluator, One
    components = [
        nasframe.Component("space", "tiny-chain", "trained_parts:TinySpace", "a chain"),
        nasframe.Component("evaluator", "tiny-pixels", "trained_parts:TinyEvaluator", "pixels"),
        nasframe.Component("strategy", "one", "trained_parts:One", "one genotype"),
    ]
    module.components = nasframe.hookimpl(lambda: components, specname="nasframe_components")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setitem(sys.modules, "trained_parts", module)
        yield Registry([Plugin("parts", "parts", "1.0", lambda: module)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory, registry):
    place = tmp_path_factory.mktemp("runs")
    (place / "small.yaml").write_text(EXPERIMENT)
    return run(load(place / "small.yaml", registry=registry), place / "run", quiet=True)


def test_the_network_is_the_one_that_was_trained(folder, registry):
    trained = load_trained(folder, registry)
    weights = torch.load(folder / "retrain" / "weights.pt", weights_only=True)
    assert all(torch.equal(weights[name], tensor) for name, tensor in trained.network.state_dict().items())
    assert not trained.network.training
    assert trained.problem.evaluator.options.images == 6, "of the retraining, not of the search"
    assert (trained.genotype, trained.record.options) == (trained.record.genotype, {"layers": 3})
    assert (trained.problem.runtime.seed, trained.problem.runtime.device) == (3, "cpu")


def test_overrides_change_the_evaluator_and_the_run_in_their_order(folder, registry):
    overrides = ["evaluator.size=16", "evaluator.size=12", "run.threads=1"]
    trained = load_trained(folder, registry, overrides)
    assert trained.problem.evaluator.options.size == 12
    assert trained.problem.evaluator.options.images == 6
    assert trained.saved.run.threads == 1


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("evaluator.imges=2", "--set evaluator.imges=2: evaluator.imges: unknown key 'imges'; did you mean 'images'?"),
        ("strategy.steps=2", "--set strategy.steps=2: strategy: unknown key 'strategy' (known: evaluator, run, space)"),
        ("run.device=warp", "run.device is 'warp', which cannot be used here"),
    ],
)
def test_wrong_overrides_are_refused_with_their_place(folder, registry, override, words):
    with pytest.raises(ExperimentError) as error:
        load_trained(folder, registry, [override])
    assert words in str(error.value)


def test_weights_of_another_network_are_refused_with_the_names(folder, registry, tmp_path):
    weights = torch.load(folder / "retrain" / "weights.pt", weights_only=True)
    first, *_, last = weights
    changed = {name: tensor for name, tensor in weights.items() if name != first}
    torch.save({**changed, "mine": torch.zeros(1), last: torch.zeros(5)}, tmp_path / "other.pt")
    saved = find_saved(folder, registry, weights=tmp_path / "other.pt")
    with pytest.raises(FileError) as error:
        build_network(saved, TinyEvaluator().task)
    assert f"1 missing: {first}; 1 unknown: mine; 1 of another shape: {last} (5 instead of 2)" in str(error.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "cannot be read as weights"),
        (b"nasframe checkpoint 1\n{}\n", "cannot be read as weights"),
        ([1, 2], "holds a list; expected tensors by name"),
    ],
)
def test_a_file_that_holds_no_weights_is_refused(folder, registry, tmp_path, content, words):
    path = tmp_path / "other.pt"
    path.write_bytes(content) if isinstance(content, bytes) else torch.save(content, path)
    with pytest.raises(FileError, match=words):
        build_network(find_saved(folder, registry, weights=path), TinyEvaluator().task)


def test_a_run_without_a_retrained_network_says_its_state_and_the_way_on(tmp_path, registry):
    (tmp_path / "small.yaml").write_text(EXPERIMENT)
    experiment = load(tmp_path / "small.yaml", ["retrain=null"], registry)
    folder = run(experiment, tmp_path / "run", quiet=True)
    with pytest.raises(RunFolderError) as error:
        load_trained(folder, registry)
    assert "there is no retrain/genotype.yaml (the run's state: done)" in str(error.value)
    assert f"'nasframe run --resume {folder}'" in str(error.value)


def test_a_place_that_is_no_run_is_named(tmp_path, registry):
    with pytest.raises(RunFolderError, match=r"gone is no run folder: it does not exist\..*, or an experiment file"):
        load_trained(tmp_path / "gone", registry)
    with pytest.raises(RunFolderError, match="is no run folder: it is empty"):
        load_trained(tmp_path, registry)


def test_an_experiment_file_needs_a_genotype_and_weights(folder, registry):
    file, retrained = folder / "experiment.yaml", folder / "retrain"
    with pytest.raises(RunFolderError, match=r"which holds no trained network.*\(--genotype is missing\)"):
        find_saved(file, registry)
    with pytest.raises(RunFolderError, match=r"\(--weights is missing\)"):
        find_saved(file, registry, genotype=retrained / "genotype.yaml")
    saved = find_saved(file, registry, genotype=retrained / "genotype.yaml", weights=retrained / "weights.pt")
    assert build_network(saved, TinyEvaluator().task)(torch.zeros(1, 3, 5, 5)).shape == (1, 2, 5, 5)


def test_a_genotype_that_is_not_legal_is_refused_with_its_file(folder, registry, tmp_path):
    text = (folder / "retrain" / "genotype.yaml").read_text()
    (tmp_path / "mine.yaml").write_text(text.replace("layers: 3", "layers: 4"))
    with pytest.raises(GenotypeError, match=r"mine\.yaml: "):
        find_saved(folder, registry, genotype=tmp_path / "mine.yaml")


@pytest.fixture
def invoke(registry):
    """Runs a command with the plug-in of these tests."""
    return lambda *words: CliRunner().invoke(main, list(map(str, words)), obj=registry)


def test_evaluate_measures_with_any_evaluator_that_can(folder, invoke, tmp_path):
    metrics = json.loads((folder / "retrain" / "metrics.json").read_text())
    result = invoke("evaluate", folder, "--format", "json", "--output", tmp_path / "out")
    assert json.loads(result.stdout)["score"] == metrics["score"]
    assert json.loads((tmp_path / "out" / "evaluation.json").read_text()) == json.loads(result.stdout)
    again = invoke("evaluate", folder, "--output", tmp_path / "out")
    assert (again.exit_code, "exists already" in again.stderr) == (2, True)
    assert "accuracy" in invoke("evaluate", folder, "--output", tmp_path / "out", "--force").stdout


def test_a_faster_form_of_the_network_scores_the_same_and_is_named(folder, invoke):
    plain = json.loads(invoke("evaluate", folder, "--format", "json").stdout)
    result = invoke("evaluate", folder, "--fold-batch-norm", "--channels-last", "--format", "json")
    assert json.loads(result.stdout) == {**plain, "speedups": ["fold batch norm", "channels last"]}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("evaluate", "--mirror"), "--scales or --mirror needs an evaluator that is Inferring; 'tiny-pixels', which"),
        (("evaluate", "--split", "train"), "needs an evaluator that is Inferring"),
        (("predict", "--split", "val", "--output", "x"), "predict needs an evaluator that is Predicting"),
        (("predict", "--output", "x"), "give either --images or --split"),
        (("predict", "--images", "gone.png", "--output", "x"), "gone.png does not exist"),
        (("evaluate", "--window", "3by4"), "'3by4'; expected HEIGHT,WIDTH in pixels"),
        (("evaluate", "--window", "8", "--stride", "9,8"), "the stride 9x8 is larger than the window 8x8"),
        (("evaluate", "--scales", "0.5;1"), "'0.5;1'; expected numbers, like 0.5,0.75,1"),
        (("evaluate", "--onnx", __file__, "--channels-last"), "--onnx measures a file, which cannot be changed"),
        (("evaluate", "--scales", "0"), "expected one or more numbers above 0"),
        (("evaluate", "--set", "evaluator.x=1"), "--set evaluator.x=1: evaluator.x: unknown key 'x'"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason(folder, invoke, words, message):
    result = invoke(words[0], folder, *words[1:])
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in " ".join(result.stderr.split())

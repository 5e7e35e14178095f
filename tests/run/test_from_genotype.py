"""Retraining a genotype in a run of its own: a run's, a file's, a published one."""

import json
import types
from pathlib import Path

import pytest
import torch
import yaml
from click.testing import CliRunner

import nasframe
from nasframe import Component, ExperimentError, GenotypeError, GenotypeRecord, NasframeError, RunError, RunFolderError
from nasframe.cli.root import main
from nasframe.experiment.checking import load
from nasframe.genotype import Genotype
from nasframe.plugin.registry import Plugin, Registry
from nasframe.run import resume, run
from nasframe.run.from_genotype import from_genotype
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe.trained.building import build_trained
from nasframe.trained.finding import find_saved

EXPERIMENT = """
name: small
seed: 3
space: {type: tiny-chain}
evaluator: {type: tiny-pixels, images: 6, training: {steps: 3}}
strategy: {type: exhaustive-first}
retrain: {evaluator: {training: {steps: 2}}}
run: {device: cpu}
"""
BEST = Genotype("tiny-chain", (("layer0", "tanh"), ("layer1", "softplus"), ("layer2", "tanh")))
PUBLISHED = GenotypeRecord(BEST, {"layers": 3}, "a paper")
PARTS = types.ModuleType("retraining_parts")


class First(nasframe.AskTell):
    """Asks for one genotype twice."""

    name = "exhaustive-first"

    def __init__(self, problem, options):
        super().__init__(problem, options, steps=2, budget=0.1)

    def ask(self, rng):
        return Genotype("tiny-chain", (("layer0", "tanh"), ("layer1", "identity")))


@pytest.fixture
def registry(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "retraining_parts", PARTS)
    vars(PARTS).update(First=First, PUBLISHED=PUBLISHED, TinySpace=TinySpace, TinyEvaluator=TinyEvaluator)
    components = (
        Component("space", "tiny-chain", "retraining_parts:TinySpace", "x"),
        Component("evaluator", "tiny-pixels", "retraining_parts:TinyEvaluator", "x"),
        Component("strategy", "exhaustive-first", "retraining_parts:First", "x"),
        Component("genotype", "known", "retraining_parts:PUBLISHED", "x"),
    )
    module = types.ModuleType("plugin")
    module.nasframe_components = nasframe.hookimpl(lambda: components)
    return Registry([Plugin("p", "nasframe-p", "1", lambda: module)])


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(EXPERIMENT)
    return path


@pytest.fixture
def searched(tmp_path, recipe, registry):
    return run(load(recipe, registry=registry), tmp_path / "searched", registry=registry, quiet=True)


def events(folder):
    lines = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    return [line["event"] for line in lines if line["event"] != "step"]


def weights(folder):
    return torch.load(folder / "retrain" / "weights.pt", weights_only=True)


def test_a_runs_genotype_is_trained_again_in_a_run_of_its_own(tmp_path, searched, registry):
    experiment = from_genotype(str(searched), registry, overrides=["evaluator.training.steps=5", "seed=8"])
    assert (experiment.name, experiment.seed, experiment.strategy) == ("small-retrained", 8, None)
    folder = run(experiment, tmp_path / "again", registry=registry, quiet=True)
    assert events(folder) == ["genotype", "started", "checkpoint", "checkpoint", "evaluation", "finished"]
    assert (folder / "genotype.yaml").read_text().count("tanh") == 1
    saved = find_saved(folder, registry)
    assert saved.record.genotype.answers == {"layer0": "tanh", "layer1": "identity"}
    assert build_trained(saved).network(torch.zeros(1, 3, 8, 8)).shape == (1, 2, 8, 8)
    assert "# small-retrained" in (folder / "report.md").read_text()


def test_retraining_a_run_with_its_own_recipe_gives_its_own_weights(tmp_path, searched, registry):
    folder = run(from_genotype(str(searched), registry), tmp_path / "again", registry=registry, quiet=True)
    before, after = weights(searched), weights(folder)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_the_written_experiment_of_a_retraining_is_the_experiment(searched, registry, tmp_path):
    experiment = from_genotype(str(searched), registry)
    path = tmp_path / "resolved.yaml"
    path.write_text(yaml.safe_dump(experiment.resolved(), sort_keys=False))
    assert load(path, registry=registry).resolved() == experiment.resolved()


def test_a_published_genotype_is_trained_by_an_experiments_evaluator_in_its_own_space(tmp_path, recipe, registry):
    experiment = from_genotype("known", registry, recipe=recipe)
    folder = run(experiment, tmp_path / "known", registry=registry, quiet=True)
    written = yaml.safe_load((folder / "retrain" / "genotype.yaml").read_text())
    assert (written["options"], written["source"]) == ({"layers": 3}, "a paper")
    assert experiment.retrain.evaluator.options.training.steps == 2


def test_a_genotype_file_is_trained_by_an_experiments_evaluator(tmp_path, recipe, registry, monkeypatch):
    file = tmp_path / "genotypes" / "mine.yaml"
    file.parent.mkdir()
    file.write_text(yaml.safe_dump({**BEST.to_dict(), "options": {"layers": 3}}))
    assert from_genotype(str(file), registry, recipe=recipe).genotype.genotype == BEST
    monkeypatch.chdir(file.parent)
    assert from_genotype("mine.yaml", registry, recipe=recipe.absolute()).genotype.genotype == BEST


def test_the_genotype_of_one_run_is_trained_by_the_recipe_of_another(searched, recipe, registry):
    recipe.write_text(EXPERIMENT.replace("tiny-chain}", "tiny-chain, layers: 5}").replace("steps: 2", "steps: 9"))
    experiment = from_genotype(str(searched), registry, recipe=recipe)
    assert experiment.retrain.evaluator.options.training.steps == 9
    assert experiment.genotype.genotype["layer1"] == "identity"


@pytest.mark.parametrize(
    ("source", "with_recipe", "overrides", "error", "words"),
    [
        ("known", False, [], ExperimentError, "is no run's folder.*--experiment FILE"),
        ("unknown", True, [], GenotypeError, "'unknown', which is no file .* no published genotype .known: known."),
        ("known", True, ["space.layers=2"], ExperimentError, "never asks: 'layer2'"),
        ("known", True, ["evaluator.sise=2"], ExperimentError, "unknown key 'sise'; did you mean 'size'"),
        ("known", True, ["strategy=exhaustive-first"], ExperimentError, "strategy: found beside the key 'genotype'"),
        ("known", True, ["retrain=null"], ExperimentError, "retrain: found null beside the key 'genotype'"),
        ("known", True, ["space.type=other"], ExperimentError, "found 'other', but the genotype is of 'tiny-chain'"),
    ],
)
def test_what_cannot_be_retrained_is_said_before_anything_is_run(
    recipe, registry, source, with_recipe, overrides, error, words
):
    with pytest.raises(error, match=words):
        from_genotype(source, registry, recipe=recipe if with_recipe else None, overrides=overrides)


def test_a_run_without_a_genotype_cannot_be_retrained(tmp_path, recipe, registry):
    folder = tmp_path / "young"
    folder.mkdir()
    with pytest.raises(RunFolderError, match="young is no run folder: it is empty"):
        from_genotype(str(folder), registry)
    (folder / "experiment.yaml").write_text(EXPERIMENT)
    with pytest.raises(RunFolderError, match=r"young has found no genotype yet.*--resume"):
        from_genotype(str(folder), registry)


def test_an_experiment_file_may_give_its_genotype_itself(tmp_path, recipe, registry):
    given = tmp_path / "given.yaml"
    given.write_text("genotype: known\nevaluator: {type: tiny-pixels}\n")
    experiment = load(given, registry=registry)
    assert experiment.space.options.layers == 3 and experiment.strategy is None
    given.write_text("genotype: 3\nevaluator: {type: tiny-pixels}\n")
    with pytest.raises(ExperimentError, match=r"given\.yaml:1:11: genotype: found 3, expected a name, a file"):
        load(given, registry=registry)


def test_a_retraining_that_was_stopped_goes_on_to_the_same_weights(tmp_path, searched, registry):
    experiment = from_genotype(
        str(searched),
        registry,
        overrides=["run.checkpoint_minutes=0", "run.keep_checkpoints=100", "evaluator.training.steps=6"],
    )
    whole = run(experiment, tmp_path / "whole", registry=registry, quiet=True)
    cut = run(experiment, tmp_path / "cut", registry=registry, quiet=True)
    for checkpoint in sorted((cut / "retrain" / "checkpoints").glob("*.pt"))[3:]:
        checkpoint.unlink()
    (cut / "status.json").unlink()
    resume(cut, registry, quiet=True)
    before, after = weights(whole), weights(cut)
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert events(cut).count("genotype") == 1


def test_a_training_that_does_not_get_better_ends_early_and_stays_ended(tmp_path, searched, registry):
    options = ["steps=50", "lr=1.0e-30", "validate_epochs=0.1", "patience=2"]
    experiment = from_genotype(
        str(searched), registry, overrides=[f"evaluator.training.{option}" for option in options]
    )
    folder = run(experiment, tmp_path / "early", registry=registry, quiet=True)
    assert events(folder)[2:] == ["checkpoint", "ended_early", "checkpoint", "evaluation", "finished"]
    assert [path.name for path in (folder / "retrain" / "checkpoints").iterdir()].count("retrain-00000003.pt") == 1
    before = weights(folder)
    (folder / "status.json").unlink()
    resume(folder, registry, quiet=True)
    assert all(torch.equal(before[name], after) for name, after in weights(folder).items())
    assert events(folder).count("ended_early") == 1


class TestStart:
    """Starting from weights in a file."""

    def test_what_matches_is_taken_over_and_all_else_reported(self, tmp_path, searched, registry):
        found = weights(searched)
        names = list(found)
        changed = {**found, "extra": torch.zeros(2), names[-1]: torch.zeros(7)}
        del changed[names[0]]
        file = tmp_path / "start.pt"
        torch.save(changed, file)
        experiment = from_genotype(str(searched), registry, weights=file, overrides=["evaluator.training.lr=1.0e-30"])
        folder = run(experiment, tmp_path / "again", registry=registry, quiet=True)
        report = json.loads((folder / "retrain" / "start.json").read_text())
        assert (report["missing"], report["unknown"]) == ([names[0]], ["extra"])
        assert report["other_shape"] == {names[-1]: [[7], list(found[names[-1]].shape)]}
        assert torch.equal(weights(folder)[names[1]], found[names[1]])
        assert not torch.equal(weights(folder)[names[0]], found[names[0]])

    def test_a_checkpoint_of_a_retraining_is_a_file_of_weights(self, tmp_path, searched, registry):
        (checkpoint,) = (searched / "retrain" / "checkpoints").glob("*00000002.pt")
        experiment = from_genotype(str(searched), registry, weights=checkpoint, overrides=["seed=9"])
        folder = run(experiment, tmp_path / "again", registry=registry, quiet=True)
        assert json.loads((folder / "retrain" / "start.json").read_text())["missing"] == []

    def test_weights_of_which_none_matches_end_the_run(self, tmp_path, searched, registry):
        file = tmp_path / "other.pt"
        torch.save({"encoder.weight": torch.zeros(2)}, file)
        experiment = from_genotype(str(searched), registry, weights=file)
        with pytest.raises(RunError, match=r"no weight of .* matches the network(.|\n)*0 of the network's 6 tensors"):
            run(experiment, tmp_path / "again", registry=registry, quiet=True)

    def test_a_file_that_holds_no_weights_leaves_no_run_behind(self, tmp_path, searched, registry):
        file = tmp_path / "none.pt"
        file.write_text("nothing")
        with pytest.raises(NasframeError, match="cannot be read as weights"):
            run(from_genotype(str(searched), registry, weights=file), tmp_path / "again", registry=registry, quiet=True)
        assert not (tmp_path / "again").exists()


def test_a_tracker_that_is_no_plug_in_is_refused_before_anything_is_run(tmp_path, searched, registry):
    experiment = from_genotype(str(searched), registry, overrides=["run.trackers=[tensorbord]"])
    with pytest.raises(ExperimentError, match="names 'tensorbord', but no plug-in of that name hears runs"):
        run(experiment, tmp_path / "again", registry=registry, quiet=True)
    assert not (tmp_path / "again").exists()


def test_the_command_retrains_a_run(tmp_path, searched, registry):
    arguments = ["retrain", str(searched), "--into", str(tmp_path / "by-command"), "--set", "run.pictures=0"]
    result = CliRunner().invoke(main, arguments, obj=registry)
    assert result.exit_code == 0, result.output
    assert Path(tmp_path / "by-command" / "retrain" / "weights.pt").is_file()

"""What a user may get wrong, through the command line with the real plug-ins: one clear message, no traceback."""

import shutil
import types
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from PIL import Image

import nasframe
from nasframe.cli import main
from nasframe.plugin.registry import Plugin, Registry

SIZE = (24, 32)
ROAD, CAR = 7, 26


@dataclass
class World:
    """A folder with a small data set and an experiment, both right until a test breaks them."""

    folder: Path

    @property
    def experiment(self):
        return {
            "space": {"type": "autodeeplab", "layers": 2, "levels": 2, "blocks": 1, "filters": 4},
            "evaluator": {
                "type": "cityscapes",
                "root": str(self.folder / "data"),
                "reduce": 1,
                "crop": 17,
                "workers": 0,
                "training": {"steps": 1},
            },
            "strategy": {"type": "random", "samples": 1, "budget": 1.0},
            "run": {"threads": 1, "pictures": 0},
        }

    def label(self, stem="a_000000_000000", split="train"):
        return self.folder / "data" / "gtFine" / split / "a" / f"{stem}_gtFine_labelIds.png"

    def image(self, stem="a_000000_000000", split="train"):
        return self.folder / "data" / "leftImg8bit" / split / "a" / f"{stem}_leftImg8bit.png"

    def draw(self):
        rng = np.random.default_rng(0)
        for split, count in (("train", 4), ("val", 1)):
            for number in range(count):
                stem = f"a_000000_{number:06}"
                for path in (self.image(stem, split), self.label(stem, split)):
                    path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(rng.integers(0, 255, (*SIZE, 3), dtype=np.uint8)).save(self.image(stem, split))
                truth = np.where(rng.random(SIZE) < 0.5, ROAD, CAR).astype(np.uint8)
                Image.fromarray(truth).save(self.label(stem, split))

    def call(self, *arguments, registry=None):
        return CliRunner().invoke(main, [str(argument) for argument in arguments], obj=registry)

    def run(self, text=None, *overrides, registry=None):
        file = self.folder / "experiment.yaml"
        file.write_text(yaml.safe_dump(self.experiment) if text is None else text)
        changes = [part for override in overrides for part in ("--set", override)]
        return self.call("run", file, *changes, "--into", self.folder / "run", registry=registry)


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setenv("NASFRAME_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    made = World(tmp_path)
    made.draw()
    return made


def refused(result, code, *words):
    """It ended with this code and one message with these words, and no traceback."""
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == code, result.output
    assert result.stderr.count("error: ") == 1 and "Traceback" not in result.output
    for word in words:
        assert word in result.stderr, result.stderr


def test_the_world_is_right_until_it_is_broken(world):
    result = world.run()
    assert result.exit_code == 0, result.output
    assert (world.folder / "run" / "retrain" / "metrics.json").exists()


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("strategy.sampels=3", ["strategy.sampels", "did you mean 'samples'"]),
        ("evaluater.crop=3", ["evaluater", "did you mean 'evaluator'"]),
        ("space.layers=many", ["space.layers", "'many'", "integer"]),
        ("space.layers=0", ["space.layers", "0", "greater than or equal to 1"]),
        ("space.levels=9", ["levels=9", "at most 3 levels"]),
        ("space.type=autodeeplap", ["'autodeeplap'", "did you mean 'autodeeplab'"]),
        ("evaluator.scale=[2, 1]", ["evaluator", "the smaller number comes first"]),
        ("seed=-1", ["seed", "-1"]),
        ("retrain={space: {filtres: 8}}", ["retrain.space.filtres", "did you mean 'filters'"]),
        ("run.device=warp", ["run.device", "'warp'"]),
        ("evaluator.root=${NO_SUCH_FOLDER_VARIABLE}", ["'NO_SUCH_FOLDER_VARIABLE' is not set"]),
    ],
)
def test_a_wrong_value_is_named_with_the_way_out(world, override, words):
    refused(world.run(None, override), 2, *words)
    assert not (world.folder / "run").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("space: {type: autodeeplab\nstrategy: 3", ["experiment.yaml:2", "not valid YAML"]),
        ("space:\n\ttype: x", ["experiment.yaml:2", "tabs"]),
        ("seed: 1\nseed: 2", ["experiment.yaml:2:1", "duplicate key 'seed'"]),
        ("", ["experiment.yaml", "space"]),
        ("- a\n- b", ["experiment.yaml:1:1", "found a list"]),
        ("extends: nowhere.yaml", ["nowhere.yaml", "which is no file"]),
        ("name: !!python/object/apply:os.system [ls]", ["experiment.yaml:1", "not allowed"]),
    ],
)
def test_a_file_that_is_no_experiment_is_named_with_the_line(world, text, words):
    refused(world.run(text), 2, *words)


def test_all_mistakes_are_told_at_once(world):
    result = world.run(None, "strategy.sampels=3", "space.layers=many", "sed=1")
    refused(result, 2, "3 problems", "strategy.sampels", "space.layers", "did you mean 'seed'")


def test_a_strategy_that_the_evaluator_cannot_serve_is_refused_with_what_would_do(world, monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "data" / "tiny_plugin")
    text = "space: {type: autodeeplab}\nevaluator: {type: tabular}\nstrategy: {type: darts}\n"
    refused(world.run(text), 2, "'darts'", "Differentiable", "'tabular'", "cityscapes", "streets", "random")


def test_two_plugins_that_offer_one_name_are_both_named(world):
    def plugin(distribution):
        module = types.ModuleType(distribution)
        offer = [nasframe.Component("space", "autodeeplab", f"{distribution}:Space", "a space")]
        module.components = nasframe.hookimpl(lambda: offer, specname="nasframe_components")
        return Plugin("clash", distribution, "1.0", lambda: module)

    result = world.run(registry=Registry([plugin("one"), plugin("other")]))
    refused(result, 2, "the space 'autodeeplab'", "(one 1.0)", "(other 1.0)")


def test_a_missing_root_is_told_with_the_layout(world):
    shutil.rmtree(world.folder / "data")
    refused(world.run(), 2, "data", "leftImg8bit", "gtFine")


def test_a_run_with_a_relative_root_is_evaluated_and_gone_on_with_from_elsewhere(world, monkeypatch):
    result = world.run(None, "evaluator.root=data")
    assert result.exit_code == 0, result.output
    written = yaml.safe_load((world.folder / "run" / "experiment.yaml").read_text())
    assert written["evaluator"]["root"] == written["retrain"]["evaluator"]["root"] == str(world.folder / "data")
    elsewhere = world.folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    evaluated = world.call("evaluate", world.folder / "run")
    assert evaluated.exit_code == 0, evaluated.output
    (world.folder / "run" / "report.md").unlink()
    resumed = world.call("run", "--resume", world.folder / "run")
    assert resumed.exit_code == 0, resumed.output


def test_missing_labels_are_named_all_at_once(world):
    gone = [world.label(f"a_000000_{number:06}") for number in (1, 3)]
    for path in gone:
        path.unlink()
    refused(world.run(), 2, *(path.name for path in gone))


def test_a_label_of_the_wrong_size_is_named(world):
    Image.fromarray(np.full((8, 8), ROAD, dtype=np.uint8)).save(world.label())
    refused(world.run(), 2, world.label().name, "8", "32")


def test_a_colour_label_is_named(world):
    Image.fromarray(np.zeros((*SIZE, 3), dtype=np.uint8)).save(world.label())
    refused(world.run(), 2, world.label().name, "RGB")


def test_a_stray_id_is_named(world):
    Image.fromarray(np.full(SIZE, 77, dtype=np.uint8)).save(world.label())
    refused(world.run(), 2, world.label().name, "77")


def test_an_unreadable_image_is_named(world):
    world.image().write_bytes(world.image().read_bytes()[:200])
    refused(world.run(), 2, world.image().name)


def test_halves_by_city_of_a_single_city_propose_blocks(world):
    refused(world.run(None, "evaluator.halves=city"), 2, "halves: city", "halves: block")


def test_a_folder_that_holds_a_run_is_refused_with_the_way_to_resume(world):
    assert world.run().exit_code == 0
    refused(world.run(), 2, "already holds a run", "--resume")


def test_resuming_what_is_no_run_is_refused(world):
    refused(world.call("run", "--resume", world.folder / "data"), 2, "experiment.yaml")


def test_checkpoints_that_are_all_torn_are_named(world):
    assert world.run().exit_code == 0
    run = world.folder / "run"
    (run / "report.md").unlink()
    (run / "status.json").write_text('{"state": "retraining"}')
    for path in (run / "retrain" / "checkpoints").glob("*.pt"):
        path.write_bytes(path.read_bytes()[:-100])
    refused(world.call("run", "--resume", run), 1, "no checkpoint in", "torn")


def test_a_torn_checkpoint_is_passed_over_for_the_one_before_it(world):
    assert world.run().exit_code == 0
    run = world.folder / "run"
    before = (run / "retrain" / "metrics.json").read_text()
    (run / "status.json").write_text('{"state": "retraining"}')
    last = max((run / "retrain" / "checkpoints").glob("*.pt"))
    last.write_bytes(last.read_bytes()[:-100])
    result = world.call("run", "--resume", run)
    assert result.exit_code == 0, result.output
    assert last.name in result.output and "torn" in result.output
    assert (run / "retrain" / "metrics.json").read_text() == before


def test_a_genotype_that_does_not_exist_is_told_with_those_that_do(world):
    refused(world.call("cost", "autodeeplab-x", "--size", "33x33", "--classes", "19"), 2, "autodeeplab-s")

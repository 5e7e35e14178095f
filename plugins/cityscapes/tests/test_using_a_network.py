"""From a run on street scenes to evaluate, predict and score, by the commands."""

import json
import types

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

import nasframe
import nasframe_cityscapes
from nasframe import RunError
from nasframe.cli import main
from nasframe.experiment.checking import load
from nasframe.genotype import sample
from nasframe.plugin.registry import Plugin, Registry
from nasframe.run import run
from nasframe.testing.tiny import TinySpace
from nasframe_cityscapes.inspection import UPRIGHT
from nasframe_cityscapes.prediction import StreetPredictor

EXPERIMENT = """
name: small
space: {type: tiny-chain}
evaluator:
  type: streets
  scenes: {train: 4, val: 2, cities: 2, height: 40, width: 72}
  crop: [32, 48]
  training: {steps: 2, lr: 0.1}
strategy: {type: one}
run: {device: cpu, pictures: 0}
"""


class One(nasframe.Strategy):
    """One genotype, drawn at random."""

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


def registry_with(monkeypatch):
    module = types.ModuleType("small_parts")
    module.TinySpace, module.One = TinySpace, One
    components = [
        nasframe.Component("space", "tiny-chain", "small_parts:TinySpace", "a chain"),
        nasframe.Component("strategy", "one", "small_parts:One", "one genotype"),
    ]
    module.components = nasframe.hookimpl(lambda: components, specname="nasframe_components")
    monkeypatch.setitem(__import__("sys").modules, "small_parts", module)
    plugins = {"small": module, "cityscapes": nasframe_cityscapes}
    return Registry([Plugin(name, name, "1.0", lambda found=found: found) for name, found in plugins.items()])


@pytest.fixture(scope="module")
def trained(tmp_path_factory, shared_cache):
    """The folder of a run, and a function that runs a command with its plug-ins."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("NASFRAME_CACHE", str(shared_cache))
        registry = registry_with(monkeypatch)
        folder = tmp_path_factory.mktemp("run")
        (folder / "small.yaml").write_text(EXPERIMENT)
        run(load(folder / "small.yaml", registry=registry), folder / "run", quiet=True)
        yield folder / "run", lambda *words: CliRunner().invoke(main, list(map(str, words)), obj=registry)


def evaluated(trained, *arguments):
    folder, invoke = trained
    result = invoke("evaluate", folder, "--format", "json", *arguments)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_evaluate_gives_the_score_of_the_run_again(trained):
    metrics = json.loads((trained[0] / "retrain" / "metrics.json").read_text())
    found = evaluated(trained)
    assert (found["score"], found["metrics"]) == (metrics["score"], metrics["metrics"])
    assert found["conditions"]["label_size"] == "40x72"


def test_evaluate_says_where_the_data_are_others_than_those_of_the_run(trained):
    same = trained[1]("evaluate", trained[0])
    other = trained[1]("evaluate", trained[0], "--set", "evaluator.scenes.val=3")
    assert "note:" not in same.stderr and other.exit_code == 0
    assert "note: the data are not those of the run: 2 files added: gtFine/val/oak/oak_000001_000019" in other.stderr


def test_an_exported_file_scores_what_its_network_scores(trained, tmp_path):
    pytest.importorskip("onnxscript")
    pytest.importorskip("onnxruntime")
    folder, invoke = trained
    file = tmp_path / "network.onnx"
    exported = invoke("export", folder, "--onnx", file, "--fold-batch-norm")
    assert exported.exit_code == 0, exported.output
    asked = ("--scales", "0.5,1", "--mirror")
    found, expected = evaluated(trained, "--onnx", file, *asked), evaluated(trained, *asked)
    assert found["onnx"] == str(file)
    assert found["metrics"] == pytest.approx(expected["metrics"], abs=1e-4)


@pytest.mark.parametrize(
    "asked",
    [
        (),
        ("--fold-batch-norm", "--channels-last"),
        ("--window", "17,30", "--stride", "9", "--scales", "0.5,1,1.25", "--mirror"),
    ],
    ids=["once", "faster", "averaged"],
)
def test_score_of_the_predicted_pictures_is_the_score_of_evaluate(trained, tmp_path, asked):
    folder, invoke = trained
    predicted = invoke("predict", folder, "--split", "val", "--output", tmp_path, "--color", "--overlay", *asked)
    assert predicted.stdout == f"Labelled 2 images: {tmp_path}\n"
    assert len(list(tmp_path.iterdir())) == 6
    root = json.loads((folder / "evaluator.json").read_text())["root"]
    result = invoke("score", "--root", root, "--predictions", tmp_path, "--format", "json")
    scored, found = json.loads(result.stdout), evaluated(trained, *asked)
    assert scored["metrics"] == found["metrics"]
    assert scored["tables"] == found["tables"]


def test_a_folder_of_images_keeps_its_folders_and_needs_no_data(trained, tmp_path, monkeypatch):
    monkeypatch.setenv("NASFRAME_CACHE", str(tmp_path / "empty"))
    folder, invoke = trained
    pixels = np.random.default_rng(0).integers(0, 256, (31, 45, 3), dtype=np.uint8)
    for name in ("one/street.jpg", "two/street.jpg", "two/.hidden.jpg"):
        (tmp_path / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / "images" / name)
    output = tmp_path / "images" / "out"
    for again in ((), ("--force",)):
        result = invoke("predict", folder, "--images", tmp_path / "images", "--output", output, *again)
        assert result.stdout == f"Labelled 2 images: {output}\n"
    made = sorted(path.relative_to(output).as_posix() for path in output.rglob("*.png"))
    assert made == ["one/street_labelIds.png", "two/street_labelIds.png"]
    refused = invoke("predict", folder, "--images", tmp_path / "images", "--output", output)
    assert refused.exit_code == 2
    assert "2 of the pictures exist already" in refused.stderr
    assert not (tmp_path / "empty").exists()


@pytest.fixture
def photos(tmp_path):
    """A folder of two photos and two files that are none."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a", "d"):
        Image.fromarray(np.full((31, 45, 3), 90, dtype=np.uint8)).save(folder / f"{name}.png")
    (folder / "b.png").write_bytes((folder / "a.png").read_bytes()[:60])
    Image.new("CMYK", (45, 31)).save(folder / "c.jpg")
    return folder


def test_all_images_that_cannot_be_read_are_told_before_any_is_labelled(trained, photos, tmp_path):
    result = trained[1]("predict", trained[0], "--images", photos, "--output", tmp_path / "out")
    assert result.exit_code == 2 and not (tmp_path / "out").exists()
    assert "2 of 4 images cannot be read; mend or remove them, or label the others by --skip-bad" in result.stderr
    assert "b.png cannot be read" in result.stderr and "c.jpg is of the kind 'CMYK'" in result.stderr


def test_the_other_images_are_labelled_if_asked_and_the_exit_code_tells(trained, photos, tmp_path):
    result = trained[1]("predict", trained[0], "--images", photos, "--output", tmp_path / "out", "--skip-bad")
    assert result.exit_code == 1 and "Labelled 2 images" in result.stdout
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a_labelIds.png", "d_labelIds.png"]
    assert "not labelled: 2 images that cannot be read:" in result.stderr
    assert "b.png" in result.stderr and "c.jpg" in result.stderr


@pytest.mark.parametrize("asked", [[], ["--skip-bad"]])
def test_an_image_that_is_damaged_while_others_are_labelled_does_not_end_it_if_it_may_be_skipped(
    trained, photos, tmp_path, monkeypatch, asked
):
    monkeypatch.setattr(StreetPredictor, "fault", lambda *_: "")  # as if all had been sound when they were looked at
    result = trained[1]("predict", trained[0], "--images", photos, "--output", tmp_path / "out", *asked)
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert result.exit_code == (1 if asked else 2) and "b.png cannot be read" in result.stderr
    assert written == ["a_labelIds.png", "d_labelIds.png"][: 2 if asked else 1]
    assert ("Labelled 2 images" in result.stdout) if asked else ("1 of 4 images had been labelled" in result.stderr)


def test_where_no_image_can_be_read_nothing_is_skipped(trained, photos, tmp_path):
    bad = ("--images", photos / "b.png", "--images", photos / "c.jpg")
    result = trained[1]("predict", trained[0], *bad, "--output", tmp_path / "out", "--skip-bad")
    assert result.exit_code == 2 and "2 of 2 images cannot be read:" in result.stderr


def test_splits_that_are_not_there_are_refused_with_the_reason(trained, tmp_path):
    folder, invoke = trained
    for command, words in (("evaluate", "split 'test' are dummies"), ("predict", "holds no leftImg8bit/test")):
        options = ["--output", tmp_path] if command == "predict" else []
        result = invoke(command, folder, "--split", "test", *options)
        assert (result.exit_code, words in result.stderr) == (2, True)


def test_other_settings_of_the_evaluator_are_taken(trained):
    assert evaluated(trained, "--set", "evaluator.val_frames=1")["metrics"]["frames"] == 1
    assert evaluated(trained, "--set", "evaluator.reduce=2")["conditions"]["reduced_by"] == 2


@pytest.fixture
def diverged(trained, tmp_path):
    """A file of the trained network's weights, all of them NaN, and a folder with one photo."""
    weights = torch.load(trained[0] / "retrain" / "weights.pt", weights_only=True)
    torch.save({name: torch.full_like(tensor, torch.nan) for name, tensor in weights.items()}, tmp_path / "nan.pt")
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (45, 31)).save(tmp_path / "photos" / "street.png")
    return tmp_path


def test_a_network_whose_weights_are_nan_is_refused_by_every_command(trained, diverged):
    folder, invoke = trained
    weights = ("--weights", diverged / "nan.pt")
    evaluate = invoke("evaluate", folder, *weights, "--output", diverged / "scores")
    predict = invoke("predict", folder, *weights, "--images", diverged / "photos", "--output", diverged / "labels")
    for result, name in ((evaluate, "oak_000000_000019"), (predict, "street.png")):
        assert result.exit_code == 1 and "is not finite" in result.stderr and name in result.stderr
        assert "its weights are not either" in result.stderr
    assert not (diverged / "scores").exists() and not (diverged / "labels").exists()


class OnlyInTraining(torch.nn.Module):
    """Hands on NaN where a network is measured, as norms do whose running statistics have overflowed."""

    def forward(self, logits):
        return logits if self.training else logits * torch.nan


def test_a_run_whose_network_is_not_finite_when_measured_ends_without_a_score(trained, tmp_path, monkeypatch):
    registry, build = registry_with(monkeypatch), TinySpace.build
    monkeypatch.setattr(TinySpace, "build", lambda *given: torch.nn.Sequential(build(*given), OnlyInTraining()))
    (tmp_path / "small.yaml").write_text(EXPERIMENT)
    with pytest.raises(RunError, match="is not finite"):
        run(load(tmp_path / "small.yaml", registry=registry), tmp_path / "run", quiet=True)
    assert not (tmp_path / "run" / "retrain" / "metrics.json").exists()
    status = json.loads((tmp_path / "run" / "status.json").read_text())
    assert status["state"] == "failed" and "is not finite" in json.dumps(status)


def written_with_orientation(path, upright, orientation):
    """A photo whose pixels are stored otherwise than it is shown, without loss: those of ``upright`` are seen."""
    stored = upright
    if orientation != 1:
        back = {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
        stored = upright.transpose(back.get(orientation, UPRIGHT[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(path, exif=exif)
    return stored.size


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_labelled_as_it_is_seen(trained, tmp_path, orientation):
    folder, invoke = trained
    pixels = np.random.default_rng(0).integers(0, 256, (24, 40, 3), dtype=np.uint8)
    upright = Image.fromarray(pixels)
    (tmp_path / "seen").mkdir()
    upright.save(tmp_path / "seen" / "street.png")
    (tmp_path / "stored").mkdir()
    size = written_with_orientation(tmp_path / "stored" / "street.png", upright, orientation)
    assert size == ((24, 40) if orientation >= 5 else (40, 24))
    for name in ("seen", "stored"):
        kinds = ("--overlay", "--color")
        result = invoke("predict", folder, "--images", tmp_path / name, "--output", tmp_path / f"{name}-out", *kinds)
        assert result.exit_code == 0, result.output
    for kind in ("street_labelIds.png", "overlay_street.png", "color_street.png"):
        seen = (tmp_path / "seen-out" / kind).read_bytes()
        assert (tmp_path / "stored-out" / kind).read_bytes() == seen


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # which pillow says
@pytest.mark.parametrize("exif", [b"Exif\0\0II*\0\x08\0\0\0\xff\xff", b"Exif\0\0nothing", b"x"])
def test_a_photo_whose_exif_is_damaged_is_labelled_as_it_is_stored(trained, tmp_path, exif):
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (40, 24)).save(tmp_path / "photos" / "a.jpg", exif=exif)
    result = trained[1]("predict", trained[0], "--images", tmp_path / "photos", "--output", tmp_path / "out")
    assert result.exit_code == 0, result.output
    with Image.open(tmp_path / "out" / "a_labelIds.png") as labels:
        assert labels.size == (40, 24)


def test_a_file_for_one_size_says_which_it_takes_and_which_it_was_given(trained, tmp_path):
    pytest.importorskip("onnxscript")
    pytest.importorskip("onnxruntime")
    folder, invoke = trained
    file = tmp_path / "fixed.onnx"
    assert invoke("export", folder, "--onnx", file, "--size", "37x50").exit_code == 0
    refused = invoke("evaluate", folder, "--onnx", file)
    assert refused.exit_code == 2
    told = " ".join(refused.stderr.split())
    assert "takes an input of batch x 3 x 37 x 50, and was given 2 x 3 x 40 x 72 (batch x channels" in told
    assert "Export it again with --size 40x72, or without --size" in told
    assert invoke("evaluate", folder, "--onnx", file, "--window", "37,50").exit_code == 0

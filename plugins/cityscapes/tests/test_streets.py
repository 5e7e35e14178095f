"""Scenes drawn from a seed: whole on disk, always the same, and not to be solved by colour alone."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from nasframe import Candidate, DataError, Genotype
from nasframe.plugin import hookspecs
from nasframe.testing import EvaluatorContract
from nasframe.training.legs import train_legs
from nasframe.training.options import TrainingOptions
from nasframe_cityscapes import nasframe_components, streets
from nasframe_cityscapes.classes import ID, NAMES, TO_TRAIN_ID
from nasframe_cityscapes.evaluator import Streets
from nasframe_cityscapes.painting.scene import paint_scene
from nasframe_cityscapes.scenes import SceneOptions
from nasframe_cityscapes.scoring import confusion, scores
from nasframe_cityscapes.streets import drawn

SMALL = SceneOptions(train=8, val=4, cities=2, height=48, width=96)
PRESENT = {
    "road", "sidewalk", "building", "sky", "vegetation", "pole", "traffic sign", "car", "person", "rider", "bicycle",
}  # fmt: skip


@pytest.fixture(scope="module")
def scenes():
    """Frames of 64 x 128: (image, train ids), 16 of train's cities and 6 of others."""
    cities = [0, 1, 2, 3] * 4 + [12, 13] * 3
    pictures = [paint_scene(0, city, number, (64, 128)) for number, city in enumerate(cities)]
    return [(image, TO_TRAIN_ID["label_ids"][label]) for image, label in pictures]


class TestStreets(EvaluatorContract):
    def make(self):
        return Streets(
            Streets.Options(scenes=SMALL, crop=(32, 48), batch=2, training=TrainingOptions(epochs=1, lr=0.01))
        )


def test_the_first_leg_of_a_training_is_an_evaluation_by_itself():
    evaluator = TestStreets().make()
    candidate = Candidate(Genotype("any", ()), lambda: torch.nn.Conv2d(3, 19, 1))
    alone = evaluator.evaluate(candidate, 0.5)
    first, _ = train_legs(evaluator, candidate, (0.5,), None)
    assert first.metrics == alone.metrics


def test_the_eleven_classes_of_a_street_are_drawn(scenes):
    found = {NAMES[index] for _, label in scenes for index in np.unique(label) if index < 19}
    assert found == PRESENT


def test_road_lies_below_and_sky_above(scenes):
    for _, label in scenes:
        rows = {name: np.argwhere(label == NAMES.index(name))[:, 0] for name in ("road", "sky", "building")}
        assert rows["road"].mean() > 40
        assert rows["sky"].size == 0 or rows["sky"].mean() < 24


def test_a_scene_follows_from_its_numbers():
    image, label = paint_scene(3, 1, 2, (48, 96))
    again = paint_scene(3, 1, 2, (48, 96))
    assert np.array_equal(image, again[0]) and np.array_equal(label, again[1])
    for other in ((4, 1, 2), (3, 2, 2), (3, 1, 3)):
        assert not np.array_equal(paint_scene(*other, (48, 96))[1], label)


@pytest.fixture(scope="module")
def by_colour(scenes):
    """Scores on the last 6 frames of a softmax classifier of single pixels, fitted to the first 16."""
    pixels = torch.cat([torch.tensor(image.reshape(-1, 3)) for image, _ in scenes[:16]]).float() / 255 - 0.5
    truth = torch.cat([torch.tensor(label.reshape(-1)) for _, label in scenes[:16]]).long()
    torch.manual_seed(0)
    keep = torch.nonzero(truth < 19)[:, 0]
    keep = keep[torch.randperm(len(keep))[:20000]]
    classifier = torch.nn.Linear(3, 19)
    optimiser = torch.optim.LBFGS(classifier.parameters(), max_iter=60, line_search_fn="strong_wolfe")

    def loss():
        optimiser.zero_grad()
        value = torch.nn.functional.cross_entropy(classifier(pixels[keep]), truth[keep])
        value.backward()
        return value

    optimiser.step(loss)
    matrix = sum(
        confusion(label, classifier(torch.tensor(image).float() / 255 - 0.5).argmax(-1).numpy())
        for image, label in scenes[16:]
    )
    return scores(matrix)


def test_a_linear_classifier_on_colours_fails(by_colour):
    assert by_colour.miou < 0.35


def test_place_tells_more_than_colour(scenes, by_colour):
    """The class most frequent at a pixel's place in other cities is a better guess than its colour's."""
    counts = np.stack([np.sum([label == index for _, label in scenes[:16]], axis=0) for index in range(19)])
    matrix = sum(confusion(label, counts.argmax(0)) for _, label in scenes[16:])
    assert scores(matrix).pixel_accuracy > by_colour.pixel_accuracy
    assert scores(matrix).miou > by_colour.miou


def test_the_frames_lie_in_the_cityscapes_layout():
    root = drawn(SMALL)
    images = sorted(path.relative_to(root).as_posix() for path in root.glob("leftImg8bit/*/*/*"))
    assert len(images) == 12
    assert images[0] == "leftImg8bit/train/alder/alder_000000_000019_leftImg8bit.png"
    label = Image.open(root / "gtFine" / "train" / "alder" / "alder_000000_000019_gtFine_labelIds.png")
    assert label.mode == "L" and label.size == (96, 48)
    assert ID["road"] in np.unique(np.asarray(label))


def test_train_and_val_share_no_city():
    root = drawn(SMALL)
    cities = [{path.name for path in (root / "gtFine" / split).iterdir()} for split in ("train", "val")]
    assert not cities[0] & cities[1] and len(cities[0]) == 2


def test_scenes_are_drawn_once(monkeypatch):
    first = drawn(SMALL)
    monkeypatch.setattr(streets, "paint_scene", None)
    assert drawn(SMALL) == first


def test_other_options_have_another_folder():
    assert drawn(SMALL) != drawn(SMALL.model_copy(update={"val": 1, "train": 2}))


def test_drawing_that_was_cut_off_begins_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("NASFRAME_CACHE", str(tmp_path / "new"))
    paint, calls = streets.paint_scene, []

    def cut_off(*numbers):
        calls.append(numbers)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return paint(*numbers)

    monkeypatch.setattr(streets, "paint_scene", cut_off)
    with pytest.raises(KeyboardInterrupt):
        drawn(SMALL)
    assert list((tmp_path / "new").iterdir()) == []
    root = drawn(SMALL)
    assert len(list(root.glob("*/*/*/*.png"))) == 24


def test_of_two_processes_at_once_the_first_to_finish_wins(tmp_path, monkeypatch):
    monkeypatch.setenv("NASFRAME_CACHE", str(tmp_path))
    other, draw, nested = SMALL.model_copy(update={"train": 2, "val": 1}), streets._draw, []

    def slow(options, root):
        draw(options, root)
        if not nested:
            nested.append(True)
            drawn(options)  # the other process, which starts later and is done first

    monkeypatch.setattr(streets, "_draw", slow)
    root = drawn(other)
    assert [path.name for path in tmp_path.iterdir()] == [root.name]
    assert len(list(root.glob("*/*/*/*.png"))) == 6


def test_a_cache_that_cannot_be_written_names_the_way_out(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("NASFRAME_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match="set NASFRAME_CACHE"):
        drawn(SMALL)


def test_the_cache_folder_follows_the_environment(tmp_path, monkeypatch):
    from nasframe_cityscapes.cache import cache_folder

    monkeypatch.delenv("NASFRAME_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "nasframe"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder().parts[-2:] == (".cache", "nasframe")


def test_halves_by_city_are_the_default_and_work():
    frames = TestStreets().make().record()["frames"]
    cities = [{stem.split("_")[0] for stem in frames[half]} for half in ("weights", "arch")]
    assert not cities[0] & cities[1]


def test_both_evaluators_are_declared_where_they_are():
    evaluators = {component.name for component in nasframe_components() if component.kind == "evaluator"}
    assert evaluators == {"cityscapes", "streets"}
    assert hookspecs.nasframe_components.__name__ == nasframe_components.__name__


def test_the_evaluators_module_loads_neither_torch_nor_pillow():
    code = (
        "import sys, nasframe_cityscapes.evaluator as e; e.Streets.Options.model_json_schema(); "
        "print([name for name in ('torch', 'PIL', 'matplotlib') if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert result.stdout.strip() == "[]"


def test_every_option_is_documented():
    from nasframe_cityscapes.evaluator import Cityscapes

    for options in (Cityscapes.Options, Streets.Options, SceneOptions):
        assert [name for name, field in options.model_fields.items() if not field.description] == []

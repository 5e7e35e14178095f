"""Pictures of predictions: their names, sizes and contents, held against the official script."""

import importlib
import io

import numpy as np
import pytest
import torch
from PIL import Image

from nasframe import DataError, Inference, Runtime
from nasframe_cityscapes.classes import LABELS, PALETTE, TO_LABEL_ID, TO_TRAIN_ID, VOID
from nasframe_cityscapes.drawing import draw, png
from nasframe_cityscapes.evaluator import Cityscapes, Streets


def predictor(root="/nowhere", **options):
    return Cityscapes.predictor(Cityscapes.Options(root=str(root), **{"reduce": 1, **options}), Runtime())


def by_brightness(inputs):
    return torch.linspace(-1, 1, 19)[None, :, None, None] * inputs.mean(1, keepdim=True)


def opened(contents):
    return Image.open(io.BytesIO(contents))


def write_image(path, size=(11, 17), mode="RGB"):
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(pixels).convert(mode).save(path)
    return path


def labelled(images, kinds=("labels",), inference=None, **options):
    return list(predictor(**options).predict(by_brightness, images, kinds, inference or Inference()))


def test_train_ids_to_label_ids_and_back_is_the_identity_on_the_classes():
    trains = np.arange(19, dtype=np.uint8).reshape(1, 19)
    ids = draw("labels", trains, np.zeros((1, 19, 3), np.uint8))
    assert ids.tolist() == [[label.id for label in LABELS if label.scored]]
    assert np.array_equal(TO_TRAIN_ID["label_ids"][ids], trains)


def test_the_truth_pushed_through_the_writer_scores_100_in_the_official_script(write_tree, tmp_path, monkeypatch):
    pytest.importorskip("cityscapesscripts")
    script = importlib.import_module("cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling")
    root = write_tree(ids=range(34))
    truths, written = sorted((root / "gtFine" / "val").glob("*/*_labelIds.png")), []
    for truth in truths:
        trains = TO_TRAIN_ID["label_ids"][np.asarray(Image.open(truth))]
        image = root / "leftImg8bit" / "val" / truth.parent.name / truth.name.replace("gtFine_labelIds", "leftImg8bit")
        written.append(tmp_path / predictor().name(image, "labels"))
        written[-1].write_bytes(png(draw("labels", trains, np.zeros((*trains.shape, 3), np.uint8))))
        assert written[-1].name.startswith(truth.name.removesuffix("_gtFine_labelIds.png"))
    for name, value in {"quiet": True, "JSONOutput": False, "evalInstLevelScore": False}.items():
        monkeypatch.setattr(script.args, name, value)
    result = script.evaluateImgLists(list(map(str, written)), list(map(str, truths)), script.args)
    assert (result["averageScoreClasses"], result["averageScoreCategories"]) == (1.0, 1.0)
    assert len([score for score in result["classScores"].values() if score == 1.0]) == 19


def test_label_pictures_have_one_channel_of_8_bits_and_the_size_of_the_image(tmp_path):
    (contents,) = labelled([write_image(tmp_path / "photo.jpg", (33, 47))])
    picture = opened(contents["labels"])
    assert (picture.format, picture.mode, picture.size) == ("PNG", "L", (47, 33))
    assert set(np.unique(np.asarray(picture))) <= {label.id for label in LABELS if label.scored}


def test_only_the_labels_name_begins_with_the_frames(tmp_path):
    frame, photo = tmp_path / "aa_000001_000019_leftImg8bit.png", tmp_path / "me.at.home.jpeg"
    kinds = ("labels", "color", "overlay")
    assert [predictor().name(frame, kind) for kind in kinds] == [
        "aa_000001_000019_labelIds.png",
        "color_aa_000001_000019.png",
        "overlay_aa_000001_000019.png",
    ]
    assert predictor().name(photo, "labels") == "me.at.home_labelIds.png"


def test_colours_are_those_of_the_classes_and_overlays_lie_half_over_the_image(tmp_path):
    image = write_image(tmp_path / "photo.png")
    (contents,) = labelled([image], ("labels", "color", "overlay"))
    pixels = {kind: np.asarray(opened(data)) for kind, data in contents.items()}
    trains = TO_TRAIN_ID["label_ids"][pixels["labels"]]
    assert np.array_equal(pixels["color"], PALETTE[trains])
    mean = (PALETTE[trains].astype(float) + np.asarray(Image.open(image))) / 2
    assert np.abs(pixels["overlay"] - mean).max() <= 0.5
    assert VOID not in trains


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA"])
@pytest.mark.parametrize("size", [(1, 1), (2, 65), (33, 31)])
def test_images_of_any_size_and_usual_kind_are_labelled(tmp_path, mode, size):
    image = write_image(tmp_path / "photo.png", size, mode)
    inference = Inference((16, 20), scales=(0.5, 1.25), mirror=True)
    (contents,) = labelled([image], inference=inference, reduce=2)
    assert opened(contents["labels"]).size == size[::-1]


def test_images_of_several_sizes_are_labelled_in_their_order(tmp_path):
    images = [write_image(tmp_path / f"{index}.png", (5 + index, 9)) for index in range(5)]
    for workers in (0, 3):
        found = labelled(images, workers=workers)
        assert [opened(contents["labels"]).size for contents in found] == [(9, 5 + index) for index in range(5)]
    assert found == [labelled([image])[0] for image in images]


def test_the_prediction_is_the_networks_at_each_pixel(tmp_path):
    image = write_image(tmp_path / "photo.png")
    (contents,) = labelled([image])
    pixels = np.asarray(Image.open(image)) / 255
    normal = (pixels - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    bright = normal.mean(2) > 0
    assert np.array_equal(np.asarray(opened(contents["labels"])), TO_LABEL_ID[np.where(bright, 18, 0)])


def test_a_file_that_is_no_image_is_named(tmp_path):
    (tmp_path / "photo.png").write_text("text")
    with pytest.raises(DataError, match=r"photo\.png cannot be read as an image: not a picture file"):
        labelled([tmp_path / "photo.png"])
    Image.fromarray(np.zeros((4, 4), np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(DataError, match=r"deep\.png is of the kind 'I;16'; expected an image with 8 bits a channel"):
        labelled([tmp_path / "deep.png"])


def test_no_data_set_is_needed_but_its_splits_are_found_where_it_is(write_tree):
    with pytest.raises(DataError, match="the data folder /nowhere does not exist"):
        predictor().images("val")
    root = write_tree({"test": {"zz": 2, "aa": 1}})
    assert [path.name for path in predictor(root).images("test")] == [
        "aa_000000_000000_leftImg8bit.png",
        "zz_000000_000000_leftImg8bit.png",
        "zz_000000_000001_leftImg8bit.png",
    ]


def test_the_task_is_that_of_the_evaluator():
    options = Streets.Options(scenes={"train": 4, "val": 1, "cities": 2, "height": 32, "width": 32})
    asked, evaluator = Streets.predictor(options, Runtime()), Streets(options)
    assert asked.task.in_channels == evaluator.task.in_channels
    assert asked.task.num_classes == evaluator.task.num_classes
    assert len(asked.images("val")) == 1

"""Measuring a model by windows, at several scales and mirrored, on any labelled split."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from nasframe import DataError, Inference, Runtime
from nasframe_cityscapes.evaluator import Cityscapes

EVERYTHING = Inference((17, 21), (9, 13), scales=(0.5, 1, 1.5), mirror=True)


def make(root, **options):
    return Cityscapes(Cityscapes.Options(root=str(root), **{"reduce": 1, **options}), Runtime())


def network():
    torch.manual_seed(0)
    return nn.Conv2d(3, 19, 5, padding=2)


def measure(evaluator, inference=EVERYTHING, split="val", progressing=lambda done, total: None):
    return evaluator.measure_with(network(), inference, split, progressing)


def test_the_numbers_depend_on_neither_batch_nor_workers_nor_cache(write_tree):
    root = write_tree({"train": {"aa": 2}, "val": {"dd": 5}}, size=(28, 44))
    results = [
        measure(make(root, eval_batch=batch, workers=workers, cache_mb=room))
        for batch, workers, room in ((1, 0, 0), (2, 3, 512), (5, 1, 0))
    ]
    assert results[0] == results[1] == results[2]


def test_averaging_changes_the_numbers_and_the_conditions_say_how_it_was_done(write_tree):
    evaluator = make(write_tree(size=(28, 44)), reduce=2, val_frames=2)
    once, averaged = measure(evaluator, Inference()), measure(evaluator)
    assert once.score != averaged.score
    assert once.conditions == {
        "split": "val",
        "frames_of_split": 3,
        "label_size": "28x44",
        "input": "whole image",
        "scales": [1.0],
        "mirrored": False,
        "reduced_by": 2,
    }
    assert once.metrics["frames"] == 2
    assert averaged.conditions["input"] == "windows of 17x21 every 9x13 pixels"
    assert (averaged.conditions["scales"], averaged.conditions["mirrored"]) == ([0.5, 1, 1.5], True)


def test_any_labelled_split_can_be_measured_and_the_others_are_refused_with_the_reason(write_tree):
    evaluator = make(write_tree(), val_frames=1)
    assert measure(evaluator, split="train").metrics["frames"] == 9
    with pytest.raises(DataError, match="labels of Cityscapes' split 'test' are dummies"):
        measure(evaluator, split="test")
    with pytest.raises(DataError, match="there is no split 'vla'; expected one of weights, arch, train, val"):
        measure(evaluator, split="vla")


def test_the_instance_score_is_there_if_all_frames_have_instance_ids(write_tree):
    root = write_tree({"train": {"aa": 2}, "val": {"dd": 2}})
    assert "iiou" not in measure(make(root)).metrics
    for label in (root / "gtFine" / "val").glob("*/*_labelIds.png"):
        ids = np.asarray(Image.open(label)).astype(np.uint16)
        instances = label.with_name(label.name.replace("labelIds", "instanceIds"))
        Image.fromarray(np.where(ids == 26, 26001, ids).astype(np.uint16)).save(instances)
    assert "iiou" in measure(make(root)).metrics
    assert "iiou" not in make(root).measure(network()).metrics
    Image.fromarray(np.zeros((5, 6), np.uint16)).save(instances)
    with pytest.raises(DataError, match=r"instanceIds\.png has the shape \(5, 6\), its label \(24, 40\)"):
        measure(make(root))


def test_each_frame_is_told_when_it_is_done(write_tree):
    heard = []
    measure(make(write_tree()), progressing=lambda *progress: heard.append(progress))
    assert heard == [(1, 3), (2, 3), (3, 3)]


def test_mirrored_frames_have_the_same_score_if_mirror_images_are_averaged(write_tree):
    root = write_tree({"train": {"aa": 2}, "val": {"dd": 3}}, size=(28, 44))
    before = measure(make(root))
    for path in [*root.glob("leftImg8bit/val/*/*.png"), *root.glob("gtFine/val/*/*.png")]:
        Image.fromarray(np.ascontiguousarray(np.asarray(Image.open(path))[:, ::-1])).save(path)
    assert measure(make(root)).tables["confusion"] == before.tables["confusion"]
    plain = Inference((17, 21), (9, 13), scales=(0.5, 1, 1.5))
    assert measure(make(root), plain).tables["confusion"] != before.tables["confusion"]

"""A part of the data whose labels are all void is refused before anything is trained."""

import shutil

import numpy as np
import pytest
from PIL import Image

from nasframe import DataError, Runtime
from nasframe_cityscapes.evaluator import Cityscapes


def made(root, phase="retrain", **options):
    options = {"reduce": 1, "crop": 17, "workers": 0, **options}
    return Cityscapes(Cityscapes.Options(root=str(root), **options), Runtime(phase=phase))


def blank(root, where):
    for path in root.glob(f"gtFine/{where}/*_gtFine_labelIds.png"):
        Image.fromarray(np.zeros_like(np.asarray(Image.open(path)))).save(path)
    return root


@pytest.mark.parametrize("weights", ["none", "inverse_log"])
@pytest.mark.parametrize("check", ["all", "headers", "none"])
def test_void_training_labels_are_refused_whatever_is_checked(write_tree, check, weights):
    root = blank(write_tree(), "train/*")
    with pytest.raises(DataError, match=r"no pixel of the labels of train in .* \(9 frames, the first is aa_000000_0"):
        made(root, check=check, class_weights=weights)


@pytest.mark.parametrize("check", ["all", "none"])
def test_void_labels_of_val_are_refused_before_anything_is_trained(write_tree, check):
    with pytest.raises(DataError, match=r"no pixel of the labels of val .* nothing to learn or to score"):
        made(blank(write_tree(), "val/*"), check=check)


def test_the_frames_of_val_that_are_measured_are_what_counts(write_tree):
    root = blank(write_tree(), "val/*")
    shutil.copyfile(next(root.glob("gtFine/train/aa/*")), next(root.glob("gtFine/val/dd/*000000_gtFine*")))
    made(root)
    with pytest.raises(DataError, match="labels of val"):
        made(root, val_frames=1)


def test_void_labels_of_what_is_set_aside_are_refused(write_tree):
    root = write_tree({"train": {"aa": 3, "bb": 2}, "val": {"dd": 3}, "own": {"ee": 2}})
    with pytest.raises(DataError, match="labels of holdout"):
        made(blank(root, "own/*"), holdout="own")


def test_a_void_half_is_refused_when_a_search_asks_for_it(write_tree):
    root = blank(write_tree({"train": {"aa": 3, "bb": 3}, "val": {"dd": 3}}), "train/aa")
    evaluator = made(root, "search", halves="city", select_on="val")
    next(evaluator.batches("train"))
    halves = {split: evaluator.record()["frames"][split] for split in ("weights", "arch")}
    void, sound = sorted(halves, key=lambda split: halves[split][0])
    next(evaluator.batches(sound))
    with pytest.raises(DataError, match=f"labels of {void} in"):
        next(evaluator.batches(void))


def test_a_search_that_sees_train_alone_needs_both_halves(write_tree):
    root = blank(write_tree({"train": {"aa": 3, "bb": 3}, "val": {"dd": 3}}), "train/aa")
    with pytest.raises(DataError, match=r"labels of (weights|arch) in .* the first is aa_000000_000000"):
        made(root, "search", halves="city", select_on="arch")


def test_some_void_frames_are_no_fault(write_tree):
    made(blank(write_tree(), "train/aa"))

"""Images that are in train and in val, whatever they are called."""

import json
import shutil

import pytest

from nasframe import Runtime
from nasframe_cityscapes import repeats
from nasframe_cityscapes.evaluator import Cityscapes

VAL = "leftImg8bit/val/dd/dd_000000_{:06}_leftImg8bit.png"
TRAIN = "leftImg8bit/train/aa/aa_000000_{:06}_leftImg8bit.png"


def made(root, phase="retrain", **options):
    options = Cityscapes.Options(root=str(root), reduce=1, crop=17, workers=0, **options)
    return Cityscapes(options, Runtime(phase=phase))


@pytest.fixture
def root(write_tree):
    """Nine frames of train, of which two are in val too, under names of val."""
    root = write_tree()
    for number in (0, 2):
        shutil.copyfile(root / TRAIN.format(number), root / VAL.format(number))
    return root


@pytest.mark.parametrize("check", ["all", "headers", "none"])
def test_frames_of_val_that_are_in_train_are_counted_and_named(root, check):
    (remark,) = made(root, check=check).remarks()
    assert remark.startswith("2 images of val can be found in train too, byte for byte, so that a score on val is")
    assert "dd_000000_000000 is aa_000000_000000, dd_000000_000002 is aa_000000_000002. Remove" in remark


@pytest.mark.parametrize("check", ["all", "none"])
def test_other_frames_are_not_remarked_on_nor_repetitions_within_a_split(write_tree, check):
    root = write_tree()
    shutil.copyfile(root / TRAIN.format(0), root / TRAIN.format(1))
    assert made(root, check=check).remarks() == []


def test_what_is_set_aside_for_the_final_score_is_compared_with_both(root):
    shutil.copytree(root / "leftImg8bit" / "val", root / "leftImg8bit" / "own")
    shutil.copytree(root / "gtFine" / "val", root / "gtFine" / "own")
    for path in root.glob("*/own/dd/*"):
        path.rename(path.with_name(path.name.replace("dd_", "ee_")))
    remarks = made(root, holdout="own").remarks()
    assert [one.partition(" too")[0] for one in remarks] == [
        "2 images of val can be found in train",
        "2 images of holdout can be found in train",
        "1 image of holdout can be found in val",
    ]


def test_a_search_that_sees_train_alone_compares_its_halves(root):
    for city in ("bb", "cc"):
        copy = f"leftImg8bit/train/{city}/{city}_000000_000001_leftImg8bit.png"
        shutil.copyfile(root / TRAIN.format(1), root / copy)
    (remark,) = made(root, "search", select_on="arch", halves="city").remarks()
    assert "of arch can be found in weights too" in remark and "_000000_000001 is " in remark and "dd_" not in remark


def test_only_files_of_equal_size_in_two_parts_are_read(root, monkeypatch):
    (root / VAL.format(1)).write_bytes((root / VAL.format(1)).read_bytes() + b"longer than any other")
    read = []
    monkeypatch.setattr(repeats, "sha256_of", lambda path: read.append(path.name) or path.name)
    made(root, check="none").remarks()
    assert VAL.format(1).rpartition("/")[2] not in read and len(read) < 12


def test_nothing_is_read_again_that_was_decoded(root, monkeypatch):
    evaluator = made(root, check="all")
    monkeypatch.setattr(repeats, "sha256_of", lambda path: pytest.fail(f"{path} is read"))
    assert len(evaluator.remarks()) == 1 and json.dumps(evaluator.record())

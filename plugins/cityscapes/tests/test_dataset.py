"""What is wrong with a data set is told before any training, by file name, all at once."""

import os
import shutil

import numpy as np
import pytest
from PIL import Image

from nasframe import DataError
from nasframe_cityscapes import inspection
from nasframe_cityscapes.checks import check_frames, class_pixels
from nasframe_cityscapes.dataset import find_frames
from nasframe_cityscapes.inspection import inspect


def label_of(root, stem="aa_000000_000000", split="train"):
    return root / "gtFine" / split / stem.split("_")[0] / f"{stem}_gtFine_labelIds.png"


def image_of(root, stem="aa_000000_000000", split="train"):
    return root / "leftImg8bit" / split / stem.split("_")[0] / f"{stem}_leftImg8bit.png"


def check(root, kind="label_ids", how="all"):
    check_frames(find_frames(root, "train", kind), root, kind, how)


def paint(path, value, mode=None):
    with Image.open(path) as picture:
        size = picture.size
    pixels = np.full((size[1], size[0]), value, dtype=np.uint8)
    picture = Image.fromarray(pixels)
    (picture if mode is None else picture.convert(mode)).save(path)


def test_frames_are_paired_and_sorted_by_name(write_tree):
    frames = find_frames(write_tree(), "train")
    assert [frame.stem for frame in frames] == sorted(frame.stem for frame in frames)
    assert len(frames) == 9
    assert all(frame.image.is_file() and frame.label.is_file() for frame in frames)
    assert all(frame.stem in frame.label.name and frame.city == frame.label.parent.name for frame in frames)


def test_a_sound_set_passes_every_check(write_tree):
    for how in ("all", "headers", "none"):
        check(write_tree(), how=how)


def test_leftovers_of_unpacking_are_passed_over(write_tree):
    root = write_tree()
    image_of(root).with_name("._aa_000000_000000_leftImg8bit.png").write_bytes(b"junk")
    assert len(find_frames(root, "train")) == 9


def test_a_missing_root_tells_how_to_lay_out_the_data(tmp_path):
    with pytest.raises(DataError, match=r"does not exist.*leftImg8bit/\{train,val\}/CITY"):
        find_frames(tmp_path / "nowhere", "train")


def test_a_folder_with_something_else_tells_what_it_holds(tmp_path):
    (tmp_path / "pictures").mkdir()
    with pytest.raises(DataError, match="it holds pictures"):
        find_frames(tmp_path, "train")


def test_a_folder_that_lacks_both_splits_of_an_experiment_tells_both_at_once(tmp_path, write_tree):
    with pytest.raises(DataError, match=r"holds no leftImg8bit/train and no leftImg8bit/val; it holds nothing"):
        find_frames(tmp_path, "train")
    root = write_tree()
    shutil.rmtree(root / "leftImg8bit" / "train")
    with pytest.raises(DataError, match=r"holds no leftImg8bit/train; it holds"):
        find_frames(root, "train")


def test_a_root_one_folder_too_high_is_recognised(write_tree):
    root = write_tree()
    with pytest.raises(DataError, match="give that folder as root"):
        find_frames(root.parent, "train")


def test_a_split_without_images_is_named(write_tree):
    root = write_tree()
    (root / "leftImg8bit" / "extra").mkdir()
    with pytest.raises(DataError, match=r"extra holds no \*/\*_leftImg8bit.png"):
        find_frames(root, "extra")


def test_the_dummy_labels_of_test_are_refused(write_tree):
    with pytest.raises(DataError, match="dummies"):
        find_frames(write_tree(), "test")


def test_all_missing_labels_are_named_at_once(write_tree):
    root = write_tree()
    for stem in ("aa_000000_000001", "cc_000001_000003"):
        label_of(root, stem).unlink()
    with pytest.raises(DataError, match="labels of 2 of 9 images") as caught:
        check(root)
    assert "aa_000000_000001_gtFine_labelIds.png" in str(caught.value)
    assert "cc_000001_000003_gtFine_labelIds.png" in str(caught.value)


def test_long_lists_are_cut_with_a_count(write_tree):
    root = write_tree({"train": {"aa": 30}, "val": {"dd": 1}}, size=(4, 4))
    for path in (root / "gtFine" / "train").glob("*/*"):
        path.unlink()
    with pytest.raises(DataError, match="and 10 more"):
        check(root)


def test_an_image_with_an_odd_name_is_named(write_tree):
    root = write_tree()
    image_of(root).rename(image_of(root).with_name("aa_7_leftImg8bit.png"))
    with pytest.raises(DataError, match=r"names are not CITY_000000_000019_leftImg8bit.png:\n  .*aa_7_leftImg8bit.png"):
        check(root)


def test_every_fault_is_reported_in_one_error(write_tree):
    root = write_tree()
    paint(label_of(root, "aa_000000_000001"), 99)
    image_of(root, "bb_000000_000000").write_bytes(image_of(root, "bb_000000_000000").read_bytes()[:300])
    label_of(root, "cc_000000_000002").write_text("no picture")
    Image.new("L", (8, 8), 7).save(label_of(root, "cc_000001_000003"))
    with pytest.raises(DataError, match="4 files") as caught:
        check(root)
    message = str(caught.value)
    assert "aa_000000_000001_gtFine_labelIds.png: holds the ids 99" in message
    assert "bb_000000_000000_leftImg8bit.png: cannot be read" in message
    assert "cc_000000_000002_gtFine_labelIds.png: cannot be read (not a picture file)" in message
    assert "cc_000001_000003_gtFine_labelIds.png: is 8x8, its image 40x24" in message


@pytest.mark.parametrize(("mode", "guess"), [("RGB", "_color.png"), ("RGBA", "_color.png"), ("P", "palette")])
def test_a_colour_label_is_refused(write_tree, mode, guess):
    root = write_tree()
    paint(label_of(root), 7, mode)
    with pytest.raises(DataError, match=f"aa_000000_000000_gtFine_labelIds.png.*{guess}"):
        check(root, how="headers")


def test_an_instance_file_given_as_label_is_recognised(write_tree):
    root = write_tree()
    Image.fromarray(np.full((24, 40), 26001, dtype=np.uint16)).save(label_of(root))
    with pytest.raises(DataError, match="instanceIds"):
        check(root)


def test_a_train_id_file_with_void_given_as_label_ids_is_recognised(write_tree):
    root = write_tree(ids=(0, 2, 10, 13, 255))
    with pytest.raises(DataError, match=r"(?s)9 files.*labels: train_ids") as caught:
        check(root)
    assert "aa_000000_000000" in str(caught.value)


def test_train_ids_without_void_given_as_label_ids_are_recognised_by_the_whole_set(write_tree):
    with pytest.raises(DataError, match="look like train ids"):
        check(write_tree(ids=(0, 1, 2, 10, 13)))


def test_label_ids_given_as_train_ids_are_recognised(write_tree):
    root = write_tree(ids=(7, 11, 23, 26), suffix="labelTrainIds")
    with pytest.raises(DataError, match="labels: label_ids"):
        check(root, kind="train_ids")


def test_a_set_of_nothing_but_void_is_refused(write_tree):
    with pytest.raises(DataError, match="no pixel"):
        check(write_tree(ids=(1, 30)))


def test_a_label_resized_with_interpolation_is_suspected(write_tree):
    root = write_tree()
    paint(label_of(root), 200)
    with pytest.raises(DataError, match=r"200.*interpolation"):
        check(root)


def test_a_check_is_remembered_until_the_file_changes(write_tree, monkeypatch):
    root = write_tree()
    path = label_of(root)
    first = inspect([path], root, decode=True)
    with monkeypatch.context() as patched:
        patched.setattr(inspection.Image, "open", None)
        assert inspect([path], root, decode=True) == first  # not read again
    status = path.stat()
    path.write_bytes(b"x" * status.st_size)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert inspect([path], root, decode=True)[path].fault == "not a picture file"


def test_a_torn_memory_of_checks_is_made_anew(write_tree, cache, caplog):
    root = write_tree()
    path = label_of(root)
    first = inspect([path], root, decode=True)
    for store in cache.glob("files-*.json"):
        store.write_text('{"torn": ')
    assert inspect([path], root, decode=True) == first
    assert "checked anew" in caplog.text


def test_class_pixels_are_counted_by_train_id(write_tree):
    root = write_tree()
    frames = find_frames(root, "train")
    pixels = class_pixels(frames, root, "label_ids")
    stored = np.stack([np.asarray(Image.open(frame.label)) for frame in frames])
    expected = {0: 7, 1: 8, 2: 11, 10: 23, 13: 26}
    assert {index: int(count) for index, count in enumerate(pixels) if count} == {
        index: int((stored == label).sum()) for index, label in expected.items()
    }


def test_missing_instance_files_are_named(write_tree):
    root = write_tree()
    frames = find_frames(root, "train")
    with pytest.raises(DataError, match=r"(?s)9 of 9 such files.*aa_000000_000000_gtFine_instanceIds.png"):
        check_frames(frames, root, "label_ids", "headers", instances=frames)


def test_what_is_absent_and_what_is_wrong_is_told_at_once_each_kind_by_itself(write_tree):
    root = write_tree({"train": {"aa": 60}, "val": {"dd": 5}}, size=(4, 4))
    for number in range(30):
        label_of(root, f"aa_{number // 3:06}_{number:06}").unlink()
    for number in range(30, 55):
        label_of(root, f"aa_{number // 3:06}_{number:06}").write_text("no picture")
    paint(label_of(root, "dd_000001_000003", "val"), 99)
    image_of(root, "aa_000000_000000").write_text("no picture")
    val = find_frames(root, "val")
    with pytest.raises(DataError) as caught:
        check_frames([*find_frames(root, "train"), *val], root, "label_ids", "all", instances=val)
    lines = str(caught.value).splitlines()
    assert [line.replace(str(root), "ROOT") for line in lines if not line.startswith("  ")] == [
        "62 files of ROOT cannot be used or found, for several reasons",
        "ROOT lacks the labels of 30 of 65 images:",
        "instance_iou needs instance ids, and ROOT lacks 5 of 5 such files:",
        "26 files of ROOT cannot be used: unreadable:",
        "1 file of ROOT cannot be used: wrong ids:",
    ]
    assert [line for line in lines if "more" in line] == ["  … and 10 more", "  … and 6 more"]
    assert any("aa_000000_000000_leftImg8bit.png: cannot be read" in line for line in lines)
    assert "dd_000001_000003_gtFine_labelIds.png: holds the ids 99" in lines[-1]


def test_absent_labels_are_told_even_if_no_file_is_to_be_opened(write_tree):
    root = write_tree()
    label_of(root, "aa_000000_000001").unlink()
    with pytest.raises(DataError, match="labels of 1 of 9 images"):
        check(root, how="none")


def test_where_no_label_has_its_name_no_file_is_opened(write_tree):
    root = write_tree()
    image_of(root).write_text("no picture")
    with pytest.raises(DataError, match="labels of 9 of 9 images") as caught:
        check(root, kind="train_ids")
    assert "cannot be read" not in str(caught.value)


@pytest.mark.parametrize("how", ["all", "headers"])
def test_a_frame_that_is_to_be_shown_turned_is_refused_since_its_label_is_not(write_tree, how):
    root = write_tree()
    exif = Image.Exif()
    exif[0x0112] = 3
    with Image.open(image_of(root)) as picture:
        picture.copy().save(image_of(root), exif=exif)
    with pytest.raises(
        DataError, match=r"cannot be used: turned:\n.*shown turned \(EXIF orientation 3\), its label is"
    ):
        check(root, how=how)

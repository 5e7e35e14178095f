"""What identifies the frames of a data set, and what is remembered of them."""

import os
import shutil

import numpy as np
import pytest

from nasframe.files.fingerprints import changes, sha256_of
from nasframe_cityscapes import dataset
from nasframe_cityscapes.decoded import DecodedFrames
from nasframe_cityscapes.evaluator import Cityscapes


def made(root, **options):
    return Cityscapes(Cityscapes.Options(root=str(root), reduce=1, crop=17, workers=0, **options)).fingerprint()


def image(root, number=0):
    return root / "leftImg8bit" / "train" / "aa" / f"aa_{number // 3:06}_{number:06}_leftImg8bit.png"


def test_each_image_and_label_has_its_size_and_its_content(write_tree):
    root = write_tree()
    found = made(root)
    name = image(root).relative_to(root).as_posix()
    assert len(found) == 2 * 12
    assert found[name] == f"size {image(root).stat().st_size}; sha256 {sha256_of(image(root))}"


@pytest.mark.parametrize("check", ["headers", "none"])
def test_without_decoding_there_are_sizes_alone_which_can_be_compared(write_tree, check):
    root = write_tree()
    quick = made(root, check=check)
    assert quick[image(root).relative_to(root).as_posix()] == f"size {image(root).stat().st_size};"
    assert changes(made(root), quick) == []


def test_a_file_of_equal_size_and_time_is_seen_to_be_another(write_tree):
    root = write_tree()
    before, path = made(root), image(root)
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    path.write_bytes(path.read_bytes()[:-1] + b"x")  # in the last chunk, which holds nothing
    os.utime(path, ns=times)
    assert changes(before, made(root)) == ["1 file changed: leftImg8bit/train/aa/aa_000000_000000_leftImg8bit.png"]


def test_an_added_frame_is_seen(write_tree):
    root = write_tree()
    before = made(root)
    for old in (image(root), root / "gtFine" / "train" / "aa" / "aa_000000_000000_gtFine_labelIds.png"):
        shutil.copyfile(old, old.with_name(old.name.replace("000000_000000", "000009_000009")))
    said = changes(before, made(root))[0]
    assert said.startswith("2 files added: gtFine/train/aa/aa_000009_000009_gtFine_labelIds.png")


def test_what_is_remembered_of_files_is_made_anew_where_it_is_damaged(write_tree, cache, caplog):
    root = write_tree()
    before = made(root)
    for store in cache.glob("files-*.json"):
        store.write_text(store.read_text().replace('"width": 40', '"width": 41'))
    caplog.clear()
    assert made(root) == before
    assert "its checksum differs" in caplog.text
    caplog.clear()
    assert made(root) == before and caplog.text == ""


def test_a_decoded_frame_with_a_flipped_bit_is_decoded_anew(write_tree, tmp_path):
    frame = dataset.find_frames(write_tree(), "train")[0]
    pair = np.arange(48, dtype=np.uint8).reshape(4, 4, 3), np.zeros((4, 4), dtype=np.uint8)
    DecodedFrames(tmp_path / "decoded", "x").load(frame, "v", lambda: pair)
    path = next((tmp_path / "decoded").rglob("*.raw"))
    content = bytearray(path.read_bytes())
    content[-20] ^= 8
    path.write_bytes(content)
    found = DecodedFrames(tmp_path / "decoded", "x").load(frame, "v", lambda: pair)
    assert all(np.array_equal(one, other) for one, other in zip(found, pair, strict=True))

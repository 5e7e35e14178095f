"""Decoded frames on disk: the same pixels, decoded once, never those of a file that has changed."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nasframe import DataError, Runtime
from nasframe_cityscapes.dataset import find_frames
from nasframe_cityscapes.evaluator import Cityscapes
from nasframe_cityscapes.frames import FrameStore


@pytest.fixture
def frames(write_tree):
    return find_frames(write_tree(), "train")


def store(folder, reduce=2, kind="label_ids"):
    return FrameStore(kind, reduce, 0, folder)


def equal(one, other):
    return all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in zip(one, other, strict=True))


def made(folder):
    return sorted(path for path in Path(folder).rglob("*") if path.is_file())


@pytest.mark.parametrize("whole_label", [False, True])
@pytest.mark.parametrize("reduce", [1, 2, 3])
def test_pixels_are_those_of_decoding(frames, tmp_path, reduce, whole_label):
    cached, plain = store(tmp_path / "raw", reduce), FrameStore("label_ids", reduce, 0)
    for frame in frames[:3]:
        expected = plain.load(frame, whole_label=whole_label)
        assert equal(cached.load(frame, whole_label=whole_label), expected)
        assert equal(cached.load(frame, whole_label=whole_label), expected)
        assert equal(store(tmp_path / "raw", reduce).load(frame, whole_label=whole_label), expected)


def test_a_frame_is_decoded_once_and_nobody_can_write_to_it(frames, tmp_path, monkeypatch):
    expected = store(tmp_path / "raw").load(frames[0])
    monkeypatch.setattr(Image, "open", None)
    found = store(tmp_path / "raw").load(frames[0])
    assert equal(found, expected)
    for picture in found:
        with pytest.raises(ValueError, match="read-only"):
            picture[0] = 1


def test_settings_and_forms_have_files_of_their_own(frames, tmp_path):
    for reduce in (1, 2):
        for whole_label in (False, True):
            store(tmp_path / "raw", reduce).load(frames[0], whole_label=whole_label)
    assert len(made(tmp_path / "raw")) == 4


@pytest.mark.parametrize("kind", ["image", "label"])
def test_a_source_that_changed_is_decoded_anew(frames, tmp_path, kind):
    cached, source = store(tmp_path / "raw"), getattr(frames[0], kind)
    before = cached.load(frames[0])
    kept = [picture.copy() for picture in before]
    status = source.stat()
    picture = np.asarray(Image.open(source))
    Image.fromarray(np.ascontiguousarray(picture[::-1])).save(source)
    os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    after = cached.load(frames[0])
    assert equal(after, FrameStore("label_ids", 2, 0).load(frames[0])) and not equal(after, before)
    assert equal(before, kept)  # what is in use stays as it was
    assert len(made(tmp_path / "raw")) == 1


@pytest.mark.parametrize("damage", [b"", b"\0" * 2000, b"{}", None])
def test_a_torn_file_is_made_anew(frames, tmp_path, damage):
    expected = [picture.copy() for picture in store(tmp_path / "raw").load(frames[0])]
    (file,) = made(tmp_path / "raw")
    whole = file.read_bytes()
    file.unlink()
    file.write_bytes(whole[:-1] if damage is None else damage)
    assert equal(store(tmp_path / "raw").load(frames[0]), expected)
    assert file.read_bytes() == whole


def test_several_may_make_the_same_files_at_once(frames, tmp_path):
    stores = [store(tmp_path / "raw") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda one: [one.load(frame) for frame in frames], stores))
    plain = FrameStore("label_ids", 2, 0)
    for pairs in found:
        assert all(equal(pair, plain.load(frame)) for pair, frame in zip(pairs, frames, strict=True))
    assert len(made(tmp_path / "raw")) == len(frames)


def test_a_folder_that_cannot_be_written_is_named(frames, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"file/aa/.* cannot be written .*give a decoded_cache with room, or none"):
        store(tmp_path / "file").load(frames[0])


def test_a_source_that_is_gone_is_named(frames, tmp_path):
    frames[0].label.unlink()
    with pytest.raises(DataError, match=f"{frames[0].label.name} cannot be read"):
        store(tmp_path / "raw").load(frames[0])


def test_batches_are_the_same_with_the_option(write_tree, tmp_path):
    def batches(**more):
        given = {"root": str(write_tree()), "crop": 16, "check": "none", "scale": (0.5, 2.0), "flip": 0.5, **more}
        stream = Cityscapes(Cityscapes.Options(**given), Runtime(seed=0, device="cpu")).batches("train")
        return [next(stream) for _ in range(7)]

    for one, other in zip(batches(), batches(decoded_cache=str(tmp_path / "raw")), strict=True):
        assert one.names == other.names
        assert bool((one.inputs == other.inputs).all()) and bool((one.targets == other.targets).all())
    assert len(made(tmp_path / "raw")) == 9

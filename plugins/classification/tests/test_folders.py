"""Folders of images: what is read, and all that is wrong at once."""

import numpy as np
import pytest
from PIL import Image

from nasframe import DataError
from nasframe_classification.evaluator import Classification
from nasframe_classification.options import ClassificationOptions as Options


def made(root, **options):
    return Classification(
        Options(**{"data": "folder", "root": str(root), "size": 8, "workers": 1, "batch": 4, **options})
    )


def test_classes_are_the_folders_of_train_and_test_is_set_aside(folders):
    (folders / "train" / "cat" / ".hidden").touch()
    evaluator = made(folders)
    assert evaluator.record()["classes"] == ["cat", "dog", "ünd"]
    assert evaluator.record()["counts"] == {"weights": 6, "arch": 6, "train": 12, "val": 3, "holdout": 6}
    assert len(evaluator.fingerprint()) == 21 and "train/dog/2.bmp" in evaluator.fingerprint()
    batch = next(evaluator.batches("val"))
    assert batch.inputs.shape == (4, 3, 8, 8) and batch.names[0].startswith("train/cat/")


def test_a_folder_beside_train_can_be_val_or_the_holdout(folders):
    (folders / "test").rename(folders / "val")
    assert made(folders, holdout="val").record()["counts"]["holdout"] == 6
    watched = made(folders, val="val").record()["counts"]
    assert watched["val"] == 6 and watched["train"] == 15 and "holdout" not in watched
    with pytest.raises(DataError, match="not three folders"):
        made(folders, val="val", holdout="val")
    with pytest.raises(DataError, match=r"1 folder of images missing: .*own \(holdout: own\)"):
        made(folders, holdout="own")


def test_an_image_is_resized_until_it_covers_the_size_or_padded_with_black(tmp_path, folders):
    wide = Image.new("RGB", (16, 8), (255, 0, 0))
    wide.paste((0, 0, 255), (4, 0, 12, 8))
    wide.save(folders / "train" / "cat" / "0.png")
    plain = {"mean": (0, 0, 0), "std": (1, 1, 1), "val": 0.2, "holdout": None}
    resized = made(folders, size=8, **plain)
    padded = made(folders, size=(20, 20), fitting="pad", **plain)
    shown = {}
    for kind, evaluator in {"resized": resized, "padded": padded}.items():
        for split in ("train", "val"):
            for batch in (one for one, _ in zip(evaluator.batches(split), range(8), strict=False)):
                for name, image in zip(batch.names, batch.inputs, strict=True):
                    shown[kind, name] = image
    middle = shown["resized", "train/cat/0.png"]
    assert middle[2].mean() > 0.95 and middle[0].mean() < 0.05
    framed = shown["padded", "train/cat/0.png"]
    assert framed[:, :6].sum() == 0 and framed[:, 6:14, 2:18].sum() == pytest.approx(8 * 16)


def test_grey_images_have_one_channel(folders):
    evaluator = made(folders, colour="grey")
    assert evaluator.task.in_channels == 1 and next(evaluator.batches("train")).inputs.shape[1] == 1


def test_all_that_is_wrong_is_told_at_once(folders):
    (folders / "train" / "cat" / "0.png").write_bytes(b"no picture")
    (folders / "train" / "dog" / "1.png").write_bytes((folders / "train" / "dog" / "1.png").read_bytes()[:60])
    (folders / "train" / "dog" / "notes.txt").write_text("notes")
    (folders / "train" / "empty").mkdir()
    (folders / "test" / "bird").mkdir()
    with pytest.raises(DataError) as caught:
        made(folders)
    said = str(caught.value)
    for part in (
        "train/cat/0.png",
        "train/dog/1.png",
        "notes.txt: by its name",
        "train/empty: no images",
        "test/bird: it is",
    ):
        assert part in said


def test_a_folder_without_classes_and_one_without_train_are_told(tmp_path):
    with pytest.raises(DataError, match=r"1 folder of images missing: .*train"):
        made(tmp_path)
    (tmp_path / "train" / "cat").mkdir(parents=True)
    with pytest.raises(DataError, match="has 1 folder of a class, cat; expected two or more"):
        made(tmp_path)


def test_a_class_with_one_image_is_named(folders):
    for number in range(1, 5):
        next((folders / "train" / "dog").glob(f"{number}.*")).unlink()
    with pytest.raises(DataError, match=r"1 class with too few images in train; expected 3(.|\n)*dog: 1 image"):
        made(folders)


def test_images_that_do_not_fit_are_told_with_the_sizes(folders):
    with pytest.raises(DataError, match="12x16 pixels, larger than 8x8, to which fitting: pad"):
        made(folders, fitting="pad")
    with pytest.raises(DataError, match="21 images of 512x512 pixels take 16 MiB; memory_mb allows 3"):
        made(folders, size=512, memory_mb=3)


def test_turned_photos_are_put_upright(folders):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter to the right
    pixels = np.zeros((8, 8, 3), dtype=np.uint8)
    pixels[:, :4] = 255
    for path in (folders / "train" / "cat").iterdir():
        Image.fromarray(pixels).save(path.with_suffix(".png"), exif=exif)
        if path.suffix != ".png":
            path.unlink()
    evaluator = made(folders, val=0.2, holdout=None, mean=(0, 0, 0), std=(1, 1, 1))
    cats = next(evaluator.batches("val")).inputs[0]
    assert cats[:, :4].min() == 1 and cats[:, 4:].max() == 0

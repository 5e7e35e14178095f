"""Writing drawn street scenes to disk in the Cityscapes layout, once."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from nasframe import DataError
from nasframe_cityscapes.cache import cache_folder
from nasframe_cityscapes.painting.scene import VERSION, paint_scene
from nasframe_cityscapes.scenes import SceneOptions

TRAIN_CITIES = (
    "alder", "birch", "cedar", "dogwood", "elm", "fir", "ginkgo", "hazel", "ivy", "juniper", "larch", "maple",
)  # fmt: skip
VAL_CITIES = ("oak", "pine")


def drawn(options: SceneOptions) -> Path:
    """The folder of the scenes, drawn now if they never were.

    They are drawn into a temporary folder which is then renamed, so the folder is whole once it is there: drawing
    that was cut off begins anew, and of two processes at once the first to finish wins.

    Raises:
        DataError: the cache folder cannot be written.
    """
    key = hashlib.sha256(f"{VERSION} {options.model_dump_json()}".encode()).hexdigest()[:12]
    folder = cache_folder() / f"streets-{key}"
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".streets-", dir=folder.parent, ignore_cleanup_errors=True) as place:
            draft = Path(place) / folder.name
            _draw(options, draft)
            _publish(draft, folder)
    except OSError as error:
        raise DataError(
            f"the street scenes cannot be written to {folder} ({error}); set NASFRAME_CACHE to a folder with room"
        ) from error
    return folder


def _publish(draft: Path, folder: Path) -> None:
    """Give the finished draft its name, unless another process was faster."""
    try:
        os.rename(draft, folder)
    except OSError:
        if not folder.is_dir():
            raise
        shutil.rmtree(draft)


def _draw(options: SceneOptions, root: Path) -> None:
    for split, city, index, number in _plan(options):
        image, label = paint_scene(options.seed, index, number, (options.height, options.width))
        stem = f"{city}_{number:06}_000019"
        for kind, suffix, picture in (("leftImg8bit", "leftImg8bit", image), ("gtFine", "gtFine_labelIds", label)):
            folder = root / kind / split / city
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(folder / f"{stem}_{suffix}.png", compress_level=2)


def _plan(options: SceneOptions) -> Iterator[tuple[str, str, int, int]]:
    """Split, city, the city's number and the frame's number, of every frame; cities in turn."""
    train = TRAIN_CITIES[: options.cities]
    for frame in range(options.train):
        number, index = divmod(frame, len(train))
        yield "train", train[index], index, number
    for frame in range(options.val):
        number, index = divmod(frame, len(VAL_CITIES))
        yield "val", VAL_CITIES[index], len(TRAIN_CITIES) + index, number

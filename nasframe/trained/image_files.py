"""Which image files are to be labelled, and which files will be made of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from nasframe.errors import DataError, FileError
from nasframe.files.words import quantity
from nasframe.inference import PictureKind, Predictor

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp")
NAMES_LISTED = 10


@dataclass(frozen=True)
class ImageFile:
    """An image that was found."""

    path: Path
    folder: Path = Path()
    """Where it lay below the folder that was searched; its pictures go to the same place below theirs."""


@dataclass(frozen=True)
class Labelling:
    """An image, and the picture files that will be made of it."""

    image: Path
    outputs: Mapping[PictureKind, Path]


def find_image_files(given: Iterable[Path], output: Path) -> list[ImageFile]:
    """Images by name, and those anywhere below folders, sorted; hidden files are passed over.

    Args:
        given: files, of any name, and folders.
        output: what lies below it is passed over.

    Raises:
        DataError: something is not there, a folder holds no image, or it is the output folder itself.
    """
    found: list[ImageFile] = []
    for path in given:
        if path.is_dir():
            found += _below(path, output)
        elif path.is_file():
            found.append(ImageFile(path))
        else:
            what = "is neither a file nor a folder" if path.exists() or path.is_symlink() else "does not exist"
            raise DataError(f"{path} {what}; expected an image or a folder of images")
    return found


def plan_jobs(
    images: Sequence[ImageFile], predictor: Predictor, kinds: Iterable[PictureKind], output: Path
) -> list[Labelling]:
    """The files that will be made of images.

    Raises:
        DataError: two images would have the same one.
    """
    kinds = tuple(kinds)
    jobs = [
        Labelling(image.path, {kind: output / image.folder / predictor.name(image.path, kind) for kind in kinds})
        for image in images
    ]
    first: dict[Path, Path] = {}
    clashes = []
    for job in jobs:
        for path in job.outputs.values():
            other = first.setdefault(path, job.image)
            if other is not job.image:
                clashes.append(f"{other} and {job.image} would both become {path}")
    if clashes:
        raise DataError(
            _listing("some images have equal names; label them one at a time, with an --output each", clashes)
        )
    return jobs


def find_faults(jobs: Sequence[Labelling], predictor: Predictor) -> dict[Path, str]:
    """Why images cannot be labelled, by image; those that can are not among them."""
    images = [job.image for job in jobs]
    with ThreadPoolExecutor() as pool:
        said = zip(images, pool.map(predictor.fault, images), strict=True)
        return {image: fault for image, fault in said if fault}


def require_sound(faults: Mapping[Path, str], total: int, *, skip: bool) -> None:
    """See that all images, or with ``skip`` some, can be labelled.

    Raises:
        DataError: they cannot; tells of all.
    """
    if not faults or (skip and len(faults) < total):
        return
    way_out = "" if len(faults) == total else "; mend or remove them, or label the others by --skip-bad"
    headline = f"{len(faults)} of {quantity(total, 'image')} cannot be read{way_out}"
    raise DataError(_listing(headline, [*faults.values()]))


def skipped(faults: Mapping[Path, str]) -> str:
    """What was not labelled, all of it."""
    return "\n  ".join([f"not labelled: {quantity(len(faults), 'image')} that cannot be read:", *faults.values()])


def require_absent(jobs: Iterable[Labelling]) -> None:
    """See that nothing would be overwritten.

    Raises:
        FileError: something would.
    """
    there = [str(path) for job in jobs for path in job.outputs.values() if path.exists()]
    if there:
        exist = "exists" if len(there) == 1 else "exist"
        headline = f"{len(there)} of the pictures {exist} already; choose another --output, or overwrite by --force"
        raise FileError(_listing(headline, there))


def _below(folder: Path, output: Path) -> list[ImageFile]:
    own = output.resolve()
    if folder.resolve() == own:
        raise DataError(f"{folder} is also the output folder, so pictures would be taken for images; choose another")
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and own not in path.resolve().parents
    )
    if not paths:
        raise DataError(f"{folder} holds no images; expected files that end in {', '.join(SUFFIXES)}")
    return [ImageFile(path, path.parent.relative_to(folder)) for path in paths]


def _listing(headline: str, lines: Sequence[str]) -> str:
    rest = f"\n  … and {len(lines) - NAMES_LISTED} more" if len(lines) > NAMES_LISTED else ""
    return headline + ":" + "".join(f"\n  {line}" for line in lines[:NAMES_LISTED]) + rest

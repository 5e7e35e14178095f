"""Images that are in two parts of a data set by their content, whatever they are called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from nasframe.files.fingerprints import sha256_of
from nasframe.files.repeats import remarks_on_repeats
from nasframe_cityscapes.dataset import Frame
from nasframe_cityscapes.inspection import inspect
from nasframe_cityscapes.source import Source

Parts = Mapping[str, Sequence[Frame]]


def remarks_on_frames(parts: Parts, source: Source) -> list[str]:
    """What to know of images that are in two parts, one sentence for two parts.

    Args:
        parts: in the order in which they come first in a pair.

    Only files of equal size are read; not those whose SHA-256 is known since they were decoded.
    """
    known = _digests(parts, source)
    return remarks_on_repeats(
        {part: {one.stem: known[one.image] for one in frames if one.image in known} for part, frames in parts.items()}
    )


def _digests(parts: Parts, source: Source) -> dict[Path, str]:
    """The SHA-256 of each image whose file has the size of one in another part."""
    of_size: dict[int, list[Path]] = defaultdict(list)
    in_parts: dict[int, set[str]] = defaultdict(set)
    for part, frames in parts.items():
        for frame in frames:
            size = frame.image.stat().st_size
            of_size[size].append(frame.image)
            in_parts[size].add(part)
    paths = [path for size, alike in of_size.items() if len(in_parts[size]) > 1 for path in alike]
    if source.check == "all":
        return {path: facts.sha256 for path, facts in inspect(paths, source.root, decode=True).items()}
    return {path: sha256_of(path) for path in paths}

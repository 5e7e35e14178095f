"""Images that are in two parts of a data set by their content, whatever they are called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from nasframe.errors import listed
from nasframe.files.fingerprints import sha256_of
from nasframe.files.words import quantity
from nasframe_cityscapes.dataset import Frame
from nasframe_cityscapes.inspection import inspect
from nasframe_cityscapes.source import Source

Parts = Mapping[str, Sequence[Frame]]
Pair = tuple[Frame, Frame]


def remarks_on_repeats(parts: Parts, source: Source) -> list[str]:
    """What to know of images that are in two parts, one sentence for two parts."""
    remarks = []
    for (first, second), pairs in repeats(parts, source).items():
        shown = listed(f"{one.stem} is {other.stem}" for one, other in pairs)
        remarks.append(
            f"{quantity(len(pairs), 'image')} of {second} can be found in {first} too, byte for byte, so that a score "
            f"on {second} is partly one on what was trained on or chosen by: {shown}. Remove them from one of the two"
        )
    return remarks


def repeats(parts: Parts, source: Source) -> dict[tuple[str, str], list[Pair]]:
    """Pairs of frames of different parts whose image files are equal, by the names of the parts.

    Args:
        parts: in the order in which they come first in a pair; of each pair the earlier part is named first, the frame
            of the later one comes first. Of equal frames in one part the first counts.

    Only files of equal size are read; not those whose SHA-256 is known since they were decoded.
    """
    found: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    known = _digests(parts, source)
    first: dict[str, tuple[str, Frame]] = {}
    for part, frames in parts.items():
        for frame in frames:
            if (digest := known.get(frame.image)) is None:
                continue
            earlier, other = first.setdefault(digest, (part, frame))
            if earlier != part:
                found[earlier, part].append((frame, other))
    return found


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

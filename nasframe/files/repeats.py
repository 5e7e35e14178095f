"""Examples that are in two parts of a data set by their content, whatever they are called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from nasframe.errors import listed
from nasframe.files.words import quantity

__all__ = ["remarks_on_repeats", "repeats"]

Digests = Mapping[str, Mapping[str, str]]
"""By part, in the order in which they come first in a pair, what identifies the content of each image by its name."""


def remarks_on_repeats(digests: Digests, how: str = "byte for byte") -> list[str]:
    """What to know of images that are in two parts, one sentence for two parts.

    Args:
        how: how equal they are.
    """
    remarks = []
    for (first, second), pairs in repeats(digests).items():
        shown = listed(f"{one} is {other}" for one, other in pairs)
        remarks.append(
            f"{quantity(len(pairs), 'image')} of {second} can be found in {first} too, {how}, so that a score "
            f"on {second} is partly one on what was trained on or chosen by: {shown}. Remove them from one of the two"
        )
    return remarks


def repeats(digests: Digests) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Pairs of images of different parts whose contents are equal, by the names of the parts.

    Of each pair the earlier part is named first, the image of the later one comes first. Of equal images in one part
    the first counts.
    """
    found: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    first: dict[str, tuple[str, str]] = {}
    for part, images in digests.items():
        for name, digest in images.items():
            earlier, other = first.setdefault(digest, (part, name))
            if earlier != part:
                found[earlier, part].append((name, other))
    return found

"""The pictures of a run as data in the page, made smaller where they are too large for it."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib import image

from nasframe.files.words import quantity
from nasframe.report.html.markup import Markup, tag

MOST_PICTURES = 12
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MOST_TIMES_SMALLER = 64


@dataclass(frozen=True)
class Images:
    """What can be shown."""

    found: tuple[tuple[str, str], ...]
    """Name and ``data:`` address of each."""
    said: tuple[str, ...]
    """Why some are not shown, or not as they are."""


def embedded(paths: Sequence[Path], room: int) -> Images:
    """Pictures as addresses that hold them.

    Args:
        paths: PNG files.
        room: how many characters the addresses may have together.
    """
    found, said = [], []
    chosen = paths[:MOST_PICTURES]
    each = room // max(1, len(chosen)) * 3 // 4 - 100
    for path in chosen:
        try:
            data, times = _fitted(path.read_bytes(), each)
        except (OSError, ValueError, SyntaxError) as error:  # SyntaxError: what Pillow raises for a broken PNG
            reason = str(error).partition("\n")[0] or type(error).__name__
            said.append(f"`retrain/pictures/{path.name}` cannot be shown ({reason})")
            continue
        found.append((path.stem, "data:image/png;base64," + base64.b64encode(data).decode()))
        if times > 1:
            said.append(f"`retrain/pictures/{path.name}` is shown {quantity(times, 'time')} smaller than it is")
    if len(paths) > MOST_PICTURES:
        said.append(
            f"Only the first {MOST_PICTURES} of the {quantity(len(paths), 'picture')} in `retrain/pictures` are shown"
        )
    return Images(tuple(found), tuple(said))


def drawn(path: Path, said: str) -> Markup:
    """An SVG file as a figure that holds it. Args: said: what it shows, for those who do not see it."""
    address = "data:image/svg+xml;base64," + base64.b64encode(path.read_bytes()).decode()
    return tag("figure", tag("img", src=address, alt=said), class_="frame")


def _fitted(data: bytes, most: int) -> tuple[bytes, int]:
    """A PNG of so many bytes at the most, and how many times smaller than the original it is.

    Raises:
        ValueError: it is no PNG, or cannot be made small enough.
    """
    if not data.startswith(_SIGNATURE):
        raise ValueError("it is no PNG")
    pixels = image.imread(io.BytesIO(data))  # also of one that fits: a torn one is to be found out
    if len(data) <= most:
        return data, 1
    first = max(2, math.isqrt(len(data) // max(1, most)) + 1)
    for times in range(first, min(_MOST_TIMES_SMALLER, *pixels.shape[:2])):
        smaller = io.BytesIO()
        image.imsave(smaller, _means(pixels, times), format="png", cmap="gray", vmin=0, vmax=1)
        if smaller.tell() <= most:
            return smaller.getvalue(), times
    raise ValueError("it is too large for this page")


def _means(pixels: np.ndarray, times: int) -> np.ndarray:
    """Each pixel the mean of a square of them; what is left over at the right and below is cut off."""
    height, width = (side // times * times for side in pixels.shape[:2])
    summed = np.zeros((height // times, width // times, *pixels.shape[2:]), dtype=np.float32)
    for i in range(times):
        for j in range(times):
            summed += pixels[i:height:times, j:width:times]
    return summed / np.float32(times**2)

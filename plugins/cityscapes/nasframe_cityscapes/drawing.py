"""From predicted train ids to the picture files that are saved: label ids, colours, colours over the image."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from nasframe import PictureKind
from nasframe_cityscapes.classes import PALETTE, TO_LABEL_ID
from nasframe_cityscapes.frames import Picture

OPACITY = 0.5
"""Of the colours over the image."""


def draw(kind: PictureKind, predicted: Picture, image: Picture) -> Picture:
    """One picture.

    Args:
        kind: ``labels`` gives label ids, as the Cityscapes server wants them; void becomes 0 (unlabeled).
        predicted: train ids, (H, W).
        image: (H, W, 3).

    Returns:
        (H, W) for labels, else (H, W, 3).
    """
    if kind == "labels":
        return TO_LABEL_ID[predicted]
    colors = PALETTE[predicted]
    if kind == "color":
        return colors
    mixed: Picture = np.rint(OPACITY * colors + (1 - OPACITY) * image).astype(np.uint8)
    return mixed


def png(picture: Picture) -> bytes:
    """The contents of a PNG file: one 8-bit channel of an (H, W) picture, red, green and blue of an (H, W, 3) one."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="png", compress_level=4)
    return buffer.getvalue()

"""Pictures of what a network said: an image, enlarged, with its class and what it was taken for below."""

from __future__ import annotations

import re

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from nasframe_classification.data_set import Pixels

WIDTH = 160
LINE = 16


def captioned(image: Pixels, lines: tuple[str, ...]) -> Pixels:
    """An image, (C, H, W), with lines of text below it, (h, w, 3); each is cut off where the picture ends."""
    channels, height, width = image.shape
    times = max(1, WIDTH // width)
    shown = np.repeat(np.repeat(image.transpose(1, 2, 0), times, axis=0), times, axis=1)
    picture = Image.new("RGB", (max(WIDTH, width), times * height + LINE * len(lines) + 4), "white")
    picture.paste(Image.fromarray(np.broadcast_to(shown, (*shown.shape[:2], 3)).copy() if channels == 1 else shown))
    draw = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        text = line.encode("latin-1", "replace").decode("latin-1")  # what every font of pillow's has
        draw.text((3, times * height + 2 + LINE * number), text, fill="black", font=ImageFont.load_default())
    return np.asarray(picture)


def plain_name(*words: str) -> str:
    """Words joined to what can be a file's name."""
    return "_".join(re.sub(r"[^\w.-]+", "-", word) for word in words)

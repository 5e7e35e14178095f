"""From a decoded frame to what a network sees: enlarging, cropping, colours, mirroring, shifting, padding, normalising.

Image and label always go through the same window. Labels are never interpolated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageEnhance

from nasframe_cityscapes.classes import VOID
from nasframe_cityscapes.frames import Picture
from nasframe_cityscapes.options import ColourJitterOptions, SegmentationOptions

Input = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Window:
    """Which part of an enlarged frame is taken, and whether it is mirrored; sizes in pixels after enlarging."""

    height: int
    """Of the whole enlarged frame."""
    width: int
    top: int
    left: int
    mirrored: bool = False

    @classmethod
    def random(cls, size: tuple[int, int], options: SegmentationOptions, rng: np.random.Generator) -> Self:
        """A window on a frame of a size (H, W), uniform in enlargement and place."""
        scale = rng.uniform(*options.scale)
        height, width = (max(1, round(length * scale)) for length in size)
        crop = options.crop_size
        top = int(rng.integers(max(0, height - crop[0]) + 1))
        left = int(rng.integers(max(0, width - crop[1]) + 1))
        return cls(height, width, top, left, bool(rng.random() < options.flip))

    @classmethod
    def central(cls, size: tuple[int, int], crop: tuple[int, int]) -> Self:
        """The middle of a frame of a size (H, W), as it is."""
        top, left = (max(0, length - part) // 2 for length, part in zip(size, crop, strict=True))
        return cls(*size, top, left)


@dataclass(frozen=True)
class Shift:
    """By how many pixels a crop is shifted; what comes in is its mirror image, with the label void."""

    down: int = 0
    right: int = 0

    @classmethod
    def random(cls, most: int, rng: np.random.Generator) -> Self:
        """Uniform, up to so many pixels each way."""
        down, right = (int(by) for by in rng.integers(-most, most + 1, 2))
        return cls(down, right)

    def applied(self, image: Picture, label: Picture) -> tuple[Picture, Picture]:
        """(H, W, 3) and (H, W), shifted by no more than they are high and wide, less a pixel."""
        height, width = label.shape
        down = min(max(self.down, 1 - height), height - 1)
        right = min(max(self.right, 1 - width), width - 1)
        sides = ((max(down, 0), max(-down, 0)), (max(right, 0), max(-right, 0)))
        seen = np.s_[max(-down, 0) :, max(-right, 0) :]
        image = np.pad(image, (*sides, (0, 0)), mode="reflect")[seen][:height, :width]
        return image, np.pad(label, sides, constant_values=VOID)[seen][:height, :width]


@dataclass(frozen=True)
class ColourJitter:
    """By which factors a crop's light and colours are changed, in this order; 1: as they are."""

    brightness: float = 1.0
    contrast: float = 1.0
    saturation: float = 1.0
    gamma: float = 1.0
    """The power to which the picture is taken before."""

    @classmethod
    def random(cls, options: ColourJitterOptions, rng: np.random.Generator) -> Self:
        """Factors that are uniform within the options' ranges, and a gamma of FRRN's distribution."""
        ranges = (options.brightness, options.contrast, options.saturation)
        brightness, contrast, saturation = (float(rng.uniform(1 - width, 1 + width)) for width in ranges)
        if not options.gamma:
            return cls(brightness, contrast, saturation)
        shift = float(rng.uniform(-options.gamma, options.gamma)) / math.sqrt(2)
        return cls(brightness, contrast, saturation, math.log(0.5 + shift) / math.log(0.5 - shift))

    def applied(self, image: Picture) -> Picture:
        """(H, W, 3) of 0..255, changed; what leaves that range is cut off at its ends."""
        if self.gamma != 1:
            image = np.rint(255 * (np.arange(256) / 255) ** self.gamma).astype(np.uint8)[image]
        changed = Image.fromarray(np.ascontiguousarray(image))
        changed = ImageEnhance.Brightness(changed).enhance(self.brightness)
        changed = ImageEnhance.Contrast(changed).enhance(self.contrast)
        return np.asarray(ImageEnhance.Color(changed).enhance(self.saturation))


def cut(
    pair: tuple[Picture, Picture],
    window: Window,
    options: SegmentationOptions,
    jitter: ColourJitter | None = None,
    shift: Shift | None = None,
) -> tuple[Input, Picture]:
    """A normalised crop, (3, h, w), and its train ids, (h, w), both of the crop's size.

    Where the window ends before the crop does (on the right and below), the image is padded with the mean, which
    is 0 once normalised, and the label with void.
    """
    image, label = pair
    height, width = options.crop_size
    shown = (min(height, window.height - window.top), min(width, window.width - window.left))
    image, label = _window(image, window, shown, "image"), _window(label, window, shown, "label")
    if jitter is not None:
        image = jitter.applied(image)
    if window.mirrored:
        image, label = image[:, ::-1], label[:, ::-1]
    if shift is not None:
        image, label = shift.applied(image, label)
    inputs = np.zeros((3, height, width), dtype=np.float32)
    inputs[:, : shown[0], : shown[1]] = normalised(image, options)
    targets = np.full((height, width), VOID, dtype=np.uint8)
    targets[: shown[0], : shown[1]] = label
    return inputs, targets


def normalised(image: Picture, options: SegmentationOptions) -> Input:
    """(H, W, 3) of 0..255 -> (3, H, W) with the options' mean taken off, divided by their deviation."""
    deviation = np.array(options.std, dtype=np.float32)
    gain = np.float32(1 / 255) / deviation
    offset = np.array(options.mean, dtype=np.float32) / deviation
    result: Input = np.ascontiguousarray((image * gain - offset).transpose(2, 0, 1))
    return result


def _window(picture: Picture, window: Window, shown: tuple[int, int], kind: str) -> Picture:
    """The shown part of a picture, enlarged as the window says; only that part is computed."""
    height, width = picture.shape[:2]
    if (window.height, window.width) == (height, width):
        return picture[window.top : window.top + shown[0], window.left : window.left + shown[1]]
    down, right = height / window.height, width / window.width
    box = (
        window.left * right,
        window.top * down,
        min(width, (window.left + shown[1]) * right),
        min(height, (window.top + shown[0]) * down),
    )
    filter_ = Image.Resampling.NEAREST if kind == "label" else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(picture).resize((shown[1], shown[0]), filter_, box=box))

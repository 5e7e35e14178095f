"""Bringing images to the size at which networks see them."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageOps

from nasframe import DataError
from nasframe.files.words import quantity
from nasframe_classification.data_set import Pixels
from nasframe_classification.options import ClassificationOptions


def fitted(image: Image.Image, options: ClassificationOptions) -> Pixels:
    """An image at the options' size, (C, H, W).

    Raises:
        DataError: it is larger, and the options say to pad.
    """
    height, width = options.shown
    if options.fitting == "resize":
        if image.size != (width, height):
            image = ImageOps.fit(image, (width, height), Image.Resampling.BILINEAR)
        return _channels_first(np.asarray(image))
    if image.height > height or image.width > width:
        raise DataError(
            f"{image.height}x{image.width} pixels, larger than {height}x{width}, to which fitting: pad fills up; "
            "expected a smaller image, a larger size or fitting: resize"
        )
    pixels = _channels_first(np.asarray(image))
    top, left = (height - image.height) // 2, (width - image.width) // 2
    result = np.zeros((pixels.shape[0], height, width), dtype=np.uint8)
    result[:, top : top + image.height, left : left + image.width] = pixels
    return result


def require_room(count: int, options: ClassificationOptions) -> None:
    """See that so many images fit in the memory that the options allow.

    Raises:
        DataError: they do not.
    """
    height, width = options.shown
    needed = count * options.channels * height * width / 2**20
    if needed > options.memory_mb:
        raise DataError(
            f"{quantity(count, 'image')} of {height}x{width} pixels take {needed:,.0f} MiB; memory_mb allows "
            f"{options.memory_mb:,}. Choose a smaller size, or allow more"
        )


def all_fitted(pixels: Pixels, options: ClassificationOptions) -> Pixels:
    """Images of one size at the options' size. Args: pixels: (N, C, H, W)."""
    require_room(len(pixels), options)
    if pixels.shape[2:] == options.shown:
        return pixels
    return np.stack([fitted(_image(one), options) for one in pixels])


def _image(pixels: Pixels) -> Image.Image:
    return Image.fromarray(pixels[0] if len(pixels) == 1 else np.ascontiguousarray(pixels.transpose(1, 2, 0)))


def _channels_first(pixels: Pixels) -> Pixels:
    return pixels[None] if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1))

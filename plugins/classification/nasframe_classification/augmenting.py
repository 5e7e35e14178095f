"""What networks see: whole batches of images cropped, mirrored, normalised and blanked at once."""

from __future__ import annotations

from typing import final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nasframe_classification.options import ClassificationOptions


@final
class Augmentation:
    """From bytes to the inputs of a network, by the options."""

    def __init__(self, options: ClassificationOptions, device: str) -> None:
        mean, std = (torch.tensor(values, device=device)[:, None, None] for values in options.normalisation)
        self._gain, self._offset = 1 / (255 * std), mean / std
        self._options = options

    def plain(self, images: Tensor) -> Tensor:
        """Images, (N, C, H, W) of 0..255, normalised."""
        return images * self._gain - self._offset

    def varied(self, images: Tensor, rng: np.random.Generator) -> Tensor:
        """Images, (N, C, H, W) of 0..255, each varied by numbers of its own, and normalised.

        What is cut out is blanked after normalising, with the mean, as DARTS does.
        """
        options = self._options
        moved = self.plain(self._moved(images, rng) if options.crop_padding or options.flip else images)
        if not options.cutout:
            return moved
        count, (height, width) = len(images), images.shape[-2:]
        middles = rng.integers(height, size=count), rng.integers(width, size=count)
        rows, columns = (
            _within(middle - options.cutout // 2, options.cutout, side).to(images.device)
            for middle, side in zip(middles, (height, width), strict=True)
        )
        return moved.masked_fill((rows[:, :, None] & columns[:, None, :])[:, None], 0.0)

    def _moved(self, images: Tensor, rng: np.random.Generator) -> Tensor:
        """Cropped from the padded image at random places, and mirrored."""
        padding = self._options.crop_padding
        count, channels, height, width = images.shape
        tops, lefts = (rng.integers(2 * padding + 1, size=count) for _ in range(2))
        mirrored = rng.random(count) < self._options.flip
        rows = tops[:, None] + np.arange(height)  # (N, H)
        columns = lefts[:, None] + np.where(mirrored[:, None], np.arange(width)[::-1], np.arange(width))
        padded = F.pad(images, (padding,) * 4)
        device = images.device
        found: Tensor = padded[
            torch.arange(count, device=device)[:, None, None, None],
            torch.arange(channels, device=device)[None, :, None, None],
            torch.from_numpy(rows).to(device)[:, None, :, None],
            torch.from_numpy(columns).to(device)[:, None, None, :],
        ]
        return found


def _within(starts: np.ndarray, length: int, side: int) -> Tensor:
    """Which pixels of a side are in each stretch, (N, side)."""
    places = np.arange(side)
    return torch.from_numpy((places >= starts[:, None]) & (places < starts[:, None] + length))

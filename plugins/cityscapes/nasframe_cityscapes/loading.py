"""Random access to batches: item j of batch k of a split follows from (seed, split, k, j) alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, final

import numpy as np

from nasframe.training.reading import BatchOrder
from nasframe_cityscapes.dataset import Frame
from nasframe_cityscapes.frames import FrameStore, Picture
from nasframe_cityscapes.options import SegmentationOptions
from nasframe_cityscapes.transforms import ColourJitter, Input, Shift, Window, cut


class Crops(NamedTuple):
    """A batch in memory."""

    inputs: Input
    """(N, 3, h, w)."""
    targets: Picture
    """Train ids, (N, h, w)."""
    stems: tuple[str, ...]


@final
class CropLoader:
    """The batches of one split: epochs in random order one after the other, each crop drawn anew.

    The last frames of an epoch share a batch with the first of the next, so that every batch is full.
    """

    def __init__(
        self,
        split: str,
        frames: Sequence[Frame],
        store: FrameStore,
        options: SegmentationOptions,
        seed: int,
    ) -> None:
        """Args: split: ``val`` is read in its order, from the middle of each frame; the others at random."""
        self._order = BatchOrder(split, len(frames), options.batch, seed)
        self._frames = frames
        self._store = store
        self._options = options

    @property
    def epoch_steps(self) -> int:
        """How many batches it takes to see every frame."""
        return self._order.epoch_steps

    def batch(self, number: int) -> Crops:
        """Batch ``number``, from 0."""
        items = [self._item(index, number, place) for place, index in enumerate(self._order.indexes(number))]
        inputs, targets, stems = zip(*items, strict=True)
        return Crops(np.stack(inputs), np.stack(targets), stems)

    def _item(self, index: int, number: int, place: int) -> tuple[Input, Picture, str]:
        frame = self._frames[index]
        pair = self._store.load(frame)
        size = pair[1].shape[0], pair[1].shape[1]
        if not self._order.random:
            return *cut(pair, Window.central(size, self._options.crop_size), self._options), frame.stem
        rng = self._order.rng(number, place)
        window = Window.random(size, self._options, rng)
        # Windows first, then colours, then shifts: what comes before is the same without what comes after.
        widths, most = self._options.colour_jitter, self._options.translate
        jitter = ColourJitter.random(widths, rng) if widths else None
        shift = Shift.random(most, rng) if most else None
        return *cut(pair, window, self._options, jitter, shift), frame.stem

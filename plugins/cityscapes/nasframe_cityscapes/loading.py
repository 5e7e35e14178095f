"""Random access to batches: item j of batch k of a split follows from (seed, split, k, j) alone."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from itertools import islice
from typing import NamedTuple, TypeVar, final

import numpy as np
import numpy.typing as npt

from nasframe_cityscapes.dataset import Frame
from nasframe_cityscapes.frames import FrameStore, Picture
from nasframe_cityscapes.options import SegmentationOptions
from nasframe_cityscapes.transforms import ColourJitter, Input, Shift, Window, cut

Made = TypeVar("Made")


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
        self._random = split != "val"
        self._frames = frames
        self._store = store
        self._options = options
        self._key = (seed, zlib.crc32(split.encode()))

    @property
    def epoch_steps(self) -> int:
        """How many batches it takes to see every frame."""
        return -(-len(self._frames) // self._options.batch)

    def batch(self, number: int) -> Crops:
        """Batch ``number``, from 0."""
        size = self._options.batch
        items = [self._item(number, place) for place in range(size)]
        inputs, targets, stems = zip(*items, strict=True)
        return Crops(np.stack(inputs), np.stack(targets), stems)

    def _item(self, number: int, place: int) -> tuple[Input, Picture, str]:
        epoch, index = divmod(number * self._options.batch + place, len(self._frames))
        if self._random:
            index = int(_order(*self._key, epoch, len(self._frames))[index])
        frame = self._frames[index]
        pair = self._store.load(frame)
        size = pair[1].shape[0], pair[1].shape[1]
        if not self._random:
            return *cut(pair, Window.central(size, self._options.crop_size), self._options), frame.stem
        rng = np.random.default_rng([*self._key, 1, number, place])
        window = Window.random(size, self._options, rng)
        # Windows first, then colours, then shifts: what comes before is the same without what comes after.
        widths, most = self._options.colour_jitter, self._options.translate
        jitter = ColourJitter.random(widths, rng) if widths else None
        shift = Shift.random(most, rng) if most else None
        return *cut(pair, window, self._options, jitter, shift), frame.stem


@lru_cache(maxsize=16)
def _order(seed: int, split: int, epoch: int, count: int) -> npt.NDArray[np.int64]:
    """The order of the frames in an epoch; drawn apart from the crops (the 0 that follows the split)."""
    return np.random.default_rng([seed, split, 0, epoch]).permutation(count)


def ahead(make: Callable[[int], Made], numbers: Iterable[int], workers: int) -> Iterator[Made]:
    """``map(make, numbers)``, made by some threads up to two each ahead of need; in the same order.

    Args:
        make: called from several threads at once; its exceptions come out where its result would.
        numbers: may be endless.
        workers: 0: made when asked for, by the caller's thread.
    """
    if workers == 0:
        yield from map(make, numbers)
        return
    rest = iter(numbers)
    pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="frames")
    try:
        waiting: deque[Future[Made]] = deque(pool.submit(make, n) for n in islice(rest, 2 * workers))
        while waiting:
            made = waiting.popleft().result()
            waiting.extend(pool.submit(make, number) for number in islice(rest, 1))
            yield made
    finally:
        pool.shutdown(wait=False, cancel_futures=True)

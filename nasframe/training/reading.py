"""Data read ahead of need, and in which order: item j of batch k follows from (seed, split, k, j) alone."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from itertools import islice
from typing import TypeVar, final

import numpy as np
import numpy.typing as npt

__all__ = ["BatchOrder", "ahead"]

Made = TypeVar("Made")


@final
class BatchOrder:
    """Which examples are in batch k of a split: passes over all of them, one after the other.

    The last examples of a pass share a batch with the first of the next, so that every batch is full.
    """

    def __init__(self, split: str, examples: int, batch: int, seed: int) -> None:
        """``val`` is read in its order; the other splits at random, each pass in an order of its own.

        Args:
            examples: how many the split has, 1 or more.
            batch: how many of them are in a batch.
        """
        self.random = split != "val"
        self._examples = examples
        self._batch = batch
        self._key = (seed, zlib.crc32(split.encode()))

    @property
    def epoch_steps(self) -> int:
        """How many batches it takes to see every example."""
        return -(-self._examples // self._batch)

    def indexes(self, number: int) -> list[int]:
        """The examples of batch ``number``, both from 0."""
        return [self._index(*divmod(at, self._examples)) for at in self._places(number)]

    def rng(self, number: int, *place: int) -> np.random.Generator:
        """The randomness of a batch, or of one place in it: crops and flips, apart from the order."""
        return np.random.default_rng([*self._key, 1, number, *place])

    def _places(self, number: int) -> range:
        return range(number * self._batch, (number + 1) * self._batch)

    def _index(self, epoch: int, place: int) -> int:
        return int(_order(*self._key, epoch, self._examples)[place]) if self.random else place


@lru_cache(maxsize=16)
def _order(seed: int, split: int, epoch: int, count: int) -> npt.NDArray[np.int64]:
    """The order of the examples in a pass; drawn apart from their crops (the 0 that follows the split)."""
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
    pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="ahead")
    try:
        waiting: deque[Future[Made]] = deque(pool.submit(make, n) for n in islice(rest, 2 * workers))
        while waiting:
            made = waiting.popleft().result()
            waiting.extend(pool.submit(make, number) for number in islice(rest, 1))
            yield made
    finally:
        pool.shutdown(wait=False, cancel_futures=True)

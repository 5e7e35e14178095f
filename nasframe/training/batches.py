"""Batches by number, from an evaluator's streams."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from nasframe.evaluator import Batch, Differentiable, Split

__all__ = ["BatchStream"]


class BatchStream:
    """One split of an evaluator, batch by batch; reads on where it stands, or starts anew at another number.

    What it keeps is a cache, not a state: batch k is the same whatever was read before.
    """

    def __init__(self, evaluator: Differentiable, split: Split) -> None:
        self._evaluator = evaluator
        self._split: Split = split
        self._iterator: Iterator[Batch] = iter(())
        self._next = -1

    def __getitem__(self, number: int) -> Batch:
        """Batch ``number``, from 0; no pass over the data ends it."""
        # A loader draws its workers' seed from torch's generator when it starts, which a resumed run does at
        # another step than one that was never stopped; the draw must not shift the step's own randomness.
        with torch.random.fork_rng(devices=[]):
            if number != self._next:
                self._iterator = self._evaluator.batches(self._split, number)
            batch = next(self._iterator)
        self._next = number + 1
        return batch

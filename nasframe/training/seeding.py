"""Randomness that is passed, never kept: every step's generators follow from the seed and the step's number."""

from __future__ import annotations

import zlib

import numpy as np
import torch

__all__ = ["seed_all"]


def seed_all(seed: int, *purpose: str | int) -> np.random.Generator:
    """Seed torch's generators on every device, and make numpy's, from a seed and what they are for.

    Args:
        seed: the experiment's, 0 or more.
        purpose: words and numbers, like ``"search", 120``; other purposes give independent randomness.
    """
    words = [zlib.crc32(part.encode()) if isinstance(part, str) else part for part in purpose]
    for_torch, for_numpy = np.random.SeedSequence([seed, *words]).spawn(2)
    torch.manual_seed(int(for_torch.generate_state(1, np.uint64)[0] >> np.uint64(1)))
    return np.random.default_rng(for_numpy)

"""Images in memory, by the splits that a data set comes with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Indexes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Images:
    """Some labelled images, all of one size."""

    pixels: Pixels
    """(N, C, H, W)."""
    labels: Indexes
    """(N,); each the place of a class among the data set's."""
    names: tuple[str, ...]
    """Where each comes from; no two alike."""


@dataclass(frozen=True)
class DataSet:
    """What was read, before it is split."""

    splits: Mapping[str, Images]
    """``train``, and what else the data set has or the options name."""
    classes: tuple[str, ...]
    """Their names, in the order of the labels."""
    files: Mapping[str, str]
    """What identifies each file, as ``Evaluator.fingerprint`` wants it."""
    whole: Mapping[str, int]
    """How many images the splits have in the published data set; empty: nobody knows."""

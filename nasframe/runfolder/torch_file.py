"""What ``torch.save`` wrote, read so that no file brings in more than tensors and plain data."""

from __future__ import annotations

import pickle
import struct
import warnings
import zipfile
from pathlib import Path
from typing import IO, Any

import torch

from nasframe.files.words import first_line

_RAISED = (
    *(ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, MemoryError, RuntimeError),
    *(SyntaxError, TypeError, ValueError, pickle.PickleError, struct.error, zipfile.BadZipFile),
)
"""What ``torch.load`` raises for files that are damaged or meant to harm."""


def load(source: Path | IO[bytes]) -> Any:
    """Tensors, on the CPU, and plain data.

    Raises:
        ValueError: it cannot be read or holds something else; says why in a line.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of archives that only look like TorchScript's
            return torch.load(source, map_location="cpu", weights_only=True)
    except OSError as error:
        raise ValueError(error.strerror or first_line(error)) from error
    except _RAISED as error:
        raise ValueError(_said(error)) from error


def _said(error: BaseException) -> str:
    """What is wrong; of what torch says of a refused pickle not the advice to allow everything."""
    if not isinstance(error, pickle.UnpicklingError):
        return f"{type(error).__name__}: {first_line(error)}"
    reason = str(error).rpartition("WeightsUnpickler error: ")[2].strip().splitlines()[:1]
    return ": ".join(("it holds something else than tensors and plain data", *reason))

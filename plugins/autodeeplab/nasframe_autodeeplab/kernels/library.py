"""The compiled kernels as Python functions on contiguous tensors of float32 or float64."""

from __future__ import annotations

import ctypes
import logging
import os
from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor

from nasframe_autodeeplab.kernels.building import BuildError, library

logger = logging.getLogger(__name__)
NAMES = {torch.float32: "float32", torch.float64: "float64"}
SWITCH = "NASFRAME_NO_KERNELS"


def kernels() -> ctypes.CDLL | None:
    """The loaded kernels; None: torch's own are used."""
    return loaded()[0]


def description() -> str:
    """Which kernels are used, and why if they are torch's."""
    return loaded()[1]


@cache
def loaded() -> tuple[ctypes.CDLL | None, str]:
    """The kernels and their description, which is also logged, once."""
    if os.environ.get(SWITCH):
        logger.info("CPU kernels: torch's, as %s is set", SWITCH)
        return None, f"torch's, as {SWITCH} is set"
    try:
        found = ctypes.CDLL(str(library()))
    except (BuildError, OSError) as error:
        logger.warning("CPU kernels: torch's, which are several times slower: %s", error)
        return None, f"torch's: {error}"
    logger.info("CPU kernels: compiled for this machine")
    return found, "compiled for this machine"


def usable(*tensors: Tensor) -> bool:
    """Whether the kernels can work on these tensors."""
    first = tensors[0]
    same = all(tensor.device.type == "cpu" and tensor.dtype == first.dtype for tensor in tensors)
    return same and first.dtype in NAMES and first.numel() > 0 and kernels() is not None


def call(name: str, dtype: torch.dtype, *given: Tensor | Sequence[Tensor] | Sequence[int] | int | float | None) -> None:
    """Call a kernel; a sequence of tensors is passed as their addresses, one of numbers as an array.

    Every kernel's last argument is the number of threads, which is added here.
    """
    found = kernels()
    assert found is not None
    getattr(found, f"{name}_{NAMES[dtype]}")(*map(_argument, given), ctypes.c_int(torch.get_num_threads()))


def _argument(given: Tensor | Sequence[Tensor] | Sequence[int] | int | float | None) -> object:
    if given is None:
        return None
    if isinstance(given, Tensor):
        return ctypes.c_void_p(given.data_ptr())
    if isinstance(given, int):
        return ctypes.c_int64(given)
    if isinstance(given, float):
        return ctypes.c_double(given)
    numbers = [one.data_ptr() if isinstance(one, Tensor) else one for one in given]
    return (ctypes.c_int64 * len(numbers))(*numbers)

"""Arrays in files that other programs wrote: ``.npy``, ``.npz``, and ``.pt`` of tensors."""

from __future__ import annotations

import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nasframe.errors import FileError
from nasframe.files.limits import MOST_ARRAY_BYTES, MOST_TENSOR_BYTES
from nasframe.files.words import first_line, quantity

if TYPE_CHECKING:
    from torch import Tensor

Read = Callable[[], np.ndarray]
"""Reads one array, in double precision; raises ``FileError`` where it holds no real numbers or too many of them."""
_UNREADABLE = (
    *(OSError, ValueError, LookupError, EOFError, MemoryError, RuntimeError, SyntaxError, TypeError, ArithmeticError),
    *(AttributeError, struct.error, tokenize.TokenError, zipfile.BadZipFile, zlib.error),
)
"""What numpy raises for files that are damaged or hold something else."""


def arrays_in(path: Path) -> dict[str, Read]:
    """The arrays of a file by name; the only one of a file without names is called ``""``.

    Tensors of a ``.pt`` that lie in mappings or lists inside each other have names like ``state_dict.alphas``.

    Raises:
        FileError: the file cannot be read, holds something else, or more than any search leaves.
    """
    readers = {".npy": _npy, ".npz": _npz, ".pt": _tensors, ".pth": _tensors}
    if path.suffix not in readers:
        raise FileError(f"{path}: found a name that ends in {path.suffix!r}, expected {', '.join(readers)}")
    if not path.is_file():
        raise FileError(f"{path}: {'is a folder' if path.is_dir() else 'does not exist'}; expected a file of arrays")
    try:
        return readers[path.suffix](path)
    except _UNREADABLE as error:
        raise FileError(f"{path}: cannot be read as {path.suffix} ({first_line(error)})") from error


def _npy(path: Path) -> dict[str, Read]:
    # Mapped, so that a header that tells of more than is there, or of more than is allowed, costs nothing.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of headers that only an older numpy wrote
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    return {"": partial(_checked, array, str(path))}


def _npz(path: Path) -> dict[str, Read]:
    with zipfile.ZipFile(path) as parts:
        sizes = {part.filename.removesuffix(".npy"): part.file_size for part in parts.infolist()}
    return {name: partial(_from_npz, path, name, size) for name, size in sizes.items()}


def _from_npz(path: Path, name: str, size: int) -> np.ndarray:
    told = f"{path}: {name!r}"
    _require_small(size, told)
    try:
        with warnings.catch_warnings(), path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            warnings.simplefilter("ignore")
            return _checked(arrays[name], told)
    except _UNREADABLE as error:
        raise FileError(f"{told} cannot be read ({first_line(error)})") from error


def _tensors(path: Path) -> dict[str, Read]:
    from nasframe.runfolder import torch_file
    from nasframe.runfolder.weights import damaged_part

    size, zipped = path.stat().st_size, zipfile.is_zipfile(path)
    if zipped:
        with zipfile.ZipFile(path) as parts:
            size = max(size, sum(part.file_size for part in parts.infolist()))
    if size > MOST_TENSOR_BYTES:
        raise ValueError(f"it has {quantity(size, 'byte')}; at most {MOST_TENSOR_BYTES:,} are read")
    if zipped and (damaged := damaged_part(path)) is not None:
        raise ValueError(f"it is damaged ({damaged}: its checksum differs)")
    return {name: partial(_from_tensor, tensor, f"{path}: {name!r}") for name, tensor in _flat(torch_file.load(path))}


def _flat(found: Any) -> Iterator[tuple[str, Tensor]]:
    """The tensors in mappings and lists, each mapping or list looked into once, by their keys joined by dots."""
    from torch import Tensor

    seen: set[int] = set()
    left: list[tuple[str, Any]] = [("", found)]
    while left:
        name, value = left.pop()
        if isinstance(value, Tensor):
            yield name, value
        elif isinstance(value, Mapping | list | tuple) and id(value) not in seen:
            seen.add(id(value))
            items = value.items() if isinstance(value, Mapping) else enumerate(value)
            left += reversed([(f"{name}.{key}" if name else str(key), inner) for key, inner in items])


def _from_tensor(tensor: Tensor, told: str) -> np.ndarray:
    _require_small(tensor.numel() * tensor.element_size(), told)
    if tensor.is_complex() or tensor.is_quantized or tensor.is_meta:
        raise FileError(f"{told} holds {str(tensor.dtype).removeprefix('torch.')}; expected real numbers")
    return _checked(tensor.detach().to_dense().double().numpy(), told)


def _checked(array: np.ndarray, told: str) -> np.ndarray:
    _require_small(array.nbytes, told)
    if array.dtype.kind not in "fiu":
        raise FileError(f"{told} holds {array.dtype}; expected real numbers")
    return np.array(array, dtype=np.float64)


def _require_small(size: int, told: str) -> None:
    if size > MOST_ARRAY_BYTES:
        raise FileError(
            f"{told} has {quantity(size, 'byte')}; of an array of logits or weights at most "
            f"{MOST_ARRAY_BYTES:,} are read"
        )

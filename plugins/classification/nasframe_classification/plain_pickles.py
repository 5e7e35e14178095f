"""Pickles of plain data and arrays of bytes, as CIFAR comes in, read without running anything that they name.

A pickle is a program. What it may call here are four stand-ins, under the names by which numpy's arrays are pickled;
none of them is numpy's own, and each builds an array of bytes or refuses. Its opcodes are looked at before, so that a
few bytes cannot ask for much memory.
"""

from __future__ import annotations

import io
import pickle
import pickletools
import reprlib
from collections.abc import Callable
from math import prod
from typing import Any, final

import numpy as np
import numpy.typing as npt
from typing_extensions import override

from nasframe import DataError
from nasframe.files.words import quantity

MOST_BYTES = 256 * 2**20
"""The largest file that is read; CIFAR-100's has 155 million bytes."""
OPCODES = frozenset(
    [
        *("PROTO", "FRAME", "STOP", "MARK", "POP", "POP_MARK", "DUP", "NONE", "NEWTRUE", "NEWFALSE"),
        *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "STRING", "BINSTRING", "SHORT_BINSTRING"),
        *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
        *("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
        *("EMPTY_DICT", "DICT", "SETITEM", "SETITEMS", "EMPTY_LIST", "LIST", "APPEND", "APPENDS"),
        *("EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"),
        *("GET", "BINGET", "LONG_BINGET", "PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"),
        *("GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD"),
    ]
)
"""What plain data and arrays need; nothing here makes an object of a class that the file names, or a large number."""
MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")
NUMERIC = ("numpy.core.numeric", "numpy._core.numeric")


def read_plain_pickle(content: bytes) -> Any:
    """Dicts, lists, tuples, numbers, texts, bytes and arrays of bytes; the texts of Python 2 are bytes.

    Raises:
        DataError: the content is no pickle, broken, too large, or holds something else; the message is a predicate.
    """
    if len(content) > MOST_BYTES:
        raise DataError(f"{quantity(len(content), 'byte')}; expected at most {MOST_BYTES:,}")
    try:
        _look_through(content)
        return _plain(_Reader(io.BytesIO(content), encoding="bytes").load())
    except DataError:
        raise
    except Exception as error:  # an unpickler that is given nonsense raises whatever comes of it
        raise DataError(
            f"no whole pickle ({error or type(error).__name__}); expected one, as CIFAR comes in"
        ) from error


def _look_through(content: bytes) -> None:
    """Raises: DataError: an opcode that plain data need not, or a memo of many empty places, which take room."""
    for number, (opcode, argument, place) in enumerate(pickletools.genops(content)):
        if opcode.name not in OPCODES:
            raise DataError(f"a pickle that says {opcode.name} at byte {place}; expected plain data and arrays alone")
        if opcode.name in ("PUT", "BINPUT", "LONG_BINPUT") and int(str(argument)) > number:
            raise DataError(
                f"a pickle with place {argument:,} of its memo filled at byte {place}, after {number} others"
            )


class _Marker:
    """What stands for a class of numpy's that is only named."""


@final
class _Type:
    """What stands for numpy's dtype."""

    def __init__(self, code: Any, *details: Any) -> None:
        if code not in ("u1", b"u1"):
            raise DataError(f"an array of the type {reprlib.repr(code)}; expected bytes, 'u1'")

    def __setstate__(self, state: Any) -> None:
        """Byte order and the like; bytes have none."""


@final
class _Array:
    """What stands for an array until its content is known."""

    def __init__(self, *kind: Any) -> None:
        self.value: npt.NDArray[np.uint8] | None = None

    def __setstate__(self, state: Any) -> None:
        _, shape, type_, fortran, data = state
        self.value = _array(data, type_, shape, "F" if fortran else "C")


def _frombuffer(data: Any, type_: Any, shape: Any, order: Any) -> _Array:
    """As numpy's of that name."""
    found = _Array()
    found.value = _array(data, type_, shape, order)
    return found


def _array(data: Any, type_: Any, shape: Any, order: Any) -> npt.NDArray[np.uint8]:
    """Raises: DataError: these are no bytes, or not as many as the shape says."""
    whole = isinstance(shape, tuple) and all(type(side) is int and side >= 0 for side in shape)
    right = isinstance(data, bytes | bytearray) and isinstance(type_, _Type) and order in ("C", "F")
    if not (right and whole and prod(shape) == len(data)):
        size = quantity(len(data), "byte") if isinstance(data, bytes | bytearray) else type(data).__name__
        raise DataError(f"an array of the shape {reprlib.repr(shape)} made of {size}; expected a byte a value")
    return np.frombuffer(bytes(data), dtype=np.uint8).reshape(shape, order=order)


def _encode(text: Any, encoding: Any) -> bytes:
    """Bytes as Python 3 writes them for Python 2: a text in latin-1."""
    if encoding not in ("latin1", b"latin1") or not isinstance(text, str):
        raise DataError(f"a text in the encoding {reprlib.repr(encoding)}; expected latin1")
    return text.encode("latin1")


STAND_INS: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "ndarray"): _Marker,
    ("numpy", "dtype"): _Type,
    ("_codecs", "encode"): _encode,
    **{(module, "_reconstruct"): _Array for module in MULTIARRAY},
    **{(module, "_frombuffer"): _frombuffer for module in NUMERIC},
}


@final
class _Reader(pickle.Unpickler):
    @override
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in STAND_INS:
            raise DataError(f"a pickle that asks for {module}.{name}, which is not run; expected plain data and arrays")
        return STAND_INS[module, name]


def _plain(value: Any) -> Any:
    """With arrays in place of what stood for them, as deep as CIFAR goes: values of a dict."""
    if isinstance(value, dict):
        return {key: one.value if isinstance(one, _Array) else one for key, one in value.items()}
    return value.value if isinstance(value, _Array) else value

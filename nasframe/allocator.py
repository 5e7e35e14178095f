"""The C library's allocator: what a step frees is kept for the next one.

By default glibc gives large blocks back to the system as soon as they are free. A step of training frees and wants the
same gigabytes again and again, and the system clears each page that it hands out; ``benchmarks/kept_memory.py``
measures what that costs.
"""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

TRIM_THRESHOLD = -1
"""``M_TRIM_THRESHOLD`` of malloc.h: above so many free bytes at the end of the heap these are given back."""
MMAP_THRESHOLD = -3
"""``M_MMAP_THRESHOLD``: blocks from so many bytes on are mapped by themselves, and given back when they are free."""
KEEPING = {MMAP_THRESHOLD: 2**30, TRIM_THRESHOLD: 2**30}
ORDINARY = {MMAP_THRESHOLD: 2**25, TRIM_THRESHOLD: 2**26}
"""What glibc's own thresholds, which grow with what a program frees, come to at most."""


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Within it the process keeps what it frees, where glibc is its C library; afterwards it is given back."""
    library = _glibc()
    if library is None:
        yield
        return
    _set(library, KEEPING)
    try:
        yield
    finally:
        _set(library, ORDINARY)
        library.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None


def _set(library: ctypes.CDLL, thresholds: Mapping[int, int]) -> None:
    for name, value in thresholds.items():
        library.mallopt(name, value)

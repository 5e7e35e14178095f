"""Where and how exactly a run computes: the device, deterministic kernels, threads, and memory that is freed."""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext

import torch
import torch.utils.deterministic

from nasframe.errors import ExperimentError
from nasframe.evaluator import Runtime
from nasframe.experiment.run_options import RunOptions
from nasframe.files.words import first_line

TRIM_THRESHOLD = -1
"""``M_TRIM_THRESHOLD`` of malloc.h: above so many free bytes at the end of the heap these are given back."""
MMAP_THRESHOLD = -3
"""``M_MMAP_THRESHOLD``: blocks from so many bytes on are mapped by themselves, and given back when they are free."""
KEEPING = {MMAP_THRESHOLD: 2**30, TRIM_THRESHOLD: 2**30}
ORDINARY = {MMAP_THRESHOLD: 2**25, TRIM_THRESHOLD: 2**26}
"""What glibc's own thresholds, which grow with what a program frees, come to at most."""


def runtime(options: RunOptions, seed: int) -> Runtime:
    """The runtime that the options ask for; ``auto`` takes the first of CUDA, MPS and CPU that is there.

    Precision ``auto``: float32, but on CUDA bfloat16 where the hardware has it, else float16.

    Raises:
        ExperimentError: there is no such device, or it does not compute in the precision.
    """
    device = _device(options.device)
    if options.precision == "float16" and torch.device(device).type == "cpu":
        raise ExperimentError(
            "run.precision is float16, in which torch does not compute everything on a CPU; take float32, which is the "
            "fastest there, or bfloat16"
        )
    if options.precision != "auto":
        return Runtime(seed, device, options.precision)
    if torch.device(device).type != "cuda":
        return Runtime(seed, device)
    return Runtime(seed, device, "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16")


@contextmanager
def set_numerics(options: RunOptions, device: str) -> Iterator[list[str]]:
    """Set torch's threads and deterministic kernels for a run, and set them back afterwards.

    On a CPU the process keeps the memory that it frees meanwhile.

    Yields:
        Sentences for the user: what cannot be exact on this device.
    """
    on_cpu = torch.device(device).type == "cpu"
    before = (
        torch.get_num_threads(),
        torch.get_deterministic_debug_mode(),
        torch.backends.cudnn.benchmark,
        torch.utils.deterministic.fill_uninitialized_memory,  # type: ignore[attr-defined]
    )
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    if options.deterministic:
        # cuBLAS reads it when it starts; it is deterministic only with a workspace of fixed size.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.set_deterministic_debug_mode("error" if on_cpu else "warn")
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = not options.deterministic
    try:
        with keep_freed_memory() if on_cpu else nullcontext():
            yield [] if on_cpu else [_warning(options, device)]
    finally:
        torch.set_num_threads(before[0])
        torch.set_deterministic_debug_mode(before[1])
        torch.backends.cudnn.benchmark = before[2]
        torch.utils.deterministic.fill_uninitialized_memory = before[3]  # type: ignore[attr-defined]


@contextmanager
def keep_freed_memory() -> Iterator[None]:
    """Within it the process keeps what it frees, where glibc is its C library; afterwards it is given back.

    By default glibc gives large blocks back to the system as soon as they are free. A step of training frees and wants
    the same gigabytes again and again, and the system clears each page that it hands out;
    ``benchmarks/kept_memory.py`` measures what that costs.
    """
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


def _device(name: str) -> str:
    if name == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = first_line(error)
        raise ExperimentError(
            f"run.device is {name!r}, which cannot be used here ({reason}); 'auto' takes the best there is, 'cpu' "
            "is always there"
        ) from error
    return name


def _warning(options: RunOptions, device: str) -> str:
    if not options.deterministic:
        return "run.deterministic is off: a repeated or resumed run may differ in the last bits."
    return (
        f"Some operations have no deterministic kernel on {device}; torch warns of each by name. "
        "Where it does, a repeated or resumed run may differ in the last bits."
    )


def _glibc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None


def _set(library: ctypes.CDLL, thresholds: Mapping[int, int]) -> None:
    for name, value in thresholds.items():
        library.mallopt(name, value)

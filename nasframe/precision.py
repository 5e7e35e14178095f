"""Where and how exactly numbers are computed: the device, the type inside autocast, deterministic kernels, threads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

import torch
import torch.utils.deterministic

from nasframe.allocator import freed_memory_kept
from nasframe.errors import ExperimentError
from nasframe.evaluator import Runtime

if TYPE_CHECKING:
    from nasframe.run_options import RunOptions

DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}


def runtime(options: RunOptions, seed: int) -> Runtime:
    """The runtime that the options ask for; ``auto`` takes the first of CUDA, MPS and CPU that is there.

    Precision ``auto``: float32, but on CUDA bfloat16 where the hardware has it, else float16.

    Raises:
        ExperimentError: there is no such device.
    """
    device = _device(options.device)
    if options.precision != "auto":
        return Runtime(seed, device, options.precision)
    if torch.device(device).type != "cuda":
        return Runtime(seed, device)
    return Runtime(seed, device, "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16")


def autocast(runtime: Runtime) -> AbstractContextManager[object]:
    """The context in which forward passes and losses are computed; float32: no context."""
    if runtime.precision == "float32":
        return nullcontext()
    return torch.autocast(torch.device(runtime.device).type, dtype=DTYPES[runtime.precision])


def grad_scaler(runtime: Runtime) -> torch.amp.GradScaler:
    """The loss scaler that float16 needs; in other precisions it does nothing."""
    return torch.amp.GradScaler(torch.device(runtime.device).type, enabled=runtime.precision == "float16")


@contextmanager
def numerics(options: RunOptions, device: str) -> Iterator[list[str]]:
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
        with freed_memory_kept() if on_cpu else nullcontext():
            yield [] if on_cpu else [_warning(options, device)]
    finally:
        torch.set_num_threads(before[0])
        torch.set_deterministic_debug_mode(before[1])
        torch.backends.cudnn.benchmark = before[2]
        torch.utils.deterministic.fill_uninitialized_memory = before[3]  # type: ignore[attr-defined]


def _device(name: str) -> str:
    if name == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
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

"""What the benchmarks have in common: timing things in turns, and what the machine can do at best."""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import torch
from history import processor

from nasframe.files.words import quantity

Task = Callable[[], object]
TRIES = 8
"""Of which the best is a limit."""
SIDE = 1536
"""Of the square matrices whose product is timed."""
COPIED = 256 * 2**20
"""Bytes of the copy that is timed, several times what a cache holds."""


class Limits(NamedTuple):
    """The best that the machine does with torch's present number of threads."""

    gemm: float
    """Floating-point operations a second in a product of float32 matrices; a multiply-add is two."""
    copy: float
    """Bytes a second, read and written, in a large copy."""

    def __str__(self) -> str:
        return f"matrix product {self.gemm / 1e9:.0f} GFLOP/s, large copy {self.copy / 1e9:.1f} GB/s"


def parser(description: str | None, rounds: int) -> argparse.ArgumentParser:
    """With ``--threads`` and ``--rounds``. Args: description: the script's docstring."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--threads", type=int, default=1, help="CPU threads of torch (default: %(default)s)")
    made.add_argument("--rounds", type=int, default=rounds, help="how often each is timed (default: %(default)s)")
    return made


def clock() -> float:
    """Seconds: CPU time of the process on one thread, so that other programs hardly count; wall time on more."""
    return time.process_time() if torch.get_num_threads() == 1 else time.perf_counter()


def interleaved(
    tasks: Mapping[str, Task], rounds: int, uncounted: int = 1, now: Callable[[], float] = clock
) -> dict[str, float]:
    """Median seconds of each task, all done in turns so that a slow minute hits all alike.

    Args:
        uncounted: rounds before those that count.
        now: tells the time.
    """
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    for index in range(uncounted + rounds):
        for name, task in tasks.items():
            begun = now()
            task()
            if index >= uncounted:
                taken[name].append(now() - begun)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def limits() -> Limits:
    """Measure them; about a second."""
    left, right = torch.rand(SIDE, SIDE), torch.rand(SIDE, SIDE)
    source = torch.ones(COPIED // 4)
    target = torch.empty_like(source)
    product = min(_seconds(lambda: left @ right) for _ in range(TRIES))
    copy = min(_seconds(lambda: target.copy_(source)) for _ in range(TRIES))
    return Limits(2 * SIDE**3 / product, 2 * COPIED / copy)


def machine() -> str:
    """Processor, cores, system, versions, threads and how busy it is, in one line."""
    load = f", load {os.getloadavg()[0]:.1f}" if platform.system() != "Windows" else ""
    return (
        f"{processor()}, {quantity(os.cpu_count() or 1, 'core')}, {platform.system()}; "
        f"Python {platform.python_version()}, torch {torch.__version__}, "
        f"numpy {np.__version__}; {quantity(torch.get_num_threads(), 'thread')}{load}"
    )


def _seconds(task: Task) -> float:
    begun = clock()
    task()
    return clock() - begun

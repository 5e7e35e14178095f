"""How long networks and their parts take for their input, measured."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from nasframe.cost.counting import counted
from nasframe.space import Measure

UNCOUNTED, REPEATS = 3, 15
"""Forward passes that warm up and do not count; those that do."""


@dataclass(frozen=True)
class Latency:
    """Milliseconds of one forward pass in eval mode, without gradients."""

    median: float
    low: float
    """A quarter of the passes were faster."""
    high: float
    """A quarter of the passes were slower."""
    repeats: int
    uncounted: int
    threads: int
    device: str
    shapes: tuple[tuple[int, ...], ...]
    """Of the inputs."""


def latency(
    network: nn.Module,
    *shapes: tuple[int, ...],
    device: str = "cpu",
    threads: int | None = None,
    repeats: int = REPEATS,
) -> Latency:
    """Time a network on random input.

    Args:
        shapes: of its inputs, (N, C, H, W) each.
        threads: of torch on the CPU; None: as it is set.
        repeats: passes that count, at least 2.
    """
    network = network.to(device).eval()
    inputs = [torch.randn(shape, device=device) for shape in shapes]
    taken = []
    with _threads(threads), torch.inference_mode():
        used = torch.get_num_threads()
        for _ in range(UNCOUNTED + repeats):
            begun = time.perf_counter()
            network(*inputs)
            if torch.device(device).type == "cuda":
                torch.cuda.synchronize(device)
            taken.append(1000 * (time.perf_counter() - begun))
    low, median, high = statistics.quantiles(taken[UNCOUNTED:], n=4)
    return Latency(median, low, high, repeats, UNCOUNTED, used, device, shapes)


def timed(device: str) -> Measure:
    """A ``Measure`` that counts and also times: ``latency`` in milliseconds, the median as ``latency`` finds it.

    Parts are timed one by one; a whole network may be faster, by as much as its parts overlap.
    """

    def measure(build: Callable[[], nn.Module], /, *shapes: tuple[int, ...]) -> Mapping[str, float]:
        found = latency(build(), *shapes, device=device)
        return {**counted(build, *shapes), "latency": round(found.median, 3)}

    return measure


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)

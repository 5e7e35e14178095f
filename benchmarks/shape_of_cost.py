"""How do the time and the memory of a step of the supernet grow with its size, and do they outgrow its arithmetic?

    python benchmarks/shape_of_cost.py --into results
    python benchmarks/shape_of_cost.py --into results --axes layers blocks

One of L, B, F, the crop, the batch and the threads is varied at a time, around the setting that the other options give.
The points of an axis are timed in turns. Time is that of a weights step; memory is what its forward pass keeps for the
backward pass; arithmetic is three times the forward pass's convolutions.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from supernet_step import MEGABYTE, Steps, arithmetic, calls
from supernets import FORMS, Setting, setting_parser
from timing import clock, interleaved, machine

from nasframe.run.device import keep_freed_memory

AXES = {
    "layers": (3, 4, 6, 8, 10, 12),
    "blocks": (1, 2, 3, 4, 5, 6),
    "filters": (4, 8, 16, 32),
    "crop": (65, 129, 193, 257, 321),
    "batch": (1, 2, 4, 8),
    "threads": (1, 2),
}
TITLES = {"layers": "layers L", "blocks": "blocks B", "filters": "filters F", "crop": "crop, pixels", "batch": "batch"}


@dataclass(frozen=True)
class Point:
    """What a step costs in one setting."""

    value: int
    """Of the axis."""
    seconds: float
    flops: int
    activations: int
    """Bytes."""
    calls: int
    """Of tensor operations in a forward pass."""


def main() -> None:
    """Print a table for each axis and draw them all."""
    asked = setting_parser(__doc__, rounds=5, layers=4, crop=129)
    asked.add_argument("--form", choices=FORMS, default="stacked", help="of the supernet (default: %(default)s)")
    asked.add_argument("--axes", nargs="+", choices=AXES, default=list(AXES), help="which (default: all)")
    asked.add_argument("--into", type=Path, required=True, help="folder of the picture")
    given = asked.parse_args()
    setting = Setting.of(given)
    print(f"{machine()}\n{given.form}: {setting}")
    found = {}
    for axis in given.axes:
        with keep_freed_memory():
            found[axis] = measure(axis, setting, given)
        print(f"\n{table(axis, found[axis])}", flush=True)
    given.into.mkdir(parents=True, exist_ok=True)
    draw(found, given.into / "shape_of_cost.svg")


def measure(axis: str, setting: Setting, given: argparse.Namespace) -> list[Point]:
    """All points of an axis."""
    settings = {value: setting._replace(**{axis: value}) for value in AXES[axis]}
    steps = {value: Steps(given.form, one) for value, one in settings.items()}
    tasks = {str(value): on_threads(settings[value].threads, one.weights_step) for value, one in steps.items()}
    seconds = interleaved(tasks, given.rounds, now=time.perf_counter if axis == "threads" else clock)
    torch.set_num_threads(setting.threads)
    return [
        Point(value, seconds[str(value)], 3 * arithmetic(one), steps[value].activations(), calls(given.form, one))
        for value, one in settings.items()
    ]


def on_threads(threads: int, task: Callable[[], None]) -> Callable[[], None]:
    """The task, done on so many threads."""

    def done() -> None:
        torch.set_num_threads(threads)
        task()

    return done


def table(axis: str, points: Sequence[Point]) -> str:
    """Markdown, with the powers of the axis by which things grow from one end to the other."""
    lines = [f"| {axis} | seconds | GFLOP | s per TFLOP | activations, MB | MB per GFLOP | calls, forward |"]
    lines.append("| ---: " * 7 + "|")
    for point in points:
        giga, mega = point.flops / 1e9, point.activations / MEGABYTE
        cells = f"{point.seconds:.3f} | {giga:.1f} | {1000 * point.seconds / giga:.0f} | {mega:.0f} | {mega / giga:.1f}"
        lines.append(f"| {point.value} | {cells} | {point.calls:,} |")
    powers = ", ".join(f"{name} {power(points, name):.2f}" for name in ("seconds", "flops", "activations"))
    return "\n".join([*lines, "", f"Powers of {axis} from end to end: {powers}."])


def power(points: Sequence[Point], name: str) -> float:
    """p, where something grows as the axis to the p, from the first point to the last."""
    first, last = points[0], points[-1]
    return math.log(getattr(last, name) / getattr(first, name)) / math.log(last.value / first.value)


def draw(found: dict[str, list[Point]], path: Path) -> None:
    """A panel for each axis: everything relative to its first point, both axes logarithmic."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot
    from matplotlib.ticker import NullFormatter, NullLocator

    columns = min(3, len(found))
    rows = -(-len(found) // columns)
    figure, grid = pyplot.subplots(
        rows, columns, figsize=(3.6 * columns, 3 * rows), layout="constrained", squeeze=False
    )
    lines = {"flops": "arithmetic", "seconds": "time", "activations": "activations"}
    for axes in grid.flat[len(found) :]:
        axes.set_axis_off()
    for axes, (axis, points) in zip(grid.flat, found.items(), strict=False):
        values = [point.value for point in points]
        for name, label in lines.items():
            relative = [getattr(point, name) / getattr(points[0], name) for point in points]
            style = {"color": "grey", "linestyle": "--"} if name == "flops" else {"marker": "o", "markersize": 4}
            axes.loglog(values, relative, label=label, **style)
        axes.set_xlabel(TITLES.get(axis, axis))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_xticks(values, [str(value) for value in values])
        axes.grid(alpha=0.3)
    grid[0, 0].set_ylabel("times the first point")
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=len(lines), frameon=False)
    figure.savefig(path)


if __name__ == "__main__":
    main()

"""Does a training step wait for its batch?

    python benchmarks/data_loading.py
    python benchmarks/data_loading.py --root DATA --reduce 2 --crop 321 --step 1.0

Batches are taken from the evaluator ``cityscapes`` as a search takes them, and between them a training step is
imitated: convolutions forward and backward on ``--threads`` threads until ``--step`` seconds are over. Printed is how
long the step waited for its batch, the first time, when nothing is cached by us (the system may hold the files), and
later, when each frame was read before. Frames come decoded from memory (``cache_mb``), are decoded each time, or come
decoded from disk (``decoded_cache``). A second table has the time of one frame by itself, in the same three ways.

Without ``--root`` scenes of 1024x2048 pixels are drawn, once, into the cache folder.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from timing import clock, machine, parser
from torch.nn import functional

from nasframe import Batch, Runtime
from nasframe_cityscapes.dataset import find_frames
from nasframe_cityscapes.evaluator import Cityscapes
from nasframe_cityscapes.frames import FrameStore
from nasframe_cityscapes.scenes import SceneOptions
from nasframe_cityscapes.streets import drawn

WORKERS = (0, 1, 2)
EPOCHS = ("first", "later")
TIMED = 12
"""Frames whose reading alone is timed."""


class Wait(NamedTuple):
    """Of the steps of an epoch, for their batches; seconds."""

    median: float
    mean: float
    p95: float
    share: float
    """Of the whole time."""


def main() -> None:
    """Print both tables."""
    asked = parser(__doc__, rounds=1)
    asked.add_argument("--root", type=Path, help="a data set in Cityscapes' layout; default: drawn scenes")
    asked.add_argument("--frames", type=int, default=24, help="how many scenes are drawn (default: %(default)s)")
    asked.add_argument("--reduce", type=int, default=2, help="as the evaluator's option (default: %(default)s)")
    asked.add_argument("--crop", type=int, default=321, help="as the evaluator's option (default: %(default)s)")
    asked.add_argument("--batch", type=int, default=2, help="as the evaluator's option (default: %(default)s)")
    asked.add_argument("--step", type=float, default=0.2, help="seconds of a training step (default: %(default)s)")
    asked.add_argument("--most", type=int, default=50, help="steps of an epoch that are done (default: %(default)s)")
    chosen = asked.parse_args()
    torch.set_num_threads(chosen.threads)
    root = chosen.root or drawn(SceneOptions(train=chosen.frames, val=1, cities=2, height=1024, width=2048))
    print(machine())
    print(f"{root}; reduce {chosen.reduce}, crop {chosen.crop}, batch {chosen.batch}, steps of {chosen.step} s\n")
    print("| frames | workers | epoch | wait, ms: median | mean | p95 | of the step |")
    print("| --- | ---: | --- | ---: | ---: | ---: | ---: |")
    fixed = {"root": str(root), "check": "none", "reduce": chosen.reduce, "crop": chosen.crop, "batch": chosen.batch}
    with tempfile.TemporaryDirectory() as folder:
        for number, workers in enumerate(WORKERS):
            for source, options in sources(Path(folder) / str(number)).items():
                evaluator = Cityscapes(Cityscapes.Options(**fixed, **options, workers=workers), Runtime(0, "cpu"))
                waits = epochs(evaluator, chosen.step, chosen.most)
                for epoch, wait in zip(EPOCHS, waits, strict=True):
                    figures = " | ".join(f"{1e3 * seconds:.1f}" for seconds in wait[:3])
                    print(f"| {source} | {workers} | {epoch} | {figures} | {100 * wait.share:.1f} % |", flush=True)
        single(root, chosen.reduce, Path(folder) / "single")


def sources(folder: Path) -> dict[str, dict[str, Any]]:
    """The options of the three ways to come by a frame."""
    return {
        "kept in memory": {"cache_mb": 100_000},
        "decoded each time": {"cache_mb": 0},
        "decoded on disk": {"decoded_cache": str(folder)},
    }


def epochs(evaluator: Cityscapes, seconds: float, most: int) -> list[Wait]:
    """The waits of the first batches, and of the same again, without the first one: in a search nothing stops there."""
    steps = min(most, evaluator.epoch_steps("train"))
    first = waited(islice(evaluator.batches("train"), steps), seconds)
    again = islice(evaluator.batches("train"), steps + 1)
    work(next(again), seconds)
    return [first, waited(again, seconds)]


def waited(batches: Iterator[Batch], seconds: float) -> Wait:
    """The waits of some steps."""
    waits: list[float] = []
    begun = asked = time.perf_counter()
    for batch in batches:
        waits.append(time.perf_counter() - asked)
        work(batch, seconds)
        asked = time.perf_counter()
    whole = asked - begun
    return Wait(statistics.median(waits), statistics.fmean(waits), float(np.percentile(waits, 95)), sum(waits) / whole)


def work(batch: Batch, seconds: float) -> None:
    """Convolutions of a batch, forward and backward, for so long."""
    until = time.perf_counter() + seconds
    weights = torch.zeros(8, 3, 3, 3, requires_grad=True)
    while time.perf_counter() < until:
        functional.conv2d(batch.inputs[..., :97, :97], weights).sum().backward()


def single(root: Path, reduce: int, folder: Path) -> None:
    """Print how long one frame takes by itself; what is made on first use is made before."""
    frames = find_frames(root, "train")[:TIMED]
    stores = {
        "kept in memory": FrameStore("label_ids", reduce, 10**11),
        "decoded each time": FrameStore("label_ids", reduce, 0),
        "decoded on disk": FrameStore("label_ids", reduce, 0, folder),
    }
    print("\n| one frame, all pixels read | ms | MB |\n| --- | ---: | ---: |")
    for name, store in stores.items():
        first = [timed(store, frame)[0] for frame in frames]
        if name == "decoded on disk":
            print(f"| {name}, first use | {1e3 * statistics.median(first):.2f} | |")
        later = [timed(store, frame) for frame in frames]
        print(f"| {name} | {1e3 * statistics.median(took for took, _ in later):.2f} | {later[0][1] / 1e6:.1f} |")


def timed(store: FrameStore, frame: Any) -> tuple[float, int]:
    """Seconds for a frame, each pixel of which is looked at, and its bytes."""
    begun = clock()
    pair = store.load(frame)
    for picture in pair:
        picture.max()
    return clock() - begun, sum(picture.nbytes for picture in pair)


if __name__ == "__main__":
    main()

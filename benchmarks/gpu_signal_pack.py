"""One file for a machine without data: frames of CamVid, and genotypes of Auto-DeepLab's space that cost alike."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np

from nasframe.cost.counting import count
from nasframe.files.words import quantity
from nasframe.genotype import Genotype, sample
from nasframe.space import Task
from nasframe_autodeeplab.space import AutoDeepLab

SPACE = {
    "layers": 6,
    "levels": 4,
    "blocks": 2,
    "filters": 4,
    "atrous_separable": True,
    "network": {
        "stem_filters": [8, 8, 8],
        "bn_momentum": 0.1,
        "drop_path_keep": 1.0,
        "head_dropout": 0.0,
        "aspp_filters": 16,
        "aspp_rates": [4, 8, 12],
        "low_level_filters": 8,
        "decoder_filters": 16,
    },
}
"""A slim stem and head, so that what is searched is much of the arithmetic; the networks draw no random numbers."""
CLASSES = 19
REDUCE = 2
"""CamVid's 320x240 becomes 160x120."""
WITHIN = 0.04
"""How far a genotype's multiply-adds may be from the median draw's."""


@dataclass(frozen=True)
class Entry:
    """One genotype of the pack."""

    genotype: Genotype
    params: int
    macs: int

    @property
    def skips(self) -> int:
        """In the cell."""
        return self._operations.count("skip")

    @property
    def pools(self) -> int:
        """In the cell."""
        return self._operations.count("avg_pool_3x3") + self._operations.count("max_pool_3x3")

    @property
    def _operations(self) -> list[Any]:
        return [answer for name, answer in self.genotype.decisions if name.startswith("cell/")]


@dataclass(frozen=True)
class Pack:
    """What the file holds."""

    arrays: dict[str, np.ndarray]
    """``train_images`` and ``val_images``, (N, H, W, 3), ``train_labels`` and ``val_labels``, (N, H, W); all uint8."""
    space: AutoDeepLab
    task: Task
    entries: list[Entry]


def write_pack(path: Path, root: Path, genotypes: int, draws: int) -> None:
    """Args: root: the data set; draws: whose median is the genotypes' cost."""
    arrays = {}
    for split in ("train", "val"):
        images, labels = zip(*_frames(root, split), strict=True)
        arrays[f"{split}_images"], arrays[f"{split}_labels"] = np.stack(images), np.stack(labels)
    entries = _matched(_space(SPACE), _task(arrays), genotypes, draws)
    rows = [{"genotype": one.genotype.to_dict(), "params": one.params, "macs": one.macs} for one in entries]
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays, about=np.array(json.dumps({"space": SPACE, "genotypes": rows})))
    print(f"{path}: {path.stat().st_size / 2**20:.1f} MiB, {quantity(len(entries), 'genotype')}; frames:")
    for name, array in arrays.items():
        print(f"  {name} {array.shape}")


@lru_cache(maxsize=1)
def read_pack(path: Path) -> Pack:
    """What ``write_pack`` wrote."""
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    about = json.loads(str(arrays.pop("about")))
    entries = [Entry(Genotype.from_dict(row["genotype"]), row["params"], row["macs"]) for row in about["genotypes"]]
    return Pack(arrays, _space(about["space"]), _task(arrays), entries)


def _space(options: dict[str, Any]) -> AutoDeepLab:
    return AutoDeepLab(AutoDeepLab.Options.model_validate(options))


def _task(arrays: dict[str, np.ndarray]) -> Task:
    height, width = arrays["val_labels"].shape[1:]
    return Task(in_channels=3, num_classes=CLASSES, size=(height, width))


def _frames(root: Path, split: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Image and train ids of each frame."""
    from nasframe_cityscapes.dataset import find_frames  # reads pictures, which the file makes unnecessary
    from nasframe_cityscapes.frames import FrameStore

    store = FrameStore("label_ids", REDUCE, room=0)
    return (store.load(frame) for frame in find_frames(root, split))


def _matched(space: AutoDeepLab, task: Task, number: int, draws: int) -> list[Entry]:
    """Different random genotypes, in the order drawn, whose multiply-adds are near the median of the first draws."""
    rng = np.random.default_rng(0)

    def draw() -> Entry:
        genotype = sample(space, rng)
        cost = count(space, genotype, task)
        return Entry(genotype, cost.params, cost.macs)

    first = [draw() for _ in range(draws)]
    median = statistics.median(entry.macs for entry in first)
    print(f"median of {draws} draws: {median / 1e6:.2f} M multiply-adds at {task.size[1]}x{task.size[0]}")
    found: dict[Genotype, Entry] = {}
    for entry in chain(first, (draw() for _ in repeat(None))):
        if abs(entry.macs / median - 1) <= WITHIN:
            found[entry.genotype] = entry
        if len(found) == number:
            break
    return list(found.values())

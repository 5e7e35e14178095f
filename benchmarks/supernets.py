"""The supernets that the benchmarks compare: of which size, which reading of the paper, which form."""

from __future__ import annotations

import argparse
from itertools import product
from typing import Any, NamedTuple

import torch
from timing import parser
from torch import Tensor

from nasframe import Task
from nasframe_autodeeplab.kernels import library
from nasframe_autodeeplab.space import AutoDeepLab
from nasframe_autodeeplab.supernet import AutoDeepLabSupernet

CLASSES = 19
Numbers = int | list[int]
READINGS: dict[str, dict[str, Any]] = {
    "port": {"atrous_separable": True, "sep_repeats": 1, "share_node_weights": False},
    "paper": {"share_node_weights": False},
}
"""``port``: the operations of the most used port; ``paper``: those of the paper's final networks."""
FORMS: dict[str, dict[str, Any]] = {
    "plain": {"implementation": "plain"},
    "stacked": {},
    "torch": {},
    "recomputed": {"checkpoint": True},
    "plain-recomputed": {"implementation": "plain", "checkpoint": True},
}


def setting_parser(
    description: str | None, rounds: int, layers: Numbers, crop: Numbers, filters: int = 8
) -> argparse.ArgumentParser:
    """With an option for each field of ``Setting``; where the default is a list, so may be what is given."""
    asked = parser(description, rounds)
    for option, default, told in (("--layers", layers, "L"), ("--crop", crop, "pixels")):
        several = "+" if isinstance(default, list) else None
        asked.add_argument(option, type=int, nargs=several, default=default, help=f"{told} (default: %(default)s)")
    asked.add_argument("--blocks", type=int, default=5, help="B (default: %(default)s)")
    asked.add_argument("--filters", type=int, default=filters, help="F (default: %(default)s)")
    asked.add_argument("--batch", type=int, default=2, help="images (default: %(default)s)")
    asked.add_argument("--reading", choices=READINGS, default="port", help="of the operations (default: %(default)s)")
    return asked


class Setting(NamedTuple):
    """What is measured."""

    layers: int
    blocks: int
    filters: int
    reading: str
    batch: int
    crop: int
    threads: int

    @classmethod
    def of(cls, given: argparse.Namespace) -> Setting:
        """From the options of ``setting_parser``; sets the number of threads."""
        torch.set_num_threads(given.threads)
        return cls(**{field: getattr(given, field) for field in cls._fields})

    @classmethod
    def each(cls, given: argparse.Namespace) -> list[Setting]:
        """As ``of``, with every pair of the layers and crops given."""
        one = cls.of(given)
        return [one._replace(layers=layers, crop=crop) for layers, crop in product(given.layers, given.crop)]

    def __str__(self) -> str:
        size = f"L={self.layers}, B={self.blocks}, F={self.filters}, crop {self.crop}, batch {self.batch}"
        used = "ours" if library.kernels() else "torch's"
        return f"{size}, operations of the {self.reading}, own node weights; CPU kernels: {used}"

    @property
    def case(self) -> str:
        """In a row of `history.jsonl`."""
        size = f"L={self.layers} B={self.blocks} F={self.filters} crop {self.crop} batch {self.batch}"
        return f"{self.reading} {size}"

    def supernet(self, form: str, **changes: Any) -> AutoDeepLabSupernet:
        """From one seed."""
        torch.manual_seed(0)
        size = {"layers": self.layers, "blocks": self.blocks, "filters": self.filters}
        space = AutoDeepLab(AutoDeepLab.Options(**{**size, **READINGS[self.reading], **FORMS[form], **changes}))
        return space.relax(Task(3, CLASSES, (self.crop, self.crop)), lambda logits: logits.softmax(-1))

    def data(self) -> tuple[Tensor, Tensor]:
        """Images and labels."""
        size = (self.crop, self.crop)
        return torch.randn(self.batch, 3, *size), torch.randint(0, CLASSES, (self.batch, *size))

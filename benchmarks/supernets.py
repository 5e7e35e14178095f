"""The supernets that the benchmarks compare: of which size, which reading of the paper, which form."""

from __future__ import annotations

import argparse
from typing import Any, NamedTuple

import torch
from timing import parser
from torch import Tensor

from nasframe import Task
from nasframe_autodeeplab.kernels import library
from nasframe_autodeeplab.space import AutoDeepLab
from nasframe_autodeeplab.supernet import AutoDeepLabSupernet

CLASSES = 19
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


def setting_parser(description: str | None, rounds: int, **defaults: int) -> argparse.ArgumentParser:
    """With an option for each field of ``Setting``. Args: defaults: layers, filters, crop."""
    asked = parser(description, rounds)
    asked.add_argument("--layers", type=int, default=defaults["layers"], help="L (default: %(default)s)")
    asked.add_argument("--filters", type=int, default=defaults["filters"], help="F (default: %(default)s)")
    asked.add_argument("--crop", type=int, default=defaults["crop"], help="pixels (default: %(default)s)")
    asked.add_argument("--batch", type=int, default=2, help="images (default: %(default)s)")
    asked.add_argument("--reading", choices=READINGS, default="port", help="of the operations (default: %(default)s)")
    return asked


class Setting(NamedTuple):
    """What is measured."""

    layers: int
    filters: int
    reading: str
    batch: int
    crop: int
    threads: int

    @classmethod
    def of(cls, given: argparse.Namespace) -> Setting:
        """From the options of ``setting_parser``; sets the number of threads."""
        torch.set_num_threads(given.threads)
        return cls(given.layers, given.filters, given.reading, given.batch, given.crop, given.threads)

    def __str__(self) -> str:
        size = f"L={self.layers}, B=5, F={self.filters}, crop {self.crop}, batch {self.batch}"
        used = "ours" if library.kernels() else "torch's"
        return f"{size}, operations of the {self.reading}, own node weights; CPU kernels: {used}"

    def supernet(self, form: str, **changes: Any) -> AutoDeepLabSupernet:
        """From one seed."""
        torch.manual_seed(0)
        options = {"layers": self.layers, "filters": self.filters, **READINGS[self.reading], **FORMS[form], **changes}
        space = AutoDeepLab(AutoDeepLab.Options(**options))
        return space.relax(Task(3, CLASSES, (self.crop, self.crop)), lambda logits: logits.softmax(-1))

    def data(self) -> tuple[Tensor, Tensor]:
        """Images and labels."""
        size = (self.crop, self.crop)
        return torch.randn(self.batch, 3, *size), torch.randint(0, CLASSES, (self.batch, *size))

"""How long is a step of Auto-DeepLab's supernet, and what memory does it take?

    python benchmarks/supernet_step.py --layers 4 12 --crop 65 129 321 --threads 2 --bilevel
    python benchmarks/supernet_step.py --layers 4 --crop 129 --threads 2 --reading paper
    python benchmarks/supernet_step.py --layers 4 --crop 321 --memory --forms plain stacked recomputed

Forms: ``plain`` is the paper's text written out, ``stacked`` the default with its kernels, ``torch`` the same with
torch's kernels, ``recomputed`` and ``plain-recomputed`` the two with ``checkpoint: true``. A weights step is forward,
backward and SGD with momentum; a bilevel step is that and one more forward, backward and Adam for alpha and beta. The
arithmetic of a weights step is three times a forward pass's convolutions; its share is of the time that they would take
at the speed of a large matrix product. The other floor is four passes over the saved activations at the speed of a
large copy.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from unittest.mock import patch

import history
import torch
from supernets import FORMS, Setting, setting_parser
from timing import interleaved, limits, machine
from torch import Tensor
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

import nasframe.cost.memory
from nasframe.run.device import keep_freed_memory
from nasframe.training.gradients import freeze
from nasframe_autodeeplab.kernels import library

MEGABYTE = 2**20
TIMES = (
    *("weights step, s", "times faster", "bilevel step, s", "times faster", "calls, forward"),
    *("of the arithmetic's limit", "of the copies' limit"),
)
MEMORY = ("activations kept, MB", "peak above idle, MB", "of the first", "predicted, MB")


class Steps:
    """The steps of one form."""

    def __init__(self, form: str, setting: Setting) -> None:
        self.form = form
        self.images, self.labels = setting.data()
        self.supernet = setting.supernet(form)
        self.weights, self.arch = self.supernet.weight_parameters(), self.supernet.arch_parameters()
        self.weight_optimiser = torch.optim.SGD(self.weights, 0.01, momentum=0.9, fused=True)
        self.arch_optimiser = torch.optim.Adam(self.arch, 0.003)

    def forward(self) -> Tensor:
        """The loss."""
        with kernels(self.form):
            return functional.cross_entropy(self.supernet(self.images), self.labels)

    def weights_step(self) -> None:
        """As DARTS makes it."""
        with freeze(self.arch):
            torch.autograd.backward(self.forward(), inputs=self.weights)
        self.weight_optimiser.step()
        self.weight_optimiser.zero_grad()

    def bilevel_step(self) -> None:
        """A weights step and an architecture step."""
        self.weights_step()
        with freeze(self.weights):
            torch.autograd.backward(self.forward(), inputs=self.arch)
        self.arch_optimiser.step()
        self.arch_optimiser.zero_grad()

    def activations(self) -> int:
        """Bytes that a forward pass keeps for the backward pass."""
        own = {tensor.untyped_storage().data_ptr() for tensor in self.supernet.state_dict().values()}
        kept: dict[int, int] = {}

        def note(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            kept[storage.data_ptr()] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            loss = self.forward()
        total = sum(size for place, size in kept.items() if place not in own)
        del loss
        return total


class Calls(TorchDispatchMode):
    """Counts calls of tensor operations."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, operation: Any, types: Any, arguments: Any = (), keywords: Any = None) -> Any:
        """Count, and go on."""
        self.count += 1
        return operation(*arguments, **(keywords or {}))


@contextmanager
def kernels(form: str) -> Iterator[None]:
    """Without our kernels if the form is ``torch``."""
    with patch.object(library, "kernels", (lambda: None) if form == "torch" else library.kernels):
        yield


def main() -> None:
    """Print the table asked for, as far as it is measured."""
    asked = setting_parser(__doc__, rounds=3, layers=[4], crop=[129])
    asked.add_argument("--forms", nargs="+", choices=FORMS, default=["plain", "stacked", "torch"])
    asked.add_argument("--bilevel", action="store_true", help="time bilevel steps too")
    asked.add_argument("--memory", action="store_true", help="measure memory instead, each form in its own process")
    history.add_option(asked)
    given = asked.parse_args()
    settings = Setting.each(given)
    print(f"{machine()}\n{settings[0]}; of the sizes below\n")
    columns = MEMORY if given.memory else TIMES
    print(f"| L, crop | form | {' | '.join(columns)} |\n| --- | --- {'| ---: ' * len(columns)}|")
    for setting in settings:
        rows = memory(setting, given) if given.memory else times(setting, given)
        for form, cells in rows.items():
            print(f"| {setting.layers}, {setting.crop} | {form} | {' | '.join(cells)} |", flush=True)


def times(setting: Setting, given: argparse.Namespace) -> dict[str, list[str]]:
    """The cells of TIMES by form; all forms are done in turns."""
    with keep_freed_memory():
        steps = {form: Steps(form, setting) for form in given.forms}
        weights = interleaved({form: one.weights_step for form, one in steps.items()}, given.rounds)
        both = {form: one.bilevel_step for form, one in steps.items() if given.bilevel}
        bilevel = interleaved(both, given.rounds)
        kept = {form: one.activations() for form, one in steps.items()}
    for kind, found in (("weights step", weights), ("bilevel step", bilevel)):
        cases = {f"supernet_step/{setting.case}/{form}/{kind}": taken for form, taken in found.items()}
        history.record(given, cases, "s")
    flops, limit = 3 * arithmetic(setting), limits()
    print(f"{setting}: {flops / 1e9:.1f} GFLOP; {limit}", file=sys.stderr)
    return {
        form: [
            *seconds(weights, form),
            *seconds(bilevel, form),
            f"{calls(form, setting):,}",
            f"{flops / limit.gemm / weights[form]:.1%}",
            f"{4 * kept[form] / limit.copy / weights[form]:.1%}",
        ]
        for form in steps
    }


def seconds(found: Mapping[str, float], form: str) -> list[str]:
    """Two cells: the seconds, and how much less that is than the first form's."""
    return [f"{found[form]:.3f}", f"{next(iter(found.values())) / found[form]:.2f}"] if found else ["-", "-"]


def arithmetic(setting: Setting) -> int:
    """Floating-point operations of a forward pass's convolutions."""
    with torch.device("meta"), torch.no_grad(), FlopCounterMode(display=False) as counter:
        setting.supernet("plain")(torch.empty(setting.batch, 3, setting.crop, setting.crop))
    return counter.get_total_flops()


def calls(form: str, setting: Setting) -> int:
    """Of tensor operations in a forward pass; F and the crop do not matter, so both are small."""
    supernet = setting.supernet(form, filters=1)
    with kernels(form), Calls() as counter:
        supernet(torch.zeros(2, 3, 33, 33))
    return counter.count


def memory(setting: Setting, given: argparse.Namespace) -> dict[str, list[str]]:
    """The cells of MEMORY by form, each measured in a new process."""
    used = {}
    for form in given.forms:
        with get_context("spawn").Pool(1) as process:
            used[form] = process.apply(usage, (setting, form))
        case = f"supernet_step/{setting.case}/{form}"
        kept, peak = (size / MEGABYTE for size in used[form])
        history.record(given, {f"{case}/activations kept": kept, f"{case}/peak above idle": peak}, "MB")
    first = used[given.forms[0]][1]
    return {
        form: [
            f"{kept / MEGABYTE:.0f}",
            f"{peak / MEGABYTE:.0f}",
            f"{peak / first:.2f}",
            f"{predicted(setting, form) / MEGABYTE:.0f}",
        ]
        for form, (kept, peak) in used.items()
    }


def predicted(setting: Setting, form: str) -> int:
    """Bytes, by ``nasframe.cost.memory``: as ``nasframe supernet`` does it."""
    with kernels(form):
        return nasframe.cost.memory.memory(
            lambda: setting.supernet(form), (setting.batch, 3, setting.crop, setting.crop)
        ).training


def usage(setting: Setting, form: str) -> tuple[int, int]:
    """Bytes of activations, and the peak of two weights steps above the memory of the idle process (Linux)."""
    torch.set_num_threads(setting.threads)
    idle = resident("VmRSS")
    with keep_freed_memory():
        steps = Steps(form, setting)
        steps.weights_step()
        steps.weights_step()
        peak = resident("VmHWM") - idle
        return steps.activations(), peak


def resident(kind: str) -> int:
    """Bytes of physical memory: ``VmRSS`` now, ``VmHWM`` at most so far."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(kind))


if __name__ == "__main__":
    main()

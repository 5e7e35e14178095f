"""Which form of torch's SGD updates the supernet's weights fastest, and does it matter in a step?

    python benchmarks/optimisers.py
    python benchmarks/optimisers.py --layers 4 --crop 129 --form plain

An update as a search makes it: the gradients' norm is clipped, then SGD with momentum and weight decay; gradients are
there already. ``loop`` goes from parameter to parameter, which is torch's default on CPUs; ``foreach`` and ``fused``,
which searches use, are torch's other forms; ``flat`` has all weights in one tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import history
import torch
from supernet_step import Steps
from supernets import FORMS, Setting, setting_parser
from timing import interleaved, machine
from torch import nn

from nasframe.files.words import quantity
from nasframe.run.device import keep_freed_memory
from nasframe.training.gradients import update

CLIP = 5.0
SGD = {"lr": 0.01, "momentum": 0.9, "weight_decay": 3e-4}
WAYS: dict[str, dict[str, bool]] = {
    "loop": {"foreach": False},
    "foreach": {"foreach": True},
    "fused": {"fused": True},
    "flat": {"fused": True},
}


def main() -> None:
    """Print the table."""
    asked = setting_parser(__doc__, rounds=5, layers=12, crop=65)
    asked.add_argument("--form", choices=FORMS, default="stacked", help="of the supernet (default: %(default)s)")
    history.add_option(asked)
    given = asked.parse_args()
    setting = Setting.of(given)
    steps = Steps(given.form, setting)
    sizes = [parameter.shape for parameter in steps.weights]
    tasks: dict[str, Callable[[], object]] = {"step": steps.weights_step}
    tasks |= {way: updating(sizes if way != "flat" else [elements(sizes)], options) for way, options in WAYS.items()}
    with keep_freed_memory():
        seconds = interleaved(tasks, given.rounds)
    counts = f"{quantity(len(sizes), 'tensor')}, {quantity(elements(sizes).numel(), 'weight')}"
    print(f"{machine()}\n{given.form}: {setting}; {counts}\n")
    print("| SGD | update, ms | times faster | of a step of the weights |\n| --- | ---: | ---: | ---: |")
    case = f"optimisers/{setting.case}/{given.form}"
    history.record(given, {f"{case}/{way}": 1000 * seconds[way] for way in WAYS}, "ms")
    for way in WAYS:
        share, faster = seconds[way] / seconds["step"], seconds["loop"] / seconds[way]
        print(f"| {way} | {1000 * seconds[way]:.1f} | {faster:.2f} | {share:.1%} |")


def elements(sizes: Sequence[torch.Size]) -> torch.Size:
    """Of one tensor that holds all."""
    return torch.Size([sum(size.numel() for size in sizes)])


def updating(sizes: Sequence[torch.Size], options: dict[str, bool]) -> Callable[[], None]:
    """An update of parameters of these sizes, made anew, with gradients."""
    parameters = [nn.Parameter(torch.randn(size)) for size in sizes]
    for parameter in parameters:
        parameter.grad = torch.randn_like(parameter)
    optimiser = torch.optim.SGD(parameters, **SGD, **options)
    scaler = torch.amp.GradScaler("cpu", enabled=False)
    return lambda: update(optimiser, scaler, parameters, CLIP, ["one"])


if __name__ == "__main__":
    main()

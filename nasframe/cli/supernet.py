"""``nasframe supernet``: what a step of a gradient search needs, before one is done."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from nasframe.cli.genotypes import find_space
from nasframe.cli.output import console, format_option, set_option, size_of
from nasframe.errors import CapabilityError
from nasframe.files.words import quantity
from nasframe.plugin.registry import Registry
from nasframe.space import Relaxable, SearchSpace, Task, size_misfits

if TYPE_CHECKING:
    from nasframe.cost.memory import Memory
    from nasframe.supernet import Supernet


@click.command()
@click.argument("space_or_file", metavar="SPACE")
@click.option("--size", required=True, callback=size_of, metavar="HxW", help="Height and width of a crop in pixels.")
@click.option("--classes", required=True, type=click.IntRange(1), help="Number of classes.")
@click.option("--channels", default=3, show_default=True, type=click.IntRange(1), help="Channels of the image.")
@click.option("--batch", default=2, show_default=True, type=click.IntRange(1), help="Crops in a batch.")
@set_option
@format_option
@click.pass_obj
def supernet(
    registry: Registry,
    *,
    space_or_file: str,
    size: tuple[int, int],
    classes: int,
    channels: int,
    batch: int,
    overrides: tuple[str, ...],
    format_: str,
) -> None:
    """Predict the memory of a search step in the supernet of a SPACE, without doing one.

    SPACE is the name of an installed space or an experiment file.
    """
    space = find_space(registry, space_or_file, overrides)
    task = Task(channels, classes, size, dense="pixels" in space.labels)
    weights, arch, needed = _count(space, registry, task, batch)
    facts = {
        "space": space.name,
        "size": list(size),
        "classes": classes,
        "batch": batch,
        "params": weights,
        "arch_params": arch,
        "memory": {"weights": needed.weights, "activations": needed.activations, "step": needed.training},
    }
    if format_ == "json":
        click.echo(json.dumps(facts, indent=1))
    else:
        _show(facts)


def _count(space: SearchSpace, registry: Registry, task: Task, batch: int) -> tuple[int, int, Memory]:
    """Weights, architecture parameters, memory.

    Raises:
        CapabilityError: the space has no supernet, or takes no images of that size.
    """
    if not isinstance(space, Relaxable):
        able = [found.component.name for found in registry.usable("space") if issubclass(found.value, Relaxable)]
        raise CapabilityError(
            f"the space {space.name!r} has no supernet: it is not Relaxable. Installed spaces that are: "
            f"{', '.join(able) or 'none'}"
        )
    if misfits := size_misfits(space, {"--size": task.size}):
        raise CapabilityError("; ".join(misfits))
    from nasframe.cost.memory import memory

    made: list[Supernet] = []

    def build() -> Supernet:
        made.append(space.relax(task, lambda logits: logits.softmax(dim=-1)))
        return made[0]

    needed = memory(build, (batch, task.in_channels, *task.size))
    weights, arch = (
        sum(parameter.numel() for parameter in parameters)
        for parameters in (made[0].weight_parameters(), made[0].arch_parameters())
    )
    return weights, arch, needed


def _show(facts: dict[str, Any]) -> None:
    height, width = facts["size"]
    mega = {key: f"{value / 10**6:,.1f} MB" for key, value in facts["memory"].items()}
    table = Table(show_header=False)
    table.add_row("space", facts["space"])
    table.add_row(
        "batch", f"{facts['batch']} of {height}x{width} pixels, {quantity(facts['classes'], 'class', 'classes')}"
    )
    table.add_row("weights", f"{facts['params']:,}: {mega['weights']}, buffers included")
    table.add_row("architecture", quantity(facts["arch_params"], "parameter"))
    table.add_row("activations", f"{mega['activations']} kept for the backward pass")
    table.add_row("step", f"{mega['step']}: peak of an update of the weights by SGD with momentum, float32")
    console().print(table)

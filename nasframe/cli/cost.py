"""``nasframe cost``: what a genotype's network costs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table
from rich.text import Text

from nasframe.cli.genotypes import find_genotype
from nasframe.cli.networks import speed_options
from nasframe.cli.output import console, format_option, set_option, size_of
from nasframe.errors import CapabilityError, RunError
from nasframe.files.words import quantity
from nasframe.genotype import Genotype, GenotypeRecord
from nasframe.plugin.registry import Registry
from nasframe.space import SearchSpace, Task
from nasframe.trained.speedups import Speedups

if TYPE_CHECKING:
    from torch import nn

    from nasframe.cost.latency import Latency
    from nasframe.cost.layers import Convention, LayerCost
    from nasframe.cost.memory import Memory

WORDS = {
    "conv_linear": "multiply-adds of convolutions and linear layers",
    "all_ops": "operations, all kinds of layers counted (convention all_ops)",
}


@click.command()
@click.argument("name_or_file")
@click.option("--size", required=True, callback=size_of, metavar="HxW", help="Height and width of the image in pixels.")
@click.option("--classes", required=True, type=click.IntRange(1), help="Number of classes.")
@click.option("--stride", default=1, show_default=True, type=click.IntRange(1), help="Pixels to one of a dense output.")
@click.option("--channels", default=3, show_default=True, type=click.IntRange(1), help="Channels of the image.")
@click.option(
    "--convention",
    type=click.Choice(["conv_linear", "all_ops"]),
    default="conv_linear",
    show_default=True,
    help="What counts as an operation.",
)
@click.option("--auxiliary", is_flag=True, help="Also the parameters that training alone uses: auxiliary heads.")
@click.option("--per-layer", is_flag=True, help="Also each layer.")
@click.option("--depth", type=click.IntRange(1), default=2, show_default=True, help="How deep --per-layer goes.")
@click.option("--memory", "batch", type=click.IntRange(1), metavar="BATCH", help="Also the memory for such a batch.")
@click.option("--latency", "timed", is_flag=True, help="Also the time of a forward pass, measured here.")
@click.option("--threads", type=click.IntRange(1), help="CPU threads for --latency; default: torch's choice.")
@speed_options
@set_option
@format_option
@click.pass_obj
def cost(
    registry: Registry,
    name_or_file: str,
    size: tuple[int, int],
    classes: int,
    stride: int,
    channels: int,
    convention: Convention,
    auxiliary: bool,
    per_layer: bool,
    depth: int,
    batch: int | None,
    timed: bool,
    threads: int | None,
    speedups: Speedups,
    overrides: tuple[str, ...],
    format_: str,
) -> None:
    """Count a genotype's parameters and multiply-adds, its memory and its time."""
    if speedups.names and not timed:
        raise click.UsageError(f"without --latency nothing is run that could be faster by {', '.join(speedups.names)}")
    from nasframe.cost.counting import layers

    genotype, space = find_genotype(registry, name_or_file, overrides)
    task = Task(channels, classes, size, dense="pixels" in space.labels, stride=stride)
    costs = layers(space, genotype, task, auxiliary=auxiliary)
    facts: dict[str, Any] = {
        "genotype": name_or_file,
        "space": space.name,
        "params": sum(layer.params for layer in costs),
        "macs": sum(_operations(layer, convention) for layer in costs),
        "convention": convention,
        "size": list(size),
        "classes": classes,
        **({"stride": stride} if stride != 1 else {}),
        **({"auxiliary": True} if auxiliary else {}),
    }
    if per_layer:
        facts["layers"] = [vars(layer) for layer in layers(space, genotype, task, depth, auxiliary=auxiliary)]
    if batch is not None:
        facts["memory"] = {"batch": batch, **vars(_memory(space, genotype, task, batch))}
    if timed:
        facts["latency"] = {
            **vars(_latency(speedups.applied(space.build(genotype, task)), task, threads)),
            "speedups": speedups.names,
        }
    record = _published(registry, name_or_file)
    if record and record.reported:
        facts["reported"] = {**record.reported, **({"note": record.note} if record.note else {})}
    if format_ == "json":
        click.echo(json.dumps(facts, indent=1))
    else:
        _show(facts, convention)


def _operations(layer: LayerCost, convention: Convention) -> int:
    return layer.conv_linear if convention == "conv_linear" else layer.all_ops


def _memory(space: SearchSpace, genotype: Genotype, task: Task, batch: int) -> Memory:
    from nasframe.cost.memory import memory

    try:
        return memory(lambda: space.build(genotype, task), (batch, task.in_channels, *task.size))
    except RunError as error:
        raise CapabilityError(f"space {space.name!r}: {error}") from error


def _latency(network: nn.Module, task: Task, threads: int | None) -> Latency:
    from nasframe.cost.latency import latency

    return latency(network, (1, task.in_channels, *task.size), threads=threads)


def _published(registry: Registry, name: str) -> GenotypeRecord | None:
    return registry.get("genotype", name).value if name in registry.names("genotype") else None


def _show(facts: dict[str, Any], convention: Convention) -> None:
    height, width = facts["size"]
    rows = {
        "genotype": facts["genotype"],
        "space": facts["space"],
        "params": quantity(facts["params"], "trainable parameter")
        + (", auxiliary ones too" if "auxiliary" in facts else ""),
        "macs": f"{facts['macs']:,} {WORDS[convention]}",
        "size": f"{height}x{width} pixels",
        "classes": facts["classes"],
        **({"stride": f"{facts['stride']} pixels to one of the output"} if "stride" in facts else {}),
        **_memory_rows(facts.get("memory")),
        **_latency_rows(facts.get("latency")),
        **{f"reported {key}": value for key, value in facts.get("reported", {}).items()},
    }
    table = Table(show_header=False)
    for key, value in rows.items():
        table.add_row(key, Text(f"{value:,.0f}" if isinstance(value, float | int) else str(value)))
    console().print(table)
    if "layers" in facts:
        _show_layers(facts["layers"], convention)


def _memory_rows(memory: dict[str, int] | None) -> dict[str, str]:
    if memory is None:
        return {}
    mega = {key: f"{value / 10**6:,.1f} MB" for key, value in memory.items() if key != "batch"}
    return {
        "weights": f"{mega['weights']}, buffers included",
        "inference memory": f"{mega['inference']} at batch {memory['batch']}",
        "activations": f"{mega['activations']} kept for the backward pass at batch {memory['batch']}",
        "training memory": f"{mega['training']}: peak of a step of SGD at batch {memory['batch']}, float32",
    }


def _latency_rows(latency: dict[str, Any] | None) -> dict[str, str]:
    if latency is None:
        return {}
    how = [quantity(latency["threads"], "thread"), latency["device"], *latency["speedups"]]
    return {
        "latency": f"{latency['median']:.1f} ms, half of the passes within {latency['low']:.1f} to "
        f"{latency['high']:.1f} ms ({latency['repeats']} after {latency['uncounted']} to warm up, "
        f"{', '.join(how)})"
    }


def _show_layers(layers: list[dict[str, Any]], convention: Convention) -> None:
    table = Table("layer", "kind", title="By layer", title_justify="left")
    for column in ("parameters", "operations", "share", "activations"):
        table.add_column(column, justify="right")
    total = sum(layer[convention] for layer in layers) or 1
    for layer in layers:
        amounts = (f"{layer['params']:,}", f"{layer[convention]:,}", f"{100 * layer[convention] / total:.1f} %")
        cells = (
            layer["name"] or "(between layers)",
            layer["kind"],
            *amounts,
            f"{layer['activations'] / 10**6:,.1f} MB",
        )
        table.add_row(*map(Text, cells))
    console().print(table)

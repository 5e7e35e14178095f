"""``nasframe derive``: decode a run again, by another rule, at another step, within bounds."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table
from rich.text import Text

from nasframe.cli.output import console, format_option, size_of
from nasframe.errors import ExperimentError, GenotypeError, NasframeError
from nasframe.files import genotypes
from nasframe.files.plain_json import finite
from nasframe.files.words import quantity
from nasframe.genotype import GenotypeRecord
from nasframe.plugin.registry import Registry
from nasframe.runfolder.reading import RunReader
from nasframe.space import Task

if TYPE_CHECKING:
    from nasframe.decode import KeptBlock
    from nasframe.derive import Derivation, FinalSpace, FoundPath, Weighted

CHANNELS = 3


@click.command()
@click.argument("folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--k", default=5, show_default=True, type=click.IntRange(1), help="How many paths.")
@click.option("--max", "most", multiple=True, metavar="NAME=NUMBER", help="A path costs at most this, like macs=3e9.")
@click.option("--min", "least", multiple=True, metavar="NAME=NUMBER", help="A path costs at least this.")
@click.option("--latency", is_flag=True, help="Time the networks' parts on the run's device: one more cost, in ms.")
@click.option(
    "--rule",
    type=click.Choice(["literal", "unbiased"]),
    default="literal",
    show_default=True,
    help="How the betas are read; unbiased: without the preference for border levels.",
)
@click.option("--step", type=click.IntRange(0), help="The snapshot of this step of the search; default: the last one.")
@click.option("--size", callback=size_of, metavar="HxW", help="Image size for the costs; default: the run's.")
@click.option("--classes", type=click.IntRange(1), help="Classes for the costs; default: the run's.")
@click.option("--pick", default=1, show_default=True, type=click.IntRange(1), help="Which path --output writes.")
@click.option("--output", type=click.Path(path_type=Path), help="Write the genotype to this new file.")
@format_option
@click.pass_obj
def derive(
    registry: Registry,
    folder: Path,
    k: int,
    most: tuple[str, ...],
    least: tuple[str, ...],
    latency: bool,
    rule: str,
    step: int | None,
    size: tuple[int, int] | None,
    classes: int | None,
    pick: int,
    output: Path | None,
    format_: str,
) -> None:
    """Decode a run's mixing weights: the best paths, within bounds, and the cells."""
    from nasframe.derive import Request, read_limits, read_weighted
    from nasframe.derive import derive as decode

    if output is not None and output.exists():
        raise ExperimentError(f"{output}: exists already; remove it, or choose another --output")
    request = Request(max(k, pick), rule, read_limits(most, "--max"), read_limits(least, "--min"), latency)
    weighted = read_weighted(folder, step)
    final = _final_space(folder, registry)
    found = decode(weighted, request, final, _task(folder, size, classes))
    if format_ == "json":
        click.echo(json.dumps(finite({"run": str(folder), **asdict(found)}), indent=1))
    else:
        _show(found, folder, weighted, request.most, request.least)
    if output is not None:
        _write(output, weighted, final, found, pick)
        click.echo(f"Wrote {output}", err=format_ == "json")


def _final_space(folder: Path, registry: Registry) -> FinalSpace | NasframeError:
    """The run's space, or why it cannot be had: paths can be decoded without it, costs cannot be told."""
    from nasframe.derive import read_final_space

    try:
        return read_final_space(folder, registry)
    except NasframeError as error:
        return error


def _task(folder: Path, size: tuple[int, int] | None, classes: int | None) -> Task | None:
    """What networks have to do: as the run says, but for what is given."""
    task = RunReader(folder).task()
    if task is None:
        return Task(CHANNELS, classes, size) if size and classes else None
    return replace(task, num_classes=classes or task.num_classes, size=size or task.size)


def _write(output: Path, weighted: Weighted, final: FinalSpace | NasframeError, found: Derivation, pick: int) -> None:
    from nasframe.derive import genotype_with

    if isinstance(final, NasframeError):
        raise final
    if found.path_count and pick > len(found.paths):
        there = quantity(len(found.paths), "path")
        raise GenotypeError(f"--pick {pick}: within the bounds {'is' if len(found.paths) == 1 else 'are'} only {there}")
    path = found.paths[pick - 1] if found.paths else None
    genotype = genotype_with(final.space, weighted.graph, path, found.cells)
    source = f"run {weighted.folder.name}, step {found.step}, {found.rule} rule"
    plugin = {"distribution": final.distribution, "version": final.version}
    record = GenotypeRecord(genotype, final.options, f"{source}, path {pick}" if path else source)
    genotypes.write(output, record, {"plugin": plugin})


def _show(
    found: Derivation, folder: Path, weighted: Weighted, most: Mapping[str, float], least: Mapping[str, float]
) -> None:
    click.echo(f"{folder}: snapshot of step {found.step}, {found.rule} rule")
    if found.paths:
        limits = [f"{name} <= {value:.10g}" for name, value in most.items()]
        limits += [f"{name} >= {value:.10g}" for name, value in least.items()]
        within = f" within {', '.join(limits)}" if limits else ""
        click.echo(f"The best {len(found.paths)} of {quantity(found.path_count, 'path')}{within}:")
        console().print(_paths(found))
        layers = " ".join(f"{layer}: {entropy:.3f}" for layer, entropy in found.layer_entropy.items())
        click.echo(f"Entropy of the path: {found.entropy:.4f} nats, as of {math.exp(found.entropy):,.1f} equal paths")
        click.echo(f"Entropy by layer, in nats: {layers}")
    for name, blocks in found.cells.items():
        click.echo(f"{name}, the strongest edges of each block:")
        console().print(_cell(blocks, weighted))
    for remark in found.remarks:
        click.echo(remark)


def _paths(found: Derivation) -> Table:
    costs = list(found.paths[0].costs)
    table = Table()
    for title in ("", "path"):
        table.add_column(title, no_wrap=True)
    for title in ("log p", "p", "gap", *costs, "layers apart"):
        table.add_column(title, justify="right", no_wrap=True)
    for rank, path in enumerate(found.paths, 1):
        table.add_row(str(rank), *_row(path, costs), "", end_section=rank == len(found.paths))
    for known in found.known:
        title = known.title if known.published or known.name == "run" else f"{known.title}-like"
        table.add_row(title, *_row(known.path, costs), str(known.distance.layers))
    return table


def _row(path: FoundPath, costs: Iterable[str]) -> list[str]:
    gap = "" if path.gap is None else f"{path.gap:.4f}"
    numbers = [f"{path.costs[name]:,.10g}" for name in costs]
    return [" ".join(path.labels), f"{path.log_probability:.4f}", f"{path.probability:.3g}", gap, *numbers]


def _cell(blocks: Iterable[KeptBlock], weighted: Weighted) -> Table:
    label = {node: str(data.get("label", node)) for node, data in weighted.graph.nodes(data=True)}
    table = Table("block", "input", "operation")
    for title in ("weight", "ahead of the next operation", "ahead of the next edge"):
        table.add_column(title, justify="right")
    for block in blocks:
        sides = len({edge.key for edge in block.edges}) > 1
        for index, edge in enumerate(block.edges):
            table.add_row(
                label[block.block] if index == 0 else "",
                label[edge.before] + (f", {edge.key}" if sides else ""),
                Text(edge.operation),
                f"{edge.strength:.4f}",
                f"{edge.margin.difference:.4f}" if edge.margin else "",
                f"{block.margin.difference:.4f}" if block.margin and index == 0 else "",
            )
    return table

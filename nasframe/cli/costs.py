"""``nasframe cost``: what a genotype's network costs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table
from rich.text import Text

from nasframe import genotype_file
from nasframe.cli.output import console, format_option, set_option
from nasframe.composition import read_override
from nasframe.errors import ExperimentError, GenotypeError, PluginError
from nasframe.genotype import Genotype, GenotypeRecord, validate
from nasframe.located import Place, Problem, Value, merge, placed, raise_problems, unknown_values
from nasframe.option_check import check_options
from nasframe.parts import members
from nasframe.registry import Registry
from nasframe.space import SearchSpace, Task

if TYPE_CHECKING:
    from nasframe.cost import Cost


def _size(ctx: click.Context, parameter: click.Parameter, text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", text)
    if match is None:
        raise click.BadParameter(f"{text!r}; expected HEIGHTxWIDTH in pixels, like 1025x2049")
    return int(match[1]), int(match[2])


@click.command()
@click.argument("name_or_file")
@click.option("--size", required=True, callback=_size, metavar="HxW", help="Height and width of the image in pixels.")
@click.option("--classes", required=True, type=click.IntRange(1), help="Number of classes.")
@click.option("--channels", default=3, show_default=True, type=click.IntRange(1), help="Channels of the image.")
@set_option
@format_option
@click.pass_obj
def cost(
    registry: Registry,
    name_or_file: str,
    size: tuple[int, int],
    classes: int,
    channels: int,
    overrides: tuple[str, ...],
    format_: str,
) -> None:
    """Count a genotype's parameters and multiply-adds."""
    record, options = _genotype(registry, name_or_file)
    space = _space(registry, record.genotype, options, overrides)
    try:
        validate(space, record.genotype)
    except GenotypeError as error:
        raise GenotypeError(f"{name_or_file}: {error}") from error
    from nasframe.cost import count

    _show(count(space, record.genotype, Task(channels, classes, size)), name_or_file, space.name, format_)


def _genotype(registry: Registry, name_or_file: str) -> tuple[GenotypeRecord, Value]:
    """The genotype and the located options of its space."""
    if name_or_file not in registry.names("genotype"):
        if Path(name_or_file).exists():
            return genotype_file.read_located(name_or_file)
        try:
            registry.get("genotype", name_or_file)
        except PluginError as error:
            raise PluginError(f"{error}; nor is there a file of that name") from error
    found = registry.get("genotype", name_or_file)
    place = Place(f"genotype {name_or_file!r} ({found.distribution} {found.version})")
    return found.value, placed(found.value.options, place)


def _space(registry: Registry, genotype: Genotype, options: Value, overrides: tuple[str, ...]) -> SearchSpace:
    """The genotype's space with its options and the overrides.

    Raises:
        ExperimentError: everything that is wrong with the options, with its place.
    """
    problems: list[Problem] = []
    for text in overrides:
        override = read_override(text, problems)
        options = merge(options, members(override).get("space", override))
    unknown = unknown_values(options)
    raise_problems(problems + unknown, ExperimentError)
    space = registry.get("space", genotype.space).value
    checked = check_options(space.Options, options, "options", problems)
    raise_problems(problems, ExperimentError)
    return space(checked)


def _show(cost: Cost, name: str, space: str, format_: str) -> None:
    facts = {
        "genotype": name,
        "space": space,
        "params": cost.params,
        "macs": cost.macs,
        "size": list(cost.size),
        "classes": cost.classes,
    }
    if format_ == "json":
        click.echo(json.dumps(facts, indent=1))
        return
    table = Table(show_header=False)
    rows = {
        **facts,
        "params": f"{cost.params:,} trainable parameters",
        "macs": f"{cost.macs:,} multiply-adds of convolutions and linear layers",
        "size": f"{cost.size[0]}x{cost.size[1]} pixels",
    }
    for key, value in rows.items():
        table.add_row(key, Text(str(value)))
    console().print(table)

"""``nasframe repeat``: whether a search finds better networks than its opponents."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nasframe.cli.output import format_option, say, set_option, show_figures
from nasframe.errors import ExperimentError
from nasframe.experiment.checking import load
from nasframe.files.plain_json import finite
from nasframe.plugin.registry import Registry
from nasframe.run.interrupt import outlast_terminal

if TYPE_CHECKING:
    from nasframe.evidence.verdict import Repeated


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@set_option
@click.option("--seeds", default=5, show_default=True, type=click.IntRange(2), help="How often everything is searched.")
@click.option(
    "--retrainings", default=2, show_default=True, type=click.IntRange(1), help="Trainings of each network found."
)
@click.option(
    "--against",
    multiple=True,
    default=("draws", "random"),
    show_default=True,
    metavar="draws|random|FILE",
    help="Opponents: random genotypes of equal or fewer multiply-adds, random search at equal cost, another "
    "experiment; may be given several times.",
)
@click.option(
    "--budget",
    default=0.25,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True),
    help="Share of a full evaluation that a candidate of the random search gets.",
)
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(1), help="Runs at a time.")
@click.option("--into", type=click.Path(path_type=Path), help="Folder of the runs; default: run.folder/NAME-repeat.")
@format_option
@click.pass_obj
def repeat(
    registry: Registry,
    file: Path,
    overrides: tuple[str, ...],
    seeds: int,
    retrainings: int,
    against: tuple[str, ...],
    budget: float,
    jobs: int,
    into: Path | None,
    format_: str,
) -> None:
    """Run a search and its opponents with several seeds: is it better? Goes on where it stopped."""
    experiment = load(file, overrides, registry)
    if experiment.strategy is None:
        raise ExperimentError(f"{file} gives its genotype, so there is no search to repeat; name one with a strategy")
    from nasframe.evidence.repeat import Repetition, conduct
    from nasframe.evidence.repeat_page import write_repeated
    from nasframe.evidence.verdict import judge

    repetition = Repetition(file, overrides, seeds, retrainings, against, budget, jobs)
    folder = into or Path(experiment.run.folder) / f"{experiment.name}-repeat"
    left_out = [plugin.name for plugin in registry.disabled]
    with outlast_terminal():
        conduct(experiment, repetition, folder, registry, say, left_out)
    found = judge(experiment.name, repetition, folder)
    page = write_repeated(found, folder)
    if format_ == "json":
        click.echo(json.dumps(finite(found.to_dict()), indent=1))
    else:
        _show(found)
        click.echo(f"Wrote {page}")


def _show(found: Repeated) -> None:
    show_figures(replace(found.arms(), title=found.name))
    for sentence in found.sentences():
        click.echo(f"{sentence}.")

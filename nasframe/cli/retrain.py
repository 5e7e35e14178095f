"""``nasframe retrain``: a genotype trained anew."""

from __future__ import annotations

from pathlib import Path

import click

from nasframe.cli.output import set_option
from nasframe.plugin.registry import Registry


@click.command()
@click.argument("source", metavar="RUN|GENOTYPE")
@click.option(
    "--experiment",
    "recipe",
    type=click.Path(path_type=Path),
    help="Train by this experiment's evaluator; needed for a GENOTYPE, a file or a published name.",
)
@click.option("--into", type=click.Path(path_type=Path), help="The run's folder; default: a new one in run.folder.")
@click.option("--weights", type=click.Path(path_type=Path), help="Start from the weights in this file, where they fit.")
@set_option
@click.pass_obj
def retrain(
    registry: Registry,
    source: str,
    recipe: Path | None,
    into: Path | None,
    weights: Path | None,
    overrides: tuple[str, ...],
) -> None:
    """Train a genotype anew, in a run of its own."""
    from nasframe.run.from_genotype import from_genotype

    experiment = from_genotype(source, registry, recipe=recipe, overrides=overrides, weights=weights)
    from nasframe.run import run as run_experiment

    run_experiment(experiment, into, registry=registry)

"""``nasframe run`` and ``report``: runs and what they found."""

from __future__ import annotations

from pathlib import Path

import click

from nasframe.checking import load
from nasframe.cli.output import set_option
from nasframe.registry import Registry


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@set_option
@click.option("--into", type=click.Path(path_type=Path), help="The run's folder; default: a new one in run.folder.")
@click.option(
    "--resume", "stopped", type=click.Path(path_type=Path), metavar="RUN", help="Go on with the run in this folder."
)
@click.pass_obj
def run(
    registry: Registry, file: Path | None, overrides: tuple[str, ...], into: Path | None, stopped: Path | None
) -> None:
    """Run an experiment: search, retrain, report; or go on with a run."""
    if (file is None) == (stopped is None):
        raise click.UsageError("give either an experiment FILE or --resume RUN")
    if stopped is not None:
        if overrides or into:
            raise click.UsageError("--resume goes on with the run as it was begun; --set and --into do not go with it")
        from nasframe.run import resume

        resume(stopped, registry)
        return
    assert file is not None, "checked above"
    experiment = load(file, overrides, registry)  # before torch is imported, so that a wrong key answers at once
    from nasframe.run import run as run_experiment

    run_experiment(experiment, into, registry=registry)


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
    from nasframe.retraining import retraining

    experiment = retraining(source, registry, recipe=recipe, overrides=overrides, weights=weights)
    from nasframe.run import run as run_experiment

    run_experiment(experiment, into, registry=registry)


@click.command()
@click.argument("folder", metavar="RUN", type=click.Path(path_type=Path))
def report(folder: Path) -> None:
    """Write the report of a run's folder again, of a stopped run too: report.md, and report.html for browsers."""
    from nasframe.report import write_report

    path = write_report(folder)
    click.echo(path)
    click.echo(path.with_suffix(".html"))

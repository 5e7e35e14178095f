"""``nasframe run``: an experiment from its file to its report, and going on with one."""

from __future__ import annotations

from pathlib import Path

import click

from nasframe.cli.output import set_option
from nasframe.experiment.checking import load
from nasframe.plugin.registry import Registry


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@set_option
@click.option("--into", type=click.Path(path_type=Path), help="The run's folder; default: a new one in run.folder.")
@click.option(
    "--resume", "stopped", type=click.Path(path_type=Path), metavar="RUN", help="Go on with the run in this folder."
)
@click.option(
    "--accept-changes", is_flag=True, help="With --resume: go on although the data or the run's events were changed."
)
@click.pass_obj
def run(
    registry: Registry,
    *,
    file: Path | None,
    overrides: tuple[str, ...],
    into: Path | None,
    stopped: Path | None,
    accept_changes: bool,
) -> None:
    """Run an experiment: search, retrain, report; or go on with a run."""
    if (file is None) == (stopped is None):
        raise click.UsageError("give either an experiment FILE or --resume RUN")
    if stopped is not None:
        if overrides or into:
            raise click.UsageError("--resume goes on with the run as it was begun; --set and --into do not go with it")
        from nasframe.run import resume

        resume(stopped, registry, accept_changes=accept_changes)
        return
    if accept_changes:
        raise click.UsageError("--accept-changes goes with --resume")
    assert file is not None, "checked above"
    experiment = load(file, overrides, registry)  # before torch is imported, so that a wrong key answers at once
    from nasframe.plan.choosing import choose
    from nasframe.run import run as run_experiment

    experiment = choose(experiment, registry, click.echo)
    run_experiment(experiment, into, registry=registry)

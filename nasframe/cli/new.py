"""``nasframe new``: files to start from."""

from __future__ import annotations

from pathlib import Path

import click

from nasframe.errors import ExperimentError
from nasframe.experiment.template import choose_parts, experiment_text
from nasframe.files import atomic
from nasframe.plugin.registry import Registry

DEFAULT_NAME = "experiment"
"""What a new experiment is called where it is not written to a file."""


@click.group()
def new() -> None:
    """Print a file to start from."""


@new.command()
@click.option("--space", help="Name of the space.")
@click.option("--evaluator", help="Name of the evaluator.")
@click.option("--strategy", help="Name of the strategy.")
@click.option("--output", type=click.Path(path_type=Path), help="Write this new file instead of printing.")
@click.pass_obj
def experiment(
    registry: Registry, space: str | None, evaluator: str | None, strategy: str | None, output: Path | None
) -> None:
    """Print an experiment file with every default and what it means."""
    parts = choose_parts(registry, {"space": space, "evaluator": evaluator, "strategy": strategy})
    text = experiment_text(parts, output.stem if output else DEFAULT_NAME)
    if output is None:
        click.echo(text, nl=False)
        return
    if output.exists():
        raise ExperimentError(f"{output}: exists already; remove it, or choose another --output")
    atomic.write_text(output, text)
    click.echo(f"Wrote {output}; check it with: nasframe check {output}")

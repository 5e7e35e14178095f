"""``nasframe check``, ``schema`` and ``new``: experiment files before they are run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from nasframe import atomic
from nasframe.checking import load
from nasframe.cli.output import set_option
from nasframe.errors import ExperimentError
from nasframe.origins import leaves
from nasframe.parts import Part
from nasframe.registry import Registry
from nasframe.schema import json_schema
from nasframe.template import choose_parts, experiment_text
from nasframe.yaml_source import dump_inline

NAME = "experiment"
"""What a new experiment is called where it is not written to a file."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@set_option
@click.option("--origins", is_flag=True, help="Print every value and where it was written.")
@click.pass_obj
def check(registry: Registry, file: Path, overrides: tuple[str, ...], origins: bool) -> None:
    """Check an experiment file; no data is touched."""
    experiment = load(file, overrides, registry)
    if origins:
        for path, value in leaves(experiment.resolved()).items():
            click.echo(f"{path} = {dump_inline(value)}  ({experiment.origins[path]})")
    chosen = (experiment.space, experiment.evaluator, experiment.strategy)
    parts = (_described(part) for part in chosen if part)
    click.echo(f"OK: {experiment.name}: {', '.join(parts)}")


@click.command()
@click.pass_obj
def schema(registry: Registry) -> None:
    """Print the JSON Schema of experiment files, for editors."""
    click.echo(json.dumps(json_schema(registry), indent=1))


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
    text = experiment_text(parts, output.stem if output else NAME)
    if output is None:
        click.echo(text, nl=False)
        return
    if output.exists():
        raise ExperimentError(f"{output}: exists already; remove it, or choose another --output")
    atomic.write_text(output, text)
    click.echo(f"Wrote {output}; check it with: nasframe check {output}")


def _described(part: Part[Any]) -> str:
    component = part.component
    return f"{component.kind} {component.name} ({part.distribution} {part.version})"

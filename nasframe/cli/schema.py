"""``nasframe schema``: experiment files described to editors."""

from __future__ import annotations

import json

import click

from nasframe.experiment.schema import json_schema
from nasframe.plugin.registry import Registry


@click.command()
@click.pass_obj
def schema(registry: Registry) -> None:
    """Print the JSON Schema of experiment files, for editors."""
    click.echo(json.dumps(json_schema(registry), indent=1))

"""``nasframe check``: everything that is wrong in an experiment file, before it is run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from nasframe.cli.output import set_option
from nasframe.experiment.checking import load
from nasframe.experiment.experiment import leaves
from nasframe.experiment.sections import Part
from nasframe.files.yaml_text import dump_inline
from nasframe.plugin.registry import Registry


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
    part = experiment.strategy
    while part is not None:
        for remark in part.cls.remarks_on(part.options):
            click.echo(f"Note: {remark}.")
        part = part.over


def _described(part: Part[Any]) -> str:
    component = part.component
    return f"{component.kind} {component.name} ({part.distribution} {part.version})"

"""``nasframe compare``: several runs beside each other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from nasframe.cli.output import console, format_option


@click.command()
@click.argument("folders", metavar="RUN RUN …", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--output", type=click.Path(path_type=Path), metavar="FOLDER", help="Write compare.md and figures here.")
@format_option
def compare(folders: tuple[Path, ...], output: Path | None, format_: str) -> None:
    """Show runs side by side: metrics, costs, paths, cells and decisions."""
    if len({folder.resolve() for folder in folders}) < max(2, len(folders)):
        raise click.UsageError("give two or more different runs")
    if output is not None and output.exists() and not output.is_dir():
        raise click.UsageError(f"--output {output} is a file; name a folder")
    from nasframe import compare
    from nasframe.report.record import read

    records = [read(folder) for folder in folders]
    found = compare.compare(records)
    if format_ == "json":
        click.echo(json.dumps(_plain(asdict(found)), indent=1))
    else:
        for table in compare.tables(found):
            _show(table)
        for remark in found.remarks:
            click.echo(f"- {remark}")
    if output is not None:
        click.echo(f"Wrote {compare.write(found, records, output)}", err=format_ == "json")


def _show(table: Any) -> None:
    shown = Table(title=table.title, title_justify="left")
    for column in table.columns:
        shown.add_column(column, overflow="fold")
    for row in table.rows:
        shown.add_row(*map(Text, row))
    console().print(shown)


def _plain(value: Any) -> Any:
    """Plain data for JSON: an edge as a key becomes ``before -> node``, a path a string."""
    if isinstance(value, Mapping):
        return {" -> ".join(key) if isinstance(key, tuple) else key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return str(value) if isinstance(value, Path) else value

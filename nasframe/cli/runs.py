"""``nasframe runs``: what a folder of runs holds."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from nasframe.cli.output import console, format_option
from nasframe.files.words import NOTHING
from nasframe.runfolder.listing import RunEntry, list_runs


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("runs"))
@format_option
def runs(folder: Path, format_: str) -> None:
    """List the runs in a folder."""
    found = list_runs(folder)
    if format_ == "json":
        click.echo(json.dumps([asdict(entry) for entry in found], indent=1))
        return
    if not found:
        click.echo(f"{folder} holds no runs.")
        return
    table = Table()
    for title in ("name", "state", "phase"):
        table.add_column(title, overflow="fold")
    for title in ("step", "score", "minutes"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("space × strategy × evaluator", overflow="fold")
    table.add_column("started", no_wrap=True)
    for entry in found:
        table.add_row(*map(Text, _row(entry)))
    console().print(table)
    if any(entry.score is not None and not entry.final for entry in found):
        click.echo("* the best of the search; not retrained yet")


def _row(entry: RunEntry) -> list[str]:
    step = NOTHING if entry.step is None else f"{entry.step}/{entry.steps}"
    score = NOTHING if entry.score is None else f"{entry.score:.4f}{'' if entry.final else '*'}"
    parts = " × ".join(part or NOTHING for part in (entry.space, entry.strategy, entry.evaluator))
    phase = entry.phase or NOTHING
    return [entry.name, entry.state, phase, step, score, f"{entry.minutes:.1f}", parts, entry.started or NOTHING]

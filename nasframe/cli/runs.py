"""``nasframe runs``: what a folder of runs holds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from nasframe.cli.output import console, format_option
from nasframe.errors import RunFolderError
from nasframe.files.words import NOTHING, quantity
from nasframe.runfolder.listing import RunEntry, list_runs


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("runs"))
@format_option
def runs(folder: Path, format_: str) -> None:
    """List the runs in a folder; exit code 2 where a file of one cannot be read."""
    found = list_runs(folder)
    _show(found, folder, format_)
    if faults := [fault for entry in found for fault in entry.faults]:
        lines = "".join(f"\n  {fault}" for fault in faults)
        raise RunFolderError(
            f"{quantity(len(faults), 'file')} of these runs cannot be read, so what they say is not listed; put whole "
            f"ones back, or move the runs elsewhere:{lines}"
        )


def _show(found: Sequence[RunEntry], folder: Path, format_: str) -> None:
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

"""What the commands that show something have in common."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nasframe.files.words import quantity
from nasframe.run.lasting_output import drop

if TYPE_CHECKING:
    from nasframe.report.text_table import TextTable

PIPE_WIDTH = 200
"""Characters a line where the output is no terminal, so that another program sees each row on one line."""

format_option = click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How to print it.",
)
set_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a value, like strategy.epochs=2; later ones win.",
)


def say(line: str) -> None:
    """A line on stderr, where it disturbs no output; where that is lost, nothing."""
    try:
        click.echo(line, err=True)
    except OSError:
        drop(sys.stderr)


def console() -> Console:
    """The standard output, for tables."""
    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)


def show_figures(table: TextTable, most: int | None = None) -> None:
    """Print a table whose first column names what the others have figures of.

    Args:
        table: its title stands above it.
        most: how many rows are printed; the page that the command writes has all. None: all.
    """
    shown = Table(title=table.title, title_justify="left")
    for number, column in enumerate(table.columns):
        shown.add_column(column, justify="right" if number else "left")
    for row in table.rows[:most]:
        shown.add_row(*map(Text, row))
    console().print(shown)
    if most is not None and len(table.rows) > most:
        click.echo(f"The first {most} of {quantity(len(table.rows), 'row')}; the page has all.")


def size_of(ctx: click.Context, parameter: click.Parameter, text: str | None) -> tuple[int, int] | None:
    """The callback of an option like ``--size 1025x2049``: height and width."""
    if text is None:
        return None
    match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", text)
    if match is None:
        raise click.BadParameter(f"{text!r}; expected HEIGHTxWIDTH in pixels, like 1025x2049")
    return int(match[1]), int(match[2])

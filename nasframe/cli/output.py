"""What the commands that show something have in common."""

from __future__ import annotations

import sys

import click
from rich.console import Console

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


def console() -> Console:
    """The standard output, for tables."""
    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)

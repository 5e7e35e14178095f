"""What the commands that show something have in common."""

from __future__ import annotations

import re
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


def size_of(ctx: click.Context, parameter: click.Parameter, text: str | None) -> tuple[int, int] | None:
    """The callback of an option like ``--size 1025x2049``: height and width."""
    if text is None:
        return None
    match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", text)
    if match is None:
        raise click.BadParameter(f"{text!r}; expected HEIGHTxWIDTH in pixels, like 1025x2049")
    return int(match[1]), int(match[2])

"""``nasframe verify``: the golden numbers of the installed plug-ins."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from nasframe.cli.output import console, format_option
from nasframe.files.words import number, quantity
from nasframe.plugin.golden import Verdict
from nasframe.plugin.golden import verify as verify_one
from nasframe.plugin.registry import Registry

FAILED = 1


@click.command()
@click.argument("names", nargs=-1)
@format_option
@click.pass_obj
def verify(registry: Registry, names: tuple[str, ...], format_: str) -> None:
    """Measure every number that the plug-ins ship (or of the checks NAMES); exit code 1: one is not as expected."""
    registry.require_unambiguous()
    checks = {name: registry.get("check", name) for name in names or registry.names("check")}
    rows: list[dict[str, Any]] = []
    for name, found in checks.items():
        for golden in found.value:
            verdict = verify_one(golden)
            rows.append({"check": name, "distribution": found.distribution, **_facts(verdict)})
    if format_ == "json":
        click.echo(json.dumps(rows, indent=1))
    else:
        _show(rows)
    if not all(row["holds"] for row in rows):
        raise click.exceptions.Exit(FAILED)


def _facts(verdict: Verdict) -> dict[str, Any]:
    golden = verdict.golden
    return {
        "what": golden.what,
        "expected": golden.expected,
        "tolerance": golden.tolerance,
        "measured": verdict.measured,
        "holds": verdict.holds,
        "reason": verdict.reason,
        "source": golden.source,
    }


def _show(rows: list[dict[str, Any]]) -> None:
    if not rows:
        click.echo("No plug-in ships golden numbers.")
        return
    table = Table()
    for column in ("check", "what", "expected", "measured", ""):
        table.add_column(column, justify="right" if column in ("expected", "measured") else "left", overflow="fold")
    for row in rows:
        expected, tolerance, measured = (number(row[key], digits=6) for key in ("expected", "tolerance", "measured"))
        expected += f" ± {tolerance}" if row["tolerance"] else ""
        cells = (row["check"], row["what"], expected, row["reason"] or measured, "" if row["holds"] else "WRONG")
        table.add_row(*map(Text, cells))
    console().print(table)
    wrong = sum(not row["holds"] for row in rows)
    click.echo(f"{len(rows) - wrong} of {quantity(len(rows), 'number')} are as expected.")

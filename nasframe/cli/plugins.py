"""``nasframe plugins``: what is installed, what is broken, and what can be combined."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

import click
from rich.table import Table
from rich.text import Text

from nasframe.cli.output import console, format_option
from nasframe.experiment.sections import SECTIONS, Section
from nasframe.plugin.compatibility import Combination, combinations
from nasframe.plugin.component import Kind
from nasframe.plugin.registry import KINDS, Registry, conflict_message

CONFLICT = 2
_Command = TypeVar("_Command", bound=Callable[..., Any])


def _only(section: Section) -> Callable[[_Command], _Command]:
    """The option that narrows the table to the named components of one section."""
    return click.option(
        f"--{section}", multiple=True, metavar="NAME", help=f"With --table: only this {section}; may be repeated."
    )


@click.command()
@click.option("--kind", type=click.Choice(KINDS), help="Only components of this kind; not with --table.")
@click.option("--table", is_flag=True, help="Which space, evaluator and strategy can work together.")
@_only("space")
@_only("evaluator")
@_only("strategy")
@format_option
@click.pass_obj
def plugins(
    registry: Registry,
    kind: Kind | None,
    table: bool,
    space: tuple[str, ...],
    evaluator: tuple[str, ...],
    strategy: tuple[str, ...],
    format_: str,
) -> None:
    """List the installed components and plug-ins, the broken ones too."""
    only: dict[Section, tuple[str, ...]] = {"space": space, "evaluator": evaluator, "strategy": strategy}
    if table and kind is not None:
        ways = ", ".join(f"--{section}" for section in only)
        raise click.UsageError(f"--kind narrows the list of components, which --table is not; narrow that by {ways}")
    if table:
        _show_table(registry, {section: names for section, names in only.items() if names}, format_)
    elif any(only.values()):
        given = next(section for section, names in only.items() if names)
        raise click.UsageError(f"--{given} narrows the table of who can be combined with whom; add --table")
    else:
        _show_components(registry, KINDS if kind is None else (kind,), format_)
    if registry.conflicts:
        raise click.exceptions.Exit(CONFLICT)


def listing(registry: Registry, kinds: Sequence[Kind] = KINDS) -> dict[str, Any]:
    """All that is known of the plug-ins without importing a component, as plain data."""
    offers = sorted(
        (offer for offer in registry.offers if offer.component.kind in kinds),
        key=lambda offer: (KINDS.index(offer.component.kind), offer.component.name, offer.plugin.distribution),
    )
    return {
        "components": [
            {
                **asdict(offer.component),
                "plugin": offer.plugin.name,
                "distribution": offer.plugin.distribution,
                "version": offer.plugin.version,
                "conflict": (offer.component.kind, offer.component.name) in registry.conflicts,
            }
            for offer in offers
        ],
        "broken": [
            {
                "plugin": failure.plugin.name,
                "distribution": failure.plugin.distribution,
                "version": failure.plugin.version,
                "reason": failure.reason,
            }
            for failure in registry.failures
        ],
        "disabled": [plugin.name for plugin in registry.disabled],
        "conflicts": [conflict_message(clashing) for clashing in registry.conflicts.values()],
    }


def _show_components(registry: Registry, kinds: Sequence[Kind], format_: str) -> None:
    found = listing(registry, kinds)
    if format_ == "json":
        click.echo(json.dumps(found, indent=1))
        return
    columns = ("kind", "name", "summary", "distribution", "version")
    if found["components"]:
        _print_table("", columns, found["components"])
    else:
        click.echo("No components are installed.")
    if found["broken"]:
        _print_table("Broken plug-ins", ("plugin", "distribution", "version", "reason"), found["broken"])
    if found["disabled"]:
        click.echo(f"Disabled plug-ins: {', '.join(found['disabled'])}")
    for message in found["conflicts"]:
        click.echo(f"error: {message}", err=True)


def _show_table(registry: Registry, only: Mapping[Section, Sequence[str]], format_: str) -> None:
    """Who can be combined with whom, narrowed to the named components of the sections that name some.

    Raises:
        PluginError: no component has such a name, or one that has cannot be imported.
    """
    for section, names in only.items():
        for name in names:
            registry.get(section, name)
    found = [
        combination
        for combination in combinations(registry)
        if all(vars(combination)[section] in names for section, names in only.items())
    ]
    _show_combinations(found, format_)
    for reason in (reason for section in SECTIONS if section not in only for reason in registry.unusable(section)):
        click.echo(f"left out: {reason}", err=True)


def _show_combinations(found: Sequence[Combination], format_: str) -> None:
    rows = [
        {
            "space": combination.space,
            "evaluator": combination.evaluator,
            "strategy": combination.strategy,
            "works": not combination.reason,
            "reason": combination.reason or None,
        }
        for combination in found
    ]
    if format_ == "json":
        click.echo(json.dumps(rows, indent=1))
        return
    for row in rows:
        row["combined"] = "yes" if row["works"] else f"no: {row['reason']}"
    _print_table("", ("space", "evaluator", "strategy", "combined"), rows)


def _print_table(title: str, columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> None:
    table = Table(title=title or None, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(str(row[column])) for column in columns))
    console().print(table)

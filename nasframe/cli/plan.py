"""``nasframe plan``: what a run will need, before it is run."""

from __future__ import annotations

import json
import math
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from nasframe.cli.output import console, format_option, set_option
from nasframe.errors import NasframeError
from nasframe.experiment.checking import load
from nasframe.experiment.experiment import Experiment
from nasframe.files.words import duration, quantity
from nasframe.plugin.registry import Registry

if TYPE_CHECKING:
    from nasframe.plan.forecasting import Forecast, MeasurePhase, PhaseForecast
    from nasframe.plan.remedies import Remedy, Room

DOES_NOT_FIT = 1
UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
TIMES = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}


def _memory(ctx: click.Context, parameter: click.Parameter, text: str | None) -> int | None:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", text or "")
    if text is not None and (match is None or match[2].upper() not in UNITS):
        raise click.BadParameter(f"{text!r}; expected an amount like 8GB, 512MB or 7.5GiB")
    return int(float(match[1]) * UNITS[match[2].upper()]) if match else None


def _time(ctx: click.Context, parameter: click.Parameter, text: str | None) -> float | None:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]+)", text or "")
    if text is not None and (match is None or match[2] not in TIMES):
        raise click.BadParameter(f"{text!r}; expected a time like 90s, 30m, 2h or 3d")
    return float(match[1]) * TIMES[match[2]] if match else None


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@set_option
@click.option("--memory", callback=_memory, metavar="AMOUNT", help="What there is, like 8GB; says what to change.")
@click.option("--time", "seconds", callback=_time, metavar="TIME", help="What there is, like 2h; says what to change.")
@format_option
@click.pass_obj
def plan(
    registry: Registry,
    file: Path,
    overrides: tuple[str, ...],
    memory: int | None,
    seconds: float | None,
    format_: str,
) -> None:
    """Say what a run will need, from a few real steps; exit code 1: more than there is."""
    experiment = load(file, overrides, registry)
    from nasframe.plan.choosing import choose
    from nasframe.plan.forecasting import forecast, in_own_process
    from nasframe.plan.remedies import Room, find_remedies

    disabled = [plugin.name for plugin in registry.disabled]
    measure: MeasurePhase = partial(in_own_process, disabled=disabled)
    experiment = choose(experiment, registry, lambda reason: click.echo(reason, err=format_ == "json"))
    found = forecast(experiment, measure=measure)
    room = Room(memory, seconds)
    reload = partial(_reload, file, overrides, registry)
    remedies = find_remedies(experiment, found, room, reload, measure)
    shorter = _shorter(experiment, found, room)
    if format_ == "json":
        click.echo(json.dumps(facts(found, room, remedies, shorter), indent=1))
    else:
        _show(experiment, found)
        for remark in (remark for phase in found.phases for remark in phase.remarks):
            click.echo(f"Note: {remark}.")
        _advise(found, room, remedies, shorter)
    if not room.kept_by(found):
        raise click.exceptions.Exit(DOES_NOT_FIT)


def facts(found: Forecast, room: Room, remedies: list[Remedy], shorter: list[str]) -> dict[str, Any]:
    """A forecast as plain data: seconds, bytes."""
    return {
        "seconds": found.seconds if found.fits else None,
        "memory": found.memory,
        "before": found.before,
        "fits": room.kept_by(found),
        "phases": [
            {
                "phase": phase.phase,
                "seconds": None if phase.full else phase.seconds,
                "processor": None if phase.full else phase.processor,
                "memory": phase.memory,
                "measured": phase.measured,
            }
            for phase in found.phases
        ],
        "remedies": [
            {"phase": remedy.phase, "set": list(remedy.overrides), "memory": remedy.measured.memory}
            for remedy in remedies
        ],
        "shorter": shorter,
    }


def _reload(file: Path, overrides: tuple[str, ...], registry: Registry, more: tuple[str, ...]) -> Experiment | None:
    """The experiment with more overrides; None if its parts do not know them."""
    try:
        return load(file, (*overrides, *more), registry)
    except NasframeError:
        return None


def _shorter(experiment: Experiment, found: Forecast, room: Room) -> list[str]:
    from nasframe.plan.remedies import shorter

    if room.seconds is None or not found.fits or found.seconds <= room.seconds:
        return []
    return shorter(experiment.resolved(), found, room.seconds)


def _show(experiment: Experiment, found: Forecast) -> None:
    table = Table(title=f"{experiment.name}, by a few real steps on this machine", title_justify="left")
    for column in ("phase", "steps", "of a kind", "seconds a step", "time", "peak memory"):
        table.add_column(column, justify="left" if column in ("phase", "of a kind") else "right")
    for phase in found.phases:
        for row in _rows(phase):
            table.add_row(*row)
    console().print(table)
    for phase in found.phases:
        if phase.measured.get("params"):
            few, most = phase.measured["spread"]
            range_ = f" ({few:,} to {most:,})" if few < most else ""
            params = quantity(phase.measured["params"], "parameter")
            click.echo(
                f"The retrained network, {phase.measured['genotype']}: {params}, "
                f"{quantity(phase.measured['macs'], 'multiply-add')}{range_}"
            )
    if found.fits:
        click.echo(
            f"In all {duration(found.seconds)}, of which {duration(found.before)} before the first step; "
            f"peak memory {amount(found.memory)}. The report's drawing is not counted."
        )
        click.echo(_processor(found))


def _processor(found: Forecast) -> str:
    """What the phases cost in processor time, each kind of step by itself where there are several."""
    told = []
    for phase in found.phases:
        kinds = ", ".join(f"{kind} {duration(spent)}" for kind, spent in phase.processor_by_kind.items())
        several = len(phase.processor_by_kind) > 1
        told.append(f"{phase.phase} {duration(phase.processor)}" + (f" ({kinds})" if several else ""))
    text = f"Processor time, whatever else runs on this machine: {'; '.join(told)}."
    if not math.isnan(found.trainings):
        text += f" In units of one retraining, the search costs {found.trainings:.2g}."
    return text


def _rows(phase: PhaseForecast) -> list[tuple[str, ...]]:
    if phase.full:
        return [(phase.phase, "", f"does not fit: {phase.full}", "", "", "")]
    measured = phase.measured
    rows = [
        (
            phase.phase,
            f"{count:,}",
            kind,
            f"{measured['seconds'][kind]:.3g}",
            duration(count * measured["seconds"][kind]),
            "",
        )
        for kind, count in measured["counts"].items()
    ]
    if measured["after"]:
        rows.append((phase.phase, "", "final measurement", "", duration(measured["after"]), ""))
    return [*rows[:-1], (*rows[-1][:-1], amount(phase.memory))]


def _advise(found: Forecast, room: Room, remedies: list[Remedy], shorter: list[str]) -> None:
    if room.kept_by(found):
        if room.memory or room.seconds:
            click.echo("It fits.")
        return
    for phase in filter(room.too_large, found.phases):
        needs = phase.full or f"needs {amount(phase.memory)}"
        click.echo(f"The {phase.phase} does not fit: {needs}" + (f" of {amount(room.memory)}" if room.memory else ""))
        for remedy in (remedy for remedy in remedies if remedy.phase == phase.phase):
            outcome = "still does not fit" if room.too_large(remedy.measured) else "fits"
            after = remedy.measured.full or f"{amount(remedy.measured.memory)}, {duration(remedy.measured.seconds)}"
            click.echo(f"  with {remedy.text} it {outcome}: {after}")
        if not any(remedy.phase == phase.phase for remedy in remedies):
            click.echo("  its space and its evaluator know no options by which it would need less")
    if room.seconds is not None and found.fits and found.seconds > room.seconds:
        click.echo(f"It takes {duration(found.seconds)}, and there are {duration(room.seconds)}")
        if shorter:
            click.echo("  it would be in time with " + " ".join(f"--set '{override}'" for override in shorter))


def amount(size: float) -> str:
    """A number of bytes for people."""
    return f"{size / 10**9:.2f} GB" if size >= 10**9 else f"{size / 10**6:.0f} MB"

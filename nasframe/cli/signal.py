"""``nasframe signal``: whether there is anything to find, before a search."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nasframe.cli.output import format_option, say, set_option, show_figures
from nasframe.experiment.checking import load
from nasframe.files.plain_json import finite
from nasframe.files.words import quantity
from nasframe.plugin.registry import Registry
from nasframe.run.interrupt import outlast_terminal

if TYPE_CHECKING:
    from nasframe.evidence.signal import Signal

MOST_ROWS = 12
"""Of a table in the terminal; the page has all."""


def _budgets(ctx: click.Context, parameter: click.Parameter, text: str) -> tuple[float, ...]:
    try:
        budgets = tuple(float(part) for part in text.split(","))
    except ValueError:
        budgets = ()
    if not budgets or budgets[-1] != 1 or list(budgets) != sorted(set(budgets)) or budgets[0] <= 0:
        raise click.BadParameter(f"{text!r}; expected rising shares of a full evaluation that end with 1, like 0.25,1")
    return budgets


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@set_option
@click.option("--genotypes", default=12, show_default=True, type=click.IntRange(3), help="How many are drawn.")
@click.option("--seeds", default=2, show_default=True, type=click.IntRange(2), help="With how many each is trained.")
@click.option("--budgets", default="0.25,1", show_default=True, callback=_budgets, help="Shares of a full evaluation.")
@click.option(
    "--matched",
    type=click.FloatRange(0, 1, min_open=True),
    help="Take only genotypes whose multiply-adds are within this share of the middle of a hundred draws.",
)
@click.option(
    "--proxies",
    default="free",
    show_default=True,
    metavar="free|all|none|NAMES",
    help="What is nearly free to know of a genotype: proxies that train nothing, all that fit, none, or some by name.",
)
@click.option(
    "--workers", type=click.IntRange(1), help="How many trainings run at a time; default: what the file's run says."
)
@click.option(
    "--into", type=click.Path(path_type=Path), help="Folder of the trainings; default: run.folder/NAME-signal."
)
@format_option
@click.pass_obj
def signal(
    registry: Registry,
    file: Path,
    overrides: tuple[str, ...],
    genotypes: int,
    seeds: int,
    budgets: tuple[float, ...],
    matched: float | None,
    proxies: str,
    workers: int | None,
    into: Path | None,
    format_: str,
) -> None:
    """Train random genotypes with several seeds: do they differ, and what tells it early? Goes on where it stopped."""
    experiment = load(file, overrides, registry)
    from nasframe.evidence.proxies import chosen_proxies, measure_proxies
    from nasframe.evidence.signal import summarise
    from nasframe.evidence.signal_page import write_signal
    from nasframe.evidence.trials import Trials, measure

    folder = into or Path(experiment.run.folder) / f"{experiment.name}-signal"
    folder.mkdir(parents=True, exist_ok=True)
    trials = Trials(genotypes, seeds, budgets, matched)
    asked = chosen_proxies(experiment, registry, proxies)
    with outlast_terminal():
        rows = measure(experiment, trials, folder, say, workers)
        found = summarise(rows, measure_proxies(experiment, asked, rows, folder, say))
    page = write_signal(found, experiment, folder)
    if format_ == "json":
        click.echo(json.dumps(finite(found.to_dict()), indent=1))
    else:
        _show(found)
    click.echo(f"Wrote {page}", err=format_ == "json")


def _show(found: Signal) -> None:
    from nasframe.evidence.signal_tables import tables

    fewest, most = found.macs
    trained = f"{quantity(found.genotypes, 'genotype')}, {quantity(found.seeds, 'seed')}"
    trained += f" ({quantity(found.left_out, 'genotype')} left out)" if found.left_out else ""
    spent = f"{found.seconds:.1f} s a full training, multiply-adds {fewest:,} to {most:,}"
    click.echo(f"{trained}; {spent}, {found.searched:.0%} of them searched")
    for table in tables(found):
        show_figures(table, MOST_ROWS)
    for sentence in found.advice():
        click.echo(f"{sentence}.")

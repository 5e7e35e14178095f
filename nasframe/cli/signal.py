"""``nasframe signal``: whether there is anything to find, before a search."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from nasframe.cli.output import console, format_option, set_option
from nasframe.experiment.checking import load
from nasframe.files.plain_json import finite
from nasframe.files.words import quantity
from nasframe.plugin.registry import Registry

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
    workers: int | None,
    into: Path | None,
    format_: str,
) -> None:
    """Train random genotypes with several seeds: do they differ, and what tells it early? Goes on where it stopped."""
    experiment = load(file, overrides, registry)
    from nasframe.evidence.signal import summarise
    from nasframe.evidence.trials import Trials, measure

    folder = into or Path(experiment.run.folder) / f"{experiment.name}-signal"
    folder.mkdir(parents=True, exist_ok=True)
    trials = Trials(genotypes, seeds, budgets, matched)
    found = summarise(measure(experiment, trials, folder, lambda line: click.echo(line, err=True), workers))
    if format_ == "json":
        click.echo(json.dumps(finite(found.to_dict()), indent=1))
    else:
        _show(found)


def _show(found: Signal) -> None:
    fewest, most = found.macs
    trained = f"{quantity(found.genotypes, 'genotype')}, {quantity(found.seeds, 'seed')}"
    trained += f" ({quantity(found.left_out, 'genotype')} left out)" if found.left_out else ""
    spent = f"{found.seconds:.1f} s a full training, multiply-adds {fewest:,} to {most:,}"
    spent += f", {found.searched:.0%} of them searched"
    table = Table(title=f"{trained}; {spent}", title_justify="left")
    for column in ("metric", "mean", "sd between genotypes", "sd between seeds", "intraclass correlation, 95 %"):
        table.add_column(column, justify="right" if column != "metric" else "left")
    for name, one in found.variances.items():
        interval = f"{one.icc:.2f}, {one.low:.2f} to {one.high:.2f}"
        table.add_row(name, *(f"{value:.4f}" for value in (one.mean, one.between, one.within)), interval)
    ranks = Table(title="Rank correlation with the score of full trainings by other seeds", title_justify="left")
    for column in ("of", "Spearman, 95 %", "Kendall, 95 %"):
        ranks.add_column(column)
    for name, kinds in found.ranks.items():
        ranks.add_row(name, *(_interval(kinds[kind]) for kind in ("spearman", "kendall")))
    for shown in (table, ranks, _decisions(found), _counts(found)):
        if shown.row_count:
            console().print(shown)
    for sentence in found.advice():
        click.echo(f"{sentence}.")


def _decisions(found: Signal) -> Table:
    shown = Table(title="Of the variance between genotypes each decision explains", title_justify="left")
    for column in ("decision", "answers", "share", "p", "p, corrected"):
        shown.add_column(column, justify="left" if column == "decision" else "right")
    for one in found.decisions[:MOST_ROWS]:
        shown.add_row(one.name, str(one.answers), f"{one.share:.0%}", f"{one.p:.2g}", f"{one.corrected:.2g}")
    return shown


def _counts(found: Signal) -> Table:
    shown = Table(title="Rank correlation of how often an answer is given with the score", title_justify="left")
    for column in ("of", "Spearman, 95 %", "p", "p, corrected"):
        shown.add_column(column, justify="left" if column == "of" else "right")
    for one in found.counts[:MOST_ROWS]:
        shown.add_row(one.title, _interval(one.spearman), f"{one.p:.2g}", f"{one.corrected:.2g}")
    return shown


def _interval(rank: Any) -> str:
    return "–" if rank.value != rank.value else f"{rank.value:.2f}, {rank.low:.2f} to {rank.high:.2f}"

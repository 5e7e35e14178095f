"""What signal found, as a page for the browser, a page in Markdown, and two pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from nasframe.evidence import signal_tables
from nasframe.evidence.signal import Signal
from nasframe.experiment.experiment import Experiment
from nasframe.files import atomic
from nasframe.files.words import amount, duration, quantity
from nasframe.pareto import SCORE
from nasframe.plot import spread
from nasframe.plot.canvas import save_figure
from nasframe.report import markdown as md
from nasframe.report.html import images, tables
from nasframe.report.html.markup import Markup, joined, tag
from nasframe.report.html.shell import Section, whole_page
from nasframe.report.text_table import TextTable

SCORES, RANKS = "signal-scores.svg", "signal-ranks.svg"
"""The pictures: each genotype's scores by seed; rank correlations with their intervals."""
_PICTURED = {SCORES: "Scores of each genotype by seed, with one standard deviation", RANKS: "Rank correlations"}


def write_signal(found: Signal, experiment: Experiment, folder: Path) -> Path:
    """Write ``signal.html``, ``signal.md`` and their pictures into a folder; the path of the former.

    Raises:
        RunError: they cannot be written.
    """
    scores, ranks = spread.compute(found.scores), _whiskers(found)
    with save_figure(folder / SCORES, *scores.size) as (axes,):
        spread.draw(scores, axes)
    with save_figure(folder / RANKS, *ranks.size) as (axes,):
        spread.draw_whiskers(ranks, axes)
    atomic.write_text(folder / "signal.md", "\n\n".join(_paragraphs(found, experiment)) + "\n")
    path = folder / "signal.html"
    atomic.write_text(path, _page(found, experiment, folder))
    return path


def _whiskers(found: Signal) -> spread.Whiskers:
    """Of what is known early, then of counts."""
    ranks = [(name, *kinds["spearman"]) for name, kinds in found.ranks.items()]
    return spread.whiskers([*ranks, *((one.title, *one.spearman) for one in found.counts)])


def _title(experiment: Experiment) -> str:
    return f"{experiment.name}: is there anything to find?"


def _paragraphs(found: Signal, experiment: Experiment) -> Iterator[str]:
    yield f"# {md.escaped(_title(experiment))}"
    yield " · ".join(f"{name} {value}" for name, value in _figures(found))
    yield "\n".join(f"- {md.sentence(sentence)}." for sentence in found.advice())
    for name, said in _PICTURED.items():
        yield md.figure(said, name)
    for table in signal_tables.tables(found):
        yield f"## {md.escaped(table.title)}"
        yield md.table(table.columns, table.rows, numbers_from=1)
        yield md.sentence(table.note)
    every = signal_tables.of_genotypes(found)
    yield md.folded(every.title, md.table(every.columns, every.rows, numbers_from=1))


def _figures(found: Signal) -> Iterator[tuple[str, str]]:
    """The main numbers."""
    yield "genotypes", f"{found.genotypes}"
    if found.left_out:
        yield "left out", f"{found.left_out}"
    yield "seeds", f"{found.seeds}"
    yield "intraclass correlation", f"{found.variances[SCORE].icc:.2f}"
    yield "multiply-adds", " to ".join(map(amount, found.macs))
    yield "of them searched", f"{found.searched:.0%}"
    if found.seconds:
        yield "a full training", duration(found.seconds)


def _page(found: Signal, experiment: Experiment, folder: Path) -> str:
    parts = experiment.retrain or experiment
    verdict, *advice = found.advice()
    header = tag(
        "header",
        tag("p", " · ".join((parts.space.component.name, parts.evaluator.component.name)), class_="kinds"),
        tag("h1", _title(experiment)),
        tag("dl", (tag("div", tag("dt", name), tag("dd", value)) for name, value in _figures(found)), class_="figures"),
        tag("p", tag("strong", f"{verdict}."), class_="certainty", role="note"),
    )
    sections = [
        ("advice", "What follows", tag("ul", (tag("li", f"{sentence}.") for sentence in advice))),
        *_sections(found, folder),
    ]
    trained = f"{quantity(found.genotypes, 'genotype')} by {quantity(found.seeds, 'seed')}"
    footer = f"Written by nasframe from the trainings of {trained}, which stand in trainings.jsonl."
    return whole_page(_title(experiment), header, sections, footer)


def _sections(found: Signal, folder: Path) -> Iterator[Section]:
    """A section for each table; pictures stand in that which they belong to."""
    every = signal_tables.of_genotypes(found)
    folded = tables.folded(every.title, tables.of_text(every))
    variances, ranks, *others = signal_tables.tables(found)
    yield (
        "variances",
        variances.title,
        joined(images.drawn(folder / SCORES, _PICTURED[SCORES]), _told(variances), folded),
    )
    yield "ranks", ranks.title, joined(images.drawn(folder / RANKS, _PICTURED[RANKS]), _told(ranks))
    for number, table in enumerate(others):
        yield f"answers-{number + 1}", table.title, _told(table)


def _told(table: TextTable) -> Markup:
    return joined(tag("p", table.note, class_="note"), tables.of_text(table))

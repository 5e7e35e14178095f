"""A comparison as tables of text, which a terminal and Markdown both can show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nasframe.compare.compute import PARTS, ComparedRun, Comparison
from nasframe.files import words
from nasframe.plot.canvas import readable
from nasframe.report.text_table import TextTable


def tables(comparison: Comparison) -> Iterator[TextTable]:
    """Runs, pairs and decisions; a table without rows is left out."""
    runs = comparison.runs
    yield TextTable("Runs", ("", *(run.name for run in runs)), tuple(_facts(runs)))
    if comparison.pairs:
        columns = (
            "runs",
            "layers apart",
            "levels apart",
            "connections in common",
            "cell edges in common",
            "with the same operation",
            "decisions",
        )
        yield TextTable("Pairs", columns, tuple(_pairs(comparison)))
    if comparison.differing:
        rows = tuple((key, *map(_answer, given)) for key, given in comparison.differing.items())
        yield TextTable("Decisions that differ", ("decision", *(run.name for run in runs)), rows)


def _facts(runs: Sequence[ComparedRun]) -> Iterator[tuple[str, ...]]:
    yield ("state", *(run.state for run in runs))
    for key in PARTS:
        yield (key, *(run.parts.get(key, words.NOTHING) for run in runs))
    yield ("score", *(words.number(run.score) for run in runs))
    for name in dict.fromkeys(name for run in runs for name in run.metrics):
        yield (readable(name), *(words.cell_text(run.metrics.get(name), name) for run in runs))
    for name in dict.fromkeys(name for run in runs for name in run.ledger):
        yield (f"gap ledger, {readable(name)}", *(words.number(run.ledger.get(name)) for run in runs))
    yield ("parameters", *(words.number(run.params) for run in runs))
    yield ("multiply-adds", *(words.number(run.macs) for run in runs))
    for phase in ("search", "retrain"):
        yield (f"{phase}, minutes", *(_minutes(run, phase) for run in runs))
    yield ("architecture", *(run.origin for run in runs))
    yield ("path", *(" ".join(run.labels) or words.NOTHING for run in runs))


def _minutes(run: ComparedRun, phase: str) -> str:
    return f"{run.minutes[phase]:.1f}" if phase in run.minutes else words.NOTHING


def _pairs(comparison: Comparison) -> Iterator[tuple[str, ...]]:
    for pair in comparison.pairs:
        apart = (str(pair.path.layers), str(pair.path.levels)) if pair.path else (words.NOTHING, words.NOTHING)
        network = f"{pair.connections} of {pair.all_connections}" if pair.all_connections else words.NOTHING
        edges = (
            (f"{pair.edges} of {pair.all_edges}", str(pair.same)) if pair.all_edges else (words.NOTHING, words.NOTHING)
        )
        decisions = words.NOTHING if pair.decisions is None else str(pair.decisions)
        yield (f"{pair.first}, {pair.second}", *apart, network, *edges, decisions)


def _answer(answer: object) -> str:
    return words.NOTHING if answer is None else words.answer(answer)

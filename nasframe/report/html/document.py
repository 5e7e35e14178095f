"""The page of a run: its sections, as far as there is something to show."""

from __future__ import annotations

from collections.abc import Iterable

from nasframe.plot import trellis
from nasframe.report import text
from nasframe.report.html import (
    candidates,
    collapse,
    experiment,
    found,
    frames,
    front,
    header,
    images,
    retraining,
    searching,
)
from nasframe.report.html.markup import Markup, data_script, joined, tag, with_code
from nasframe.report.html.shell import Section, whole_page
from nasframe.report.record import RunRecord

MOST_BYTES = 2_900_000
"""No page is larger, whatever the run: the pictures get what the rest leaves."""
_MOST_FOR_PICTURES = 2_000_000
_PICTURES = Markup("<!-- pictures -->")
"""Where they go; no text of a run can be mistaken for it, since text is escaped."""


def page(record: RunRecord) -> str:
    """The report of a run as HTML; the same record and files give the same text."""
    told = frames.compute(record.weighted)
    without = _document(record, told, _sections(record, told))
    room = MOST_BYTES - len(without.encode())
    shown = images.embedded(record.pictures, max(0, min(_MOST_FOR_PICTURES, room)))
    return without.replace(_PICTURES, joined(*retraining.pictures(shown)))


def _sections(record: RunRecord, told: frames.Frames | None) -> list[Section]:
    """The sections that have something to show."""
    what = "What was found" if record.genotype is not None else "The search space"
    retrained = (retraining.phase_curves(record, "retrain"), *retraining.scores(record))
    wanted: list[tuple[str, str, Iterable[Markup | None]]] = [
        ("found", what, found.section(record, drawn=told is None)),
        ("over-time", "The search over time", searching.over_time(record, told) if told else ()),
        ("search", "Curves of the search", (retraining.phase_curves(record, "search"),)),
        ("candidates", "The candidates", candidates.section(record)),
        ("finalists", "The finalists", (retraining.finalists(record),)),
        ("front", "The Pareto front", front.section(record)),
        (
            "retraining",
            "Retraining",
            (retraining.start(record) if any(retrained) else None, *retrained, _PICTURES if record.pictures else None),
        ),
        ("ledger", "The gap ledger", (retraining.gaps(record),)),
        ("cost", "Cost and time", experiment.cost(record)),
        ("experiment", "The experiment", (*experiment.values(record), *experiment.surroundings(record))),
        ("missing", "Not in this report", _missing(record, told)),
    ]
    filled = ((key, title, joined(*content)) for key, title, content in wanted)
    return [section for section in filled if section[2]]


def _missing(record: RunRecord, told: frames.Frames | None) -> Iterable[Markup]:
    graph = record.graph or record.genotype
    drawn = graph is not None and trellis.compute(graph, record.genotype) is not None
    reasons = list(text.absences(record, trellis=drawn, weights=told is not None))
    if told is not None and told.cells and not collapse.is_known(record.weighted[-1][1]):
        reasons.append("No word on collapse: `graph.json` does not say which operations compute nothing.")
    if reasons:
        yield tag("ul", (tag("li", with_code(reason)) for reason in reasons))


def _document(record: RunRecord, told: frames.Frames | None, sections: list[Section]) -> str:
    return whole_page(
        f"{header.name(record)} – report of a run",
        header.header(record, told),
        sections,
        "Written by nasframe from the run's folder alone.",
        data_script("frames", searching.data(record, told)) if told else None,
    )

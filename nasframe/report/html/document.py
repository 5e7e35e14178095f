"""The page: its sections, its style and its script in one file that asks for nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from importlib.resources import files

from nasframe.plot import trellis
from nasframe.report import text
from nasframe.report.html import collapse, experiment, found, frames, front, header, images, retraining, searching
from nasframe.report.html.markup import Markup, data_script, joined, tag, with_code
from nasframe.report.record import RunRecord

MOST_BYTES = 2_900_000
"""No page is larger, whatever the run: the pictures get what the rest leaves."""
_MOST_FOR_PICTURES = 2_000_000
_PICTURES = Markup("<!-- pictures -->")
"""Where they go; no text of a run can be mistaken for it, since text is escaped."""
Section = tuple[str, str, Markup]
"""Identifier, title, content."""


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
    candidates: list[tuple[str, str, Iterable[Markup | None]]] = [
        ("found", what, found.section(record, drawn=told is None)),
        ("over-time", "The search over time", searching.over_time(record, told) if told else ()),
        ("search", "Curves of the search", (retraining.phase_curves(record, "search"),)),
        ("front", "The Pareto front", front.section(record)),
        ("retraining", "Retraining", (*retrained, _PICTURES if record.pictures else None)),
        ("cost", "Cost and time", experiment.cost(record)),
        ("experiment", "The experiment", (*experiment.values(record), *experiment.surroundings(record))),
        ("missing", "Not in this report", _missing(record, told)),
    ]
    filled = ((key, title, joined(*content)) for key, title, content in candidates)
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
    style, script = (Markup(_resource(name)) for name in ("report.css", "report.js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{header.name(record)} – report of a run"),
        tag("style", style),
    )
    links = tag("ul", (tag("li", tag("a", title, href=f"#{key}")) for key, title, _ in sections))
    body = tag(
        "body",
        tag("a", "Skip to the report", href="#report", class_="skip-link"),
        header.header(record, told),
        tag("nav", links, aria_label="Sections"),
        tag("main", (_section(*section) for section in sections), id="report"),
        tag("footer", tag("p", "Written by nasframe from the run's folder alone.")),
        data_script("frames", searching.data(record, told)) if told else None,
        tag("script", script),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def _section(key: str, title: str, content: Markup) -> Markup:
    return tag("section", tag("h2", title, id=f"{key}-title"), content, id=key, aria_labelledby=f"{key}-title")


def _resource(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")

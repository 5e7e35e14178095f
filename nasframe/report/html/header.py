"""The top of the page: what ran, how it ended, what came out, and what is to be warned of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from nasframe.files import words
from nasframe.report import facts, within_bounds
from nasframe.report.html import collapse
from nasframe.report.html.cell_section import title
from nasframe.report.html.frames import Frames
from nasframe.report.html.markup import Child, Markup, tag
from nasframe.report.record import RunRecord
from nasframe.runfolder.listing import CRASHED, state_of

_PARTS = ("space", "strategy", "evaluator")
_MARKS = {"done": "✓", "failed": "✕", CRASHED: "✕", "stopped": "❚❚", "searching": "●", "retraining": "●"}
_ENDED = ("failed", CRASHED, "stopped")
_LONGEST_REASON = 4000


def name(record: RunRecord) -> str:
    """What the run is called."""
    return str(record.experiment.get("name", record.folder.name))


def header(record: RunRecord, frames: Frames | None) -> Markup:
    """Name, state, result, warnings."""
    kinds = [_type(record.experiment.get(section)) for section in _PARTS]
    return tag(
        "header",
        tag("p", " · ".join(filter(None, kinds)), class_="kinds"),
        tag("h1", name(record)),
        _state(record),
        _figures(record),
        _certainty(record),
        _bounds(record),
        [_warning(text) for text in _warnings(record, frames)],
    )


def _certainty(record: RunRecord) -> Markup | None:
    """Whether the search has decided anything."""
    found = record.certainty
    if found is None:
        return None
    verdict, *rest = found.sentences()
    look = "certainty" if found.verdict == "decided" else "certainty warning"
    return tag("p", tag("strong", verdict), " ", " ".join(rest), class_=look, role="note")


def _bounds(record: RunRecord) -> Markup | None:
    """What the constraints have cost the search."""
    found = " ".join(within_bounds.sentences(record.bounds))
    return tag("p", found, class_="note") if found else None


def _state(record: RunRecord) -> Markup:
    status = record.status
    state = state_of(record.folder, status) if "state" in status else "state unknown"
    where = ""
    if state != "done" and all(status.get(key) is not None for key in ("phase", "step", "steps")):
        steps = words.quantity(status["steps"], "step")
        where = f" in the {status['phase']} phase, {words.number(status['step'])} of {steps}"
        where += _last_sign(status.get("updated"))
    mark = tag("span", _MARKS.get(state, "?"), aria_hidden="true", class_="mark")
    known = state if state in _MARKS else "unknown"
    badge = tag("p", mark, " ", tag("strong", state), where, class_=f"state {known}")
    reason = status.get("reason")
    way_on = tag("p", "Go on with it by ", tag("code", "nasframe run --resume RUN"), ".") if state in _ENDED else None
    return tag("div", badge, tag("pre", str(reason)[:_LONGEST_REASON]) if reason else None, way_on)


def _last_sign(updated: object) -> str:
    """When a run that is not done wrote last."""
    if not isinstance(updated, int | float) or not 0 < updated < 1e11:
        return ""
    return f"; last sign of life {datetime.fromtimestamp(updated, UTC):%Y-%m-%d %H:%M} UTC"


def _figures(record: RunRecord) -> Markup | None:
    """The main numbers, large."""
    rows: list[tuple[str, str]] = []
    if found := facts.result(record):
        rows.append((found.stage or "result", found.score))
    if "params" in record.cost:
        rows.append(("parameters", words.amount(record.cost["params"])))
    if "macs" in record.cost:
        size = " × ".join(str(side) for side in record.cost.get("size", ()))
        rows.append((f"multiply-adds at {size} pixels" if size else "multiply-adds", words.amount(record.cost["macs"])))
    spent = sum(phase.seconds for phase in facts.phases(record))
    if spent:
        rows.append(("time", words.duration(spent)))
    if not rows:
        return None
    return tag("dl", (tag("div", tag("dt", what), tag("dd", value)) for what, value in rows), class_="figures")


def _warnings(record: RunRecord, frames: Frames | None) -> Iterator[str]:
    steps = frames.steps if frames else ()
    cells = frames.cells if frames else {}
    if facts.selected_on_val(record):
        yield facts.SELECTED_ON_VAL
    if changed := facts.changed_on_the_way(record):
        yield changed
    yield from facts.remarks_on_data(record)
    names = dict.fromkeys([*cells, *_cells_of_genotype(record)])
    for cell in names:
        found = collapse.shares(cells[cell]) if cell in cells else None
        for text in collapse.warnings(cell, steps, found, record.genotype):
            yield f"Collapse of the {title(cell).lower()}: {text}."


def _cells_of_genotype(record: RunRecord) -> list[str]:
    if record.genotype is None:
        return []
    return [of for _, of in record.genotype.nodes(data="part") if of != "network"]


def _warning(text: Child) -> Markup:
    return tag("p", tag("strong", "Warning."), " ", text, class_="warning", role="note")


def _type(section: object) -> str:
    return str(section.get("type", "")) if isinstance(section, Mapping) else str(section or "")

"""The curves of a phase, and what the retrained network scored: numbers, tables, pictures."""

from __future__ import annotations

from collections.abc import Iterator

from nasframe.plot import curves, heatmap
from nasframe.plot.canvas import readable
from nasframe.report import facts, ledger
from nasframe.report.html import tables
from nasframe.report.html.chart import figure, of_panel
from nasframe.report.html.images import Images
from nasframe.report.html.markup import Markup, joined, tag, with_code
from nasframe.report.record import RunRecord


def phase_curves(record: RunRecord, phase: str) -> Markup | None:
    """All that the steps of a phase told; None: nothing."""
    panels = curves.compute(record.events, phase)
    return tag("div", (figure(of_panel(panel)) for panel in panels), class_="charts") if panels else None


def start(record: RunRecord) -> Markup | None:
    """What the network started from, where that were not random weights."""
    told = facts.start(record)
    return tag("p", with_code(told), class_="note") if told else None


def finalists(record: RunRecord) -> Markup | None:
    """What the search named, compared by trainings."""
    found = facts.finalists(record)
    return joined(tag("p", found.note, class_="note"), tables.of_text(found)) if found else None


def gaps(record: RunRecord) -> Markup | None:
    """What was lost and won between the supernet and the retrained network."""
    found = ledger.table(record)
    return joined(tag("p", found.note, class_="note"), tables.of_text(found)) if found else None


def scores(record: RunRecord) -> Iterator[Markup]:
    """The metrics and the evaluator's tables."""
    beside, below = [], []
    if found := facts.metric_table(record):
        beside.append(_titled(found.title, tables.table(found.columns, found.rows, 1, "Metrics of the network")))
    for name, table in record.metrics.get("tables", {}).items():
        title = readable(name).capitalize()
        matrix = heatmap.of_confusion(table)
        if matrix is None:
            beside.append(_titled(title, tables.of_evaluation(table, title)))
        else:
            said = tag("p", "Of each true class (row), the percentage that was predicted as each class.", class_="note")
            below.append(_titled(title, joined(said, tables.of_confusion(matrix, table))))
    if beside:
        yield tag("div", beside, class_="beside")
    yield from below


def _titled(title: str, content: Markup) -> Markup:
    return tag("div", tag("h3", title), content)


def pictures(images: Images) -> Iterator[Markup]:
    """What the evaluator drew."""
    yield tag("h3", "Pictures")
    if images.found:
        yield tag("p", "As the evaluator drew them; of a dense task: image, truth, prediction.", class_="note")
    for name, address in images.found:
        said = f"{readable(name)}: a frame as the evaluator drew it, with truth and prediction"
        yield tag("figure", tag("img", src=address, alt=said), tag("figcaption", readable(name)), class_="frame")
    if images.said:
        yield tag("ul", (tag("li", with_code(text)) for text in images.said), class_="note")

"""What repeat found, as a page for the browser, a page in Markdown, and a picture; for signal: ``signal_page``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from nasframe.evidence.verdict import Repeated
from nasframe.files import atomic
from nasframe.files.words import quantity
from nasframe.plot import repeats
from nasframe.plot.canvas import save_figure
from nasframe.report import markdown as md
from nasframe.report.html import images, tables
from nasframe.report.html.markup import joined, tag
from nasframe.report.html.shell import Section, whole_page

PICTURE = "repeat.svg"
_PICTURED = "Scores by arm and seed, and differences in pairs with their intervals"


def write_repeated(found: Repeated, folder: Path) -> Path:
    """Write ``repeat.html``, ``repeat.md`` and their picture into a folder; the path of the former.

    Raises:
        RunError: they cannot be written.
    """
    size = found.unit.size
    scores = {arm: [one.score / size for one in ours] for arm, ours in found.by_arm().items()}
    differences = {
        one.opponent: (one.difference.mean / size, one.difference.low / size, one.difference.high / size)
        for one in found.judgements
    }
    drawn = repeats.Repeats(scores, differences, found.unit.name)
    with save_figure(folder / PICTURE, 8.0, 2.8, (1, 2)) as (left, right):
        repeats.draw_scores(drawn, left)
        repeats.draw_differences(drawn, right)
    atomic.write_text(folder / "repeat.md", "\n\n".join(_paragraphs(found)) + "\n")
    path = folder / "repeat.html"
    atomic.write_text(path, _page(found, folder))
    return path


def _title(found: Repeated) -> str:
    return f"{found.name}: was anything found?"


def _paragraphs(found: Repeated) -> Iterator[str]:
    yield f"# {md.escaped(_title(found))}"
    yield "\n".join(f"- {md.sentence(sentence)}." for sentence in found.sentences())
    yield md.figure(_PICTURED, PICTURE)
    arms, metrics, networks = found.arms(), found.metrics(), found.networks()
    yield md.table(arms.columns, arms.rows, numbers_from=1)
    if metrics.rows:
        yield f"{metrics.title}. {metrics.note}"
        yield md.table(metrics.columns, metrics.rows, numbers_from=2)
    yield md.folded(networks.title, md.table(networks.columns, networks.rows, numbers_from=1))


def _page(found: Repeated, folder: Path) -> str:
    verdicts = [one.sentence(found.unit) for one in found.judgements]
    others = [sentence for sentence in found.sentences() if sentence not in verdicts]
    seeds = len(found.by_arm()[found.found[0].arm])
    header = tag(
        "header",
        tag("p", quantity(seeds, "seed"), class_="kinds"),
        tag("h1", _title(found)),
        [tag("p", f"{verdict}.", class_="certainty", role="note") for verdict in verdicts],
    )
    arms, metrics, networks = found.arms(), found.metrics(), found.networks()
    sections: list[Section] = [
        ("arms", arms.title, joined(images.drawn(folder / PICTURE, _PICTURED), tables.of_text(arms))),
        ("rests-on", "What this rests on", tag("ul", (tag("li", f"{sentence}.") for sentence in others))),
        ("metrics", metrics.title, joined(tag("p", metrics.note, class_="note"), tables.of_text(metrics))),
        ("networks", networks.title, tables.of_text(networks)),
    ]
    empty = {name for name, there in (("rests-on", others), ("metrics", metrics.rows)) if not there}
    filled = [section for section in sections if section[0] not in empty]
    return whole_page(_title(found), header, filled, "Written by nasframe from the run folders beside this file.")

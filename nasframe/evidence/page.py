"""What repeat found, as a page for the browser, a page in Markdown, and a picture; for signal: ``signal_page``."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

from nasframe.evidence.verdict import POINT, Repeated
from nasframe.files import atomic
from nasframe.files.words import amount, quantity
from nasframe.plot import repeats
from nasframe.plot.canvas import save_figure
from nasframe.report import markdown as md
from nasframe.report.html import tables
from nasframe.report.html.markup import Markup, joined, tag
from nasframe.report.html.shell import Section, whole_page

PICTURE = "repeat.svg"
_PICTURED = "Scores by arm and seed, and differences in pairs with their intervals"


def write_repeated(found: Repeated, folder: Path) -> Path:
    """Write ``repeat.html``, ``repeat.md`` and their picture into a folder; the path of the former.

    Raises:
        RunError: they cannot be written.
    """
    scores = {arm: [one.score / POINT for one in ours] for arm, ours in found.by_arm().items()}
    differences = {
        one.opponent: (one.difference.mean / POINT, one.difference.low / POINT, one.difference.high / POINT)
        for one in found.judgements
    }
    drawn = repeats.Repeats(scores, differences)
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
    yield "\n".join(f"- {md.escaped(sentence)}." for sentence in found.sentences())
    yield md.figure(_PICTURED, PICTURE)
    yield md.table(found.COLUMNS, found.rows(), numbers_from=1)
    yield md.folded("Every network", md.table(_columns(found), _rows(found), numbers_from=1))


def _page(found: Repeated, folder: Path) -> str:
    verdicts = [one.sentence() for one in found.judgements]
    others = [sentence for sentence in found.sentences() if sentence not in verdicts]
    seeds = len(found.by_arm()[found.found[0].arm])
    header = tag(
        "header",
        tag("p", quantity(seeds, "seed"), class_="kinds"),
        tag("h1", _title(found)),
        [tag("p", f"{verdict}.", class_="certainty", role="note") for verdict in verdicts],
    )
    address = "data:image/svg+xml;base64," + base64.b64encode((folder / PICTURE).read_bytes()).decode()
    picture = tag("figure", tag("img", src=address, alt=_PICTURED), class_="frame")
    every = tables.table(_columns(found), list(_rows(found)), numbers_from=1, caption="Every network")
    sections: list[Section] = [
        ("arms", "The search and its opponents", joined(picture, _arms(found))),
        ("rests-on", "What this rests on", tag("ul", (tag("li", f"{sentence}.") for sentence in others))),
        ("networks", "Every network", every),
    ]
    filled = [section for section in sections if section[0] != "rests-on" or others]
    return whole_page(_title(found), header, filled, "Written by nasframe from the run folders beside this file.")


def _arms(found: Repeated) -> Markup:
    return tables.table(found.COLUMNS, list(found.rows()), numbers_from=1, caption="The search and its opponents")


def _columns(found: Repeated) -> tuple[str, ...]:
    trained = (f"training {number + 1}" for number in range(len(found.found[0].scores)))
    return ("arm", "seed", *trained, "multiply-adds")


def _rows(found: Repeated) -> Iterator[tuple[str, ...]]:
    for one in found.found:
        scores = (f"{score / POINT:.2f}" for score in one.scores)
        yield one.arm, str(one.number), *scores, amount(one.macs)

"""What repeat found, as a page with pictures; what signal found: ``signal_page``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from nasframe.evidence.verdict import POINT, Repeated
from nasframe.files import atomic
from nasframe.files.words import amount
from nasframe.plot import repeats
from nasframe.plot.canvas import save_figure
from nasframe.report import markdown as md

PICTURE = "repeat.svg"


def write_repeated(found: Repeated, folder: Path) -> Path:
    """Write ``repeat.md`` and its picture into a folder; its path.

    Raises:
        RunError: it cannot be written.
    """
    scores = {
        arm: [one.score / POINT for one in found.found if one.arm == arm]
        for arm in dict.fromkeys(one.arm for one in found.found)
    }
    differences = {
        one.opponent: (one.difference.mean / POINT, one.difference.low / POINT, one.difference.high / POINT)
        for one in found.judgements
    }
    drawn = repeats.Repeats(scores, differences)
    with save_figure(folder / PICTURE, 8.0, 2.8, (1, 2)) as (left, right):
        repeats.draw_scores(drawn, left)
        repeats.draw_differences(drawn, right)
    path = folder / "repeat.md"
    atomic.write_text(path, "\n\n".join(_paragraphs(found)) + "\n")
    return path


def _paragraphs(found: Repeated) -> Iterator[str]:
    yield f"# {md.escaped(found.name)}: was anything found?"
    yield "\n".join(f"- {md.escaped(sentence)}." for sentence in found.sentences())
    yield md.figure("Scores by arm and seed, and differences in pairs", PICTURE)
    yield md.table(found.COLUMNS, found.rows(), numbers_from=1)
    rows = (
        (one.arm, str(one.number), *(f"{score / POINT:.2f}" for score in one.scores), amount(one.macs))
        for one in found.found
    )
    trained = [f"training {number + 1}" for number in range(len(found.found[0].scores))]
    yield md.folded("Every network", md.table(("arm", "seed", *trained, "multiply-adds"), rows, numbers_from=1))

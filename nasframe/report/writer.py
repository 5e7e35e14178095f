"""A run folder becomes ``report.md`` and its figures."""

from __future__ import annotations

from pathlib import Path

from nasframe import atomic
from nasframe.report import text
from nasframe.report.figures import write_figures
from nasframe.report.record import read


def write_report(folder: Path) -> Path:
    """Write the report of a run, finished or not, from what is in its folder.

    The same folder gives the same bytes. A report that was there before is replaced.

    Returns:
        The path of ``report.md``.

    Raises:
        RunFolderError: the folder is no run folder.
        RunError: it cannot be written.
    """
    record = read(folder)
    figures = write_figures(record)
    paragraphs = [
        *text.head(record),
        *text.what_was_run(record),
        *text.times(record),
        *text.what_was_found(record, figures),
        *text.search(record, figures),
        *text.retraining(record, figures),
        *text.missing(record, figures),
    ]
    path = folder / "report.md"
    atomic.write_text(path, "\n\n".join(paragraphs) + "\n")
    return path

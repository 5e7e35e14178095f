"""A run folder becomes ``report.md`` with its figures, and ``report.html``, which is one file."""

from __future__ import annotations

from pathlib import Path

from nasframe.files import atomic
from nasframe.report import candidates, text, trade_off
from nasframe.report.figures import write_figures
from nasframe.report.html import page
from nasframe.report.record import RunRecord, read


def write_report(folder: Path) -> RunRecord:
    """Write the report of a run, finished or not, from what is in its folder.

    The same folder gives the same bytes. Reports that were there before are replaced.

    Returns:
        What was read in the folder; its layout says where ``report.md`` and ``report.html`` are.

    Raises:
        RunFolderError: the folder is no run folder.
        RunError: it cannot be written.
    """
    record = read(folder)
    figures = write_figures(record)
    paragraphs = (
        *text.head(record),
        *text.what_was_run(record),
        *text.times(record),
        *text.what_was_found(record, figures),
        *text.search(record, figures),
        *candidates.section(record),
        *trade_off.section(record, figures.front),
        *text.retraining(record, figures),
        *text.missing(record, figures),
    )
    files = record.layout
    markdown = "\n\n".join(paragraphs) + "\n"
    atomic.write_bytes(files.report, markdown.encode(errors="replace"))  # JSON may hold half of a surrogate pair
    atomic.write_text(files.page, page(record))
    return record

"""A comparison as a folder: ``compare.md`` and its figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from nasframe.compare.compute import Comparison
from nasframe.compare.tables import tables
from nasframe.files import atomic
from nasframe.plot import curves, overlay, paths
from nasframe.plot.canvas import save_figure
from nasframe.report import markdown as md
from nasframe.report.record import RunRecord

_WIDTH, _PANEL_HEIGHT, _LEGEND_ROW, _ACROSS = 9.0, 2.4, 0.19, 3


def write(comparison: Comparison, records: Sequence[RunRecord], folder: Path) -> Path:
    """Write the comparison into a folder; what was there under the same names is replaced.

    Args:
        records: what was compared, in the same order.

    Returns:
        The path of ``compare.md``.

    Raises:
        RunError: it cannot be written.
    """
    figures = dict(_figures(comparison, records, folder))
    titles = ", ".join(run.name for run in comparison.runs)
    paragraphs = [f"# {md.escaped(titles)}", *_text(comparison, figures)]
    path = folder / "compare.md"
    atomic.write_text(path, "\n\n".join(paragraphs) + "\n")
    return path


def _text(comparison: Comparison, figures: Mapping[str, str]) -> Iterator[str]:
    runs, *others = tables(comparison)
    yield md.table(runs.columns, runs.rows, numbers_from=1)
    for title, name in figures.items():
        yield f"## {title}"
        yield md.figure(title, name)
    for table in others:
        yield f"## {md.escaped(table.title)}"
        yield md.table(table.columns, table.rows)
    if comparison.remarks:
        yield "## What cannot be compared"
        yield "\n".join(f"- {md.sentence(remark)}" for remark in comparison.remarks)


def _figures(comparison: Comparison, records: Sequence[RunRecord], folder: Path) -> Iterator[tuple[str, str]]:
    """Title and file name of each figure, once it is written."""
    by_name = {run.name: record for run, record in zip(comparison.runs, records, strict=True)}
    lines = {run.name: run.network for run in comparison.runs if run.name in comparison.on_trellis}
    graph = by_name[comparison.on_trellis[0]].graph if comparison.on_trellis else None
    found = paths.compute(graph, lines) if graph is not None else None
    if found is not None:
        with save_figure(folder / "paths.svg", *found.size) as (axes,):
            paths.draw(found, axes)
        yield "Paths" if all(run.path for run in comparison.runs if run.name in lines) else "Networks", "paths.svg"
    for phase, title in (("search", "Curves of the search"), ("retrain", "Curves of the retraining")):
        panels = overlay.compute({name: record.events for name, record in by_name.items()}, phase)
        if panels:
            _draw_panels(panels, folder / f"curves-{phase}.svg")
            yield title, f"curves-{phase}.svg"


def _draw_panels(panels: Sequence[curves.Panel], path: Path) -> None:
    rows = -(-len(panels) // _ACROSS)
    columns = -(-len(panels) // rows)
    height = _PANEL_HEIGHT + _LEGEND_ROW * max(panel.legend_rows for panel in panels)
    with save_figure(path, _WIDTH * columns / _ACROSS, height * rows, (rows, columns)) as all_axes:
        for axes in all_axes[len(panels) :]:
            axes.set_axis_off()
        for panel, axes in zip(panels, all_axes, strict=False):
            curves.draw(panel, axes)

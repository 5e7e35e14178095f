"""``nasframe report``: the report of a run, written again."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("folder", metavar="RUN", type=click.Path(path_type=Path))
def report(folder: Path) -> None:
    """Write the report of a run's folder again, of a stopped run too: report.md, and report.html for browsers."""
    from nasframe.report import write_report
    from nasframe.runfolder.layout import RunLayout

    click.echo(write_report(folder).layout.report)
    click.echo(RunLayout(folder).page)

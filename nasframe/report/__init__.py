"""The report of a run, written from what is in its folder and nothing else."""

from nasframe.report.writer import write_report

__all__ = ["write_report"]

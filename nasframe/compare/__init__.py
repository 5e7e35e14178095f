"""Several runs beside each other: computed first, then shown as tables, Markdown and figures."""

from nasframe.compare.compute import ComparedRun, Comparison, Pair, compare
from nasframe.compare.tables import tables
from nasframe.compare.write import write
from nasframe.report.text_table import TextTable

__all__ = ["ComparedRun", "Comparison", "Pair", "TextTable", "compare", "tables", "write"]

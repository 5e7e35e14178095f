"""Several runs beside each other: computed first, then shown as tables, Markdown and figures."""

from nasframe.comparison.compute import ComparedRun, Comparison, Pair, compare
from nasframe.comparison.tables import TextTable, tables
from nasframe.comparison.write import write

__all__ = ["ComparedRun", "Comparison", "Pair", "TextTable", "compare", "tables", "write"]

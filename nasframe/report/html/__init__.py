"""The report as one HTML file: nothing is loaded from elsewhere, and a slider goes through the steps of the search."""

from nasframe.report.html.document import page

__all__ = ["page"]

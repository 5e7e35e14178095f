"""Evaluators for semantic segmentation of street scenes."""

from collections.abc import Iterable

from nasframe import Component, hookimpl


@hookimpl
def nasframe_components() -> Iterable[Component]:
    """The two evaluators; neither is imported here."""
    where = "nasframe_cityscapes.evaluator"
    return [
        Component("evaluator", "cityscapes", f"{where}:Cityscapes", "Mean IoU on Cityscapes, or a set in its layout."),
        Component(
            "evaluator", "streets", f"{where}:Streets", "Mean IoU on street scenes drawn from a seed; no download."
        ),
    ]

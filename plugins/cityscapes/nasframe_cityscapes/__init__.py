"""Evaluators for semantic segmentation of street scenes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nasframe import Component, hookimpl

if TYPE_CHECKING:
    import click


@hookimpl
def nasframe_components() -> Iterable[Component]:
    """The two evaluators and golden numbers; nothing is imported here."""
    where = "nasframe_cityscapes.evaluator"
    return [
        Component("evaluator", "cityscapes", f"{where}:Cityscapes", "Mean IoU on Cityscapes, or a set in its layout."),
        Component(
            "evaluator", "streets", f"{where}:Streets", "Mean IoU on street scenes drawn from a seed; no download."
        ),
        Component("check", "cityscapes-score", "nasframe_cityscapes.golden:GOLDEN", "What the official script gives."),
    ]


@hookimpl
def nasframe_commands(cli: click.Group) -> None:
    """``nasframe score``, which is about the layout of Cityscapes and its rules."""
    from nasframe_cityscapes.commands import score

    cli.add_command(score)

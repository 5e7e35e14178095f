"""From what a network said of each image to the evaluation that the core reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nasframe import Evaluation, Table
from nasframe_classification.data_set import Indexes

TOP = 5
Row = tuple[str | int | float | None, ...]


@dataclass(frozen=True)
class Answers:
    """What a network said of some images."""

    said: Indexes
    """The most probable class of each, (N,)."""
    sure: npt.NDArray[np.float64]
    """Its probability, (N,)."""
    losses: npt.NDArray[np.float64]
    """The cross-entropy of each, (N,)."""
    among: npt.NDArray[np.bool_]
    """Whether the true class is among the five most probable, (N,)."""


def evaluation(
    answers: Answers, labels: Indexes, classes: Sequence[str], score: str, conditions: Mapping[str, Any]
) -> Evaluation:
    """The score, all metrics and two tables.

    Args:
        labels: the true classes, (N,).
        score: the metric that is the score and stands first; of ``loss``, the score is minus it.
        conditions: how it was measured.
    """
    matrix = confusion(labels, answers.said, len(classes))
    accuracy = float((answers.said == labels).mean())
    present = matrix.sum(1) > 0
    metrics = {
        "accuracy": accuracy,
        "error": 1 - accuracy,
        "class_accuracy": float((matrix.diagonal()[present] / matrix.sum(1)[present]).mean()),
        **({"top5_accuracy": float(answers.among.mean())} if len(classes) > TOP else {}),
        "loss": float(answers.losses.mean()),
        "images": float(len(labels)),
    }
    tables = {"classes": _by_class(matrix, classes), "confusion": _confusion(matrix, classes)}
    value = -metrics[score] if score == "loss" else metrics[score]
    return Evaluation(value, {score: metrics[score], **metrics}, tables, conditions)


def confusion(labels: Indexes, said: Indexes, classes: int) -> Indexes:
    """How many images of each class (rows) were taken for each (columns)."""
    return np.bincount(labels * classes + said, minlength=classes**2).reshape(classes, classes)


def _by_class(matrix: Indexes, classes: Sequence[str]) -> Table:
    rows: list[Row] = []
    for place, name in enumerate(classes):
        right, of_class, said = int(matrix[place, place]), int(matrix[place].sum()), int(matrix[:, place].sum())
        wrong = matrix[place].copy()
        wrong[place] = 0
        taken = f"{classes[int(wrong.argmax())]} ({int(wrong.max())})" if wrong.any() else None
        rows.append((name, right / of_class if of_class else None, right / said if said else None, of_class, taken))
    return Table(("class", "accuracy", "precision", "images", "most often taken for"), tuple(rows))


def _confusion(matrix: Indexes, classes: Sequence[str]) -> Table:
    rows: list[Row] = [(name, *map(int, row)) for name, row in zip(classes, matrix, strict=True)]
    return Table(("truth", *classes), tuple(rows))

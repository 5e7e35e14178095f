"""From a confusion matrix to the evaluation that the core reports: metrics and tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from nasframe import DataError, Evaluation, Table
from nasframe.files.words import quantity
from nasframe_cityscapes.classes import CATEGORIES, NAMES
from nasframe_cityscapes.instances import InstanceScores
from nasframe_cityscapes.scoring import Counts, Fractions, Scores, scores

Row = tuple[str | int | float | None, ...]


def evaluation(
    matrix: Counts,
    frames: int,
    instance: InstanceScores | None,
    conditions: Mapping[str, Any],
    score: str = "miou",
    loss: float | None = None,
) -> Evaluation:
    """The score, all metrics, and three tables.

    Args:
        matrix: of all frames, (19, 20).
        frames: how many.
        instance: None: without the instance score.
        conditions: how it was measured.
        score: which of the metrics is the score, and stands first; of ``loss``, the score is minus it.
        loss: the mean over all pixels; None: it was not measured.

    Raises:
        DataError: no pixel is of a scored class.
    """
    result = scores(matrix)
    if result.classes == 0:
        raise DataError(
            f"no pixel of the {quantity(frames, 'measured frame')} is of a scored class: there is nothing to score"
        )
    metrics = {
        "miou": result.miou,
        "classes": float(result.classes),
        "miou_official": result.miou_official,
        "category_miou": result.category_miou,
        "pixel_accuracy": result.pixel_accuracy,
        "class_accuracy": result.class_accuracy,
        "frequency_weighted_iou": result.frequency_weighted_iou,
        "frames": float(frames),
    }
    if loss is not None:
        metrics["loss"] = loss
    if instance is not None:
        means = {"iiou": instance.mean, "category_iiou": instance.category_mean}
        metrics |= {name: value for name, value in means.items() if not np.isnan(value)}
    tables = {
        "classes": _classes(result, instance),
        "categories": _categories(result, instance),
        "confusion": _confusion(matrix),
    }
    value = -metrics[score] if score == "loss" else metrics[score]
    return Evaluation(value, {score: metrics[score], **metrics}, tables, conditions)


def _classes(result: Scores, instance: InstanceScores | None) -> Table:
    columns = {"IoU": _cells(result.iou), "accuracy": _cells(result.accuracy)}
    if instance is not None:
        columns["iIoU"] = _cells(instance.iou)
    return _table("class", NAMES, columns, result.pixels)


def _categories(result: Scores, instance: InstanceScores | None) -> Table:
    columns = {"IoU": _cells(result.category_iou)}
    if instance is not None:
        columns["iIoU"] = _cells(instance.category_iou)
    return _table("category", CATEGORIES, columns, result.category_pixels)


def _table(head: str, names: tuple[str, ...], columns: dict[str, list[float | None]], pixels: Counts) -> Table:
    rows: list[Row] = []
    for index, name in enumerate(names):
        cells: list[str | int | float | None] = [name]
        cells += [column[index] for column in columns.values()]
        rows.append((*cells, int(pixels[index])))
    return Table((head, *columns, "pixels"), tuple(rows))


def _confusion(matrix: Counts) -> Table:
    rows: list[Row] = [(name, *map(int, row)) for name, row in zip(NAMES, matrix, strict=True)]
    return Table(("truth", *NAMES, "ignored"), tuple(rows))


def _cells(values: Fractions) -> list[float | None]:
    """Plain numbers; None where there is nothing to score."""
    return [None if np.isnan(value) else float(value) for value in values]


def sizes_text(sizes: Iterable[tuple[int, int]]) -> str:
    """Heights and widths in pixels, like ``1024x2048``; of many, the smallest and the largest."""
    texts = [f"{height}x{width}" for height, width in sorted(sizes)]
    return ", ".join(texts) if len(texts) <= 3 else f"{quantity(len(texts), 'size')} from {texts[0]} to {texts[-1]}"

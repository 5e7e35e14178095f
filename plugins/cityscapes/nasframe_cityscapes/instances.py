"""The instance score of Cityscapes (iIoU): pixels of small instances weigh more.

For the eight scored classes that have instances: a hit or a miss in an instance weighs the average size of
its class over its own size; false alarms weigh 1. iIoU = iTP / (iTP + FP + iFN).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from nasframe_cityscapes.classes import CATEGORIES, CATEGORY_OF, CLASSES, INSTANCE_PIXELS, LABELS
from nasframe_cityscapes.scoring import Counts, Fractions, scored

CLASS_OF = {label.id: index for index, label in enumerate(CLASSES)}
MEMBERS = {
    name: np.array([label.category == name for label in LABELS] + [False] * (256 - len(LABELS))) for name in CATEGORIES
}
"""Which label ids belong to a category, scored or not, shape (256,)."""


@dataclass
class InstanceCounts:
    """Weighted hits and misses over the frames added so far."""

    hits: Fractions = field(default_factory=lambda: np.zeros(len(CLASSES)))
    misses: Fractions = field(default_factory=lambda: np.zeros(len(CLASSES)))
    category_hits: Fractions = field(default_factory=lambda: np.zeros(len(CATEGORIES)))
    category_misses: Fractions = field(default_factory=lambda: np.zeros(len(CATEGORIES)))

    def add(self, instances: npt.NDArray[np.integer], prediction: npt.NDArray[np.integer]) -> None:
        """Count one frame.

        Args:
            instances: instance ids, (H, W): above 1000 the label id times 1000 plus a number; else no instance
                (groups too: they have no size).
            prediction: label ids, (H, W).
        """
        inside = instances > 1000
        predicted = prediction[inside]
        values, member, sizes = np.unique(instances[inside], return_inverse=True, return_counts=True)
        for place, (value, size) in enumerate(zip(values, sizes, strict=True)):
            label = LABELS[int(value) // 1000]
            if label.name not in INSTANCE_PIXELS:
                continue  # caravans and trailers have instances but are not scored
            guesses = predicted[member == place]
            self._count(label.id, float(size), int((guesses == label.id).sum()), guesses)

    def _count(self, label: int, size: float, hits: int, guesses: npt.NDArray[np.integer]) -> None:
        index = CLASS_OF[label]
        category = int(CATEGORY_OF[index])
        weight = INSTANCE_PIXELS[CLASSES[index].name] / size
        within = int(MEMBERS[CATEGORIES[category]][guesses].sum())
        self.hits[index] += hits * weight
        self.misses[index] += (size - hits) * weight
        self.category_hits[category] += within * weight
        self.category_misses[category] += (size - within) * weight


@dataclass(frozen=True)
class InstanceScores:
    """Fractions; NaN for classes without instances and where there is nothing to score."""

    iou: Fractions
    """iIoU of each class, shape (19,)."""
    category_iou: Fractions
    """iIoU of human and vehicle, shape (7,); NaN elsewhere."""

    @property
    def mean(self) -> float:
        """The official mean over the classes; NaN if there is none."""
        return _mean(self.iou)

    @property
    def category_mean(self) -> float:
        """The official mean over the categories; NaN if there is none."""
        return _mean(self.category_iou)


def instance_scores(counts: InstanceCounts, whole: Counts) -> InstanceScores:
    """iIoU from the instances' counts and the label-id confusion matrix of the same frames, shape (34, 35)."""
    matrix = scored(whole)
    false = matrix[:, :-1].sum(0) - matrix.diagonal()
    has = np.array([label.name in INSTANCE_PIXELS for label in CLASSES])
    category_false = np.array([_category_false(whole, name) for name in CATEGORIES])
    category_has = np.array([bool(has[index == CATEGORY_OF].any()) for index in range(len(CATEGORIES))])
    return InstanceScores(
        _iou(counts.hits, counts.misses, false, has),
        _iou(counts.category_hits, counts.category_misses, category_false, category_has),
    )


def _category_false(whole: Counts, category: str) -> int:
    """Scored pixels outside a category that were predicted inside it, as a scored id or not."""
    outside = [label.id for label in CLASSES if label.category != category]
    inside = [label.id for label in LABELS if label.category == category]
    return int(whole[np.ix_(outside, inside)].sum())


def _iou(hits: Fractions, misses: Fractions, false: Counts, has: npt.NDArray[np.bool_]) -> Fractions:
    with np.errstate(invalid="ignore"):
        return np.where(has, hits / (hits + misses + false), np.nan)


def _mean(values: Fractions) -> float:
    return float(np.nanmean(values)) if not np.isnan(values).all() else np.nan

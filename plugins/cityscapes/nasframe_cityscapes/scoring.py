"""The Cityscapes score: one confusion matrix over a whole set, and the numbers that follow from it.

Rows are the truth, columns the prediction; the last column counts pixels predicted as none of the classes.
Matrices of parts add up to the matrix of the whole, whatever the order. The rules are those of the official
script (evalPixelLevelSemanticLabeling), except where a name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nasframe_cityscapes.classes import CATEGORIES, CATEGORY_OF, CLASSES, LABELS

Counts = npt.NDArray[np.int64]
Fractions = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]
GROUP = 8
"""Neighbouring pixels that are looked at together, as one 64-bit number: in a street most groups are of one class."""


def confusion(
    truth: npt.NDArray[np.integer], prediction: npt.NDArray[np.integer], classes: int = len(CLASSES)
) -> Counts:
    """How often each class was predicted as each.

    Groups of neighbours whose pixels are all alike count as one, unless too few are to be worth the looking.

    Args:
        truth: (H, W) or any shape; values from ``classes`` on (such as 255) are void and do not count.
        prediction: of the same shape and never negative; values from ``classes`` on count in the last column.
        classes: C, at most 180; 19 for train ids, 34 for label ids.

    Returns:
        Pixels, shape (C, C + 1).

    Raises:
        ValueError: the shapes differ, or an id is negative.
    """
    if truth.shape != prediction.shape:
        raise ValueError(f"truth has the shape {truth.shape}, prediction {prediction.shape}: they must be equal")
    t, p = _bytes(truth, classes), _bytes(prediction, classes)
    whole = t.size // GROUP * GROUP
    t_groups, p_groups = t[:whole].view(np.uint64), p[:whole].view(np.uint64)
    alike = _alike(t_groups)
    alike &= _alike(p_groups)
    if 2 * np.count_nonzero(alike) < alike.size:
        return _counted(t, p, classes)
    mixed = ~alike
    counts = GROUP * _counted(t_groups[alike].astype(np.uint8), p_groups[alike].astype(np.uint8), classes)
    counts += _counted(t_groups[mixed].view(np.uint8), p_groups[mixed].view(np.uint8), classes)
    counts += _counted(t[whole:], p[whole:], classes)
    return counts


def _bytes(ids: npt.NDArray[np.integer], classes: int) -> Picture:
    """Ids in a row, of a byte each; those that do not fit become ``classes``."""
    if ids.dtype != np.uint8:
        if ids.size and ids.min() < 0:
            raise ValueError(f"the smallest id is {ids.min()}; ids are never negative")
        ids = np.minimum(ids, classes)
    return ids.astype(np.uint8, copy=False).ravel()


def _alike(groups: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Of which groups all bytes are equal."""
    alike: npt.NDArray[np.bool_] = groups == (groups & np.uint64(0xFF)) * np.uint64(0x0101_0101_0101_0101)
    return alike


def _counted(truth: Picture, prediction: Picture, classes: int) -> Counts:
    """The matrix, pixel by pixel: one 16-bit code each and void in a row of its own, so no mask and no gather."""
    code = np.minimum(truth, classes).astype(np.int16)
    code *= np.int16(classes + 1)
    code += np.minimum(prediction, classes)
    counts = np.bincount(code, minlength=(classes + 1) ** 2)
    return counts.reshape(classes + 1, classes + 1)[:classes].astype(np.int64)


def scored(whole: Counts) -> Counts:
    """The matrix of the 19 classes, shape (19, 20), from one of all 34 label ids, shape (34, 35).

    A scored pixel predicted as an id that is not scored counts in the last column: a miss for its class and a
    false alarm for nobody. What is predicted on a pixel that is not scored costs nothing.
    """
    ids = [label.id for label in CLASSES]
    rows = whole[ids]
    inside = rows[:, ids]
    return np.column_stack([inside, rows.sum(1) - inside.sum(1)])


def by_label_ids(matrix: Counts) -> Counts:
    """The inverse of ``scored``: a matrix of label ids, shape (34, 35), from one of the 19 classes."""
    ids = [label.id for label in CLASSES]
    whole = np.zeros((len(LABELS), len(LABELS) + 1), dtype=np.int64)
    whole[np.ix_(ids, [*ids, len(LABELS)])] = matrix
    return whole


@dataclass(frozen=True)
class Scores:
    """The numbers of one confusion matrix; fractions, NaN where a class has nothing to score."""

    iou: Fractions
    """TP / (TP + FP + FN) of each class, shape (C,); NaN where that is 0 / 0."""
    accuracy: Fractions
    """TP / (TP + FN) of each class, shape (C,); NaN where the class is absent from the truth."""
    pixels: Counts
    """Pixels of each class in the truth, shape (C,)."""
    category_iou: Fractions
    """IoU of each category, shape (7,); confusions inside a category are right."""
    category_pixels: Counts

    @property
    def classes(self) -> int:
        """How many classes are present in the truth."""
        return int((self.pixels > 0).sum())

    @property
    def miou(self) -> float:
        """Mean IoU over the classes present in the truth."""
        return _mean(self.iou[self.pixels > 0])

    @property
    def miou_official(self) -> float:
        """Mean IoU by the official rule: a class absent from the truth counts as 0 once it is predicted anywhere."""
        return _mean(self.iou[~np.isnan(self.iou)])

    @property
    def category_miou(self) -> float:
        """Mean IoU over the categories present in the truth."""
        return _mean(self.category_iou[self.category_pixels > 0])

    @property
    def class_accuracy(self) -> float:
        """Mean accuracy over the classes present in the truth."""
        return _mean(self.accuracy[self.pixels > 0])

    @property
    def pixel_accuracy(self) -> float:
        """Share of the scored pixels that are right."""
        return self._weighted(self.accuracy)

    @property
    def frequency_weighted_iou(self) -> float:
        """Mean IoU weighted by the pixels of each class."""
        return self._weighted(self.iou)

    def _weighted(self, values: Fractions) -> float:
        present = self.pixels > 0
        return float(np.average(values[present], weights=self.pixels[present])) if present.any() else np.nan


def scores(matrix: Counts) -> Scores:
    """All numbers of a confusion matrix of the 19 classes, shape (19, 20)."""
    of_category = np.eye(len(CATEGORIES), dtype=np.int64)[CATEGORY_OF]  # (19, 7)
    columns = np.zeros((matrix.shape[1], len(CATEGORIES) + 1), dtype=np.int64)
    columns[:-1, :-1] = of_category
    columns[-1, -1] = 1
    pooled = of_category.T @ matrix @ columns  # (7, 8)
    iou, accuracy = _ratios(matrix)
    return Scores(iou, accuracy, matrix.sum(1), _ratios(pooled)[0], pooled.sum(1))


def _ratios(matrix: Counts) -> tuple[Fractions, Fractions]:
    """IoU and accuracy of each row of a matrix of shape (C, C + 1)."""
    hits = matrix.diagonal().astype(np.float64)
    truth = matrix.sum(1)
    predicted = matrix[:, :-1].sum(0)
    with np.errstate(invalid="ignore"):  # 0 / 0 is NaN: nothing to score
        return hits / (truth + predicted - hits), hits / truth


def _mean(values: Fractions) -> float:
    return float(values.mean()) if values.size else np.nan

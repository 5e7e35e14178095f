"""The Cityscapes classes: label ids as stored on disk, train ids as learned, categories, colours.

The values are those of the published label table of Cityscapes (Cordts et al., CVPR 2016). Train ids number
the 19 scored classes; ``VOID`` marks every pixel that is not scored.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

VOID = 255
"""The train id of a pixel that is not scored."""


class Label(NamedTuple):
    """One of the 34 label ids."""

    id: int
    name: str
    category: str
    color: tuple[int, int, int]
    scored: bool = True
    instances: bool = False


LABELS = (
    Label(0, "unlabeled", "void", (0, 0, 0), scored=False),
    Label(1, "ego vehicle", "void", (0, 0, 0), scored=False),
    Label(2, "rectification border", "void", (0, 0, 0), scored=False),
    Label(3, "out of roi", "void", (0, 0, 0), scored=False),
    Label(4, "static", "void", (0, 0, 0), scored=False),
    Label(5, "dynamic", "void", (111, 74, 0), scored=False),
    Label(6, "ground", "void", (81, 0, 81), scored=False),
    Label(7, "road", "flat", (128, 64, 128)),
    Label(8, "sidewalk", "flat", (244, 35, 232)),
    Label(9, "parking", "flat", (250, 170, 160), scored=False),
    Label(10, "rail track", "flat", (230, 150, 140), scored=False),
    Label(11, "building", "construction", (70, 70, 70)),
    Label(12, "wall", "construction", (102, 102, 156)),
    Label(13, "fence", "construction", (190, 153, 153)),
    Label(14, "guard rail", "construction", (180, 165, 180), scored=False),
    Label(15, "bridge", "construction", (150, 100, 100), scored=False),
    Label(16, "tunnel", "construction", (150, 120, 90), scored=False),
    Label(17, "pole", "object", (153, 153, 153)),
    Label(18, "polegroup", "object", (153, 153, 153), scored=False),
    Label(19, "traffic light", "object", (250, 170, 30)),
    Label(20, "traffic sign", "object", (220, 220, 0)),
    Label(21, "vegetation", "nature", (107, 142, 35)),
    Label(22, "terrain", "nature", (152, 251, 152)),
    Label(23, "sky", "sky", (70, 130, 180)),
    Label(24, "person", "human", (220, 20, 60), instances=True),
    Label(25, "rider", "human", (255, 0, 0), instances=True),
    Label(26, "car", "vehicle", (0, 0, 142), instances=True),
    Label(27, "truck", "vehicle", (0, 0, 70), instances=True),
    Label(28, "bus", "vehicle", (0, 60, 100), instances=True),
    Label(29, "caravan", "vehicle", (0, 0, 90), scored=False, instances=True),
    Label(30, "trailer", "vehicle", (0, 0, 110), scored=False, instances=True),
    Label(31, "train", "vehicle", (0, 80, 100), instances=True),
    Label(32, "motorcycle", "vehicle", (0, 0, 230), instances=True),
    Label(33, "bicycle", "vehicle", (119, 11, 32), instances=True),
)

ID = {label.name: label.id for label in LABELS}
"""Label id by name."""

CLASSES = tuple(label for label in LABELS if label.scored)
"""The 19 scored labels, in the order of their train ids."""

NAMES = tuple(label.name for label in CLASSES)

CATEGORIES = tuple(dict.fromkeys(label.category for label in CLASSES))
"""The 7 scored categories: flat, construction, object, nature, sky, human, vehicle."""

CATEGORY_OF = np.array([CATEGORIES.index(label.category) for label in CLASSES])
"""Index of the category of each class, shape (19,)."""

INSTANCE_PIXELS = {
    "person": 3462.4756337644,
    "rider": 3930.4788056518,
    "car": 12794.0202738185,
    "truck": 27855.1264367816,
    "bus": 35732.1511111111,
    "train": 67583.7075812274,
    "motorcycle": 6298.7200839748,
    "bicycle": 4672.3249222261,
}
"""Average size in pixels of an instance of a class in Cityscapes, which the instance score weighs by."""


def _table(pairs: dict[int, int]) -> npt.NDArray[np.uint8]:
    table = np.full(256, VOID, dtype=np.uint8)
    table[list(pairs)] = list(pairs.values())
    return table


TO_TRAIN_ID = {
    "label_ids": _table({label.id: index for index, label in enumerate(CLASSES)}),
    "train_ids": _table({index: index for index in range(len(CLASSES))}),
}
"""Train id of every value that a label file of a kind may hold, shape (256,): ``TO_TRAIN_ID[kind][picture]``."""

TO_LABEL_ID = np.zeros(256, dtype=np.uint8)
TO_LABEL_ID[: len(CLASSES)] = [label.id for label in CLASSES]
"""Label id of every train id, shape (256,); void becomes 0 (unlabeled)."""

PALETTE = np.zeros((256, 3), dtype=np.uint8)
"""Colour of every train id, shape (256, 3); void is black."""
PALETTE[: len(CLASSES)] = [label.color for label in CLASSES]

"""The scores that the official Cityscapes script gives a drawn scene, which this scorer must give too."""

from __future__ import annotations

from functools import cache, partial

import numpy as np

from nasframe.plugin.golden import Golden
from nasframe_cityscapes.classes import CATEGORIES, ID, NAMES
from nasframe_cityscapes.instances import InstanceCounts, instance_scores
from nasframe_cityscapes.scoring import confusion, scored, scores

SOURCE = "evalPixelLevelSemanticLabeling of cityscapesScripts 2.3.0 on the same pictures"


@cache
def _percent() -> dict[str, float]:
    """All scores of the scene in percent: a road with void, cars, people and each kind of mistake."""
    truth = np.full((100, 200), ID["road"], dtype=np.uint8)
    truth[:10] = 0
    truth[20:40, 10:40] = truth[50:55, 100:108] = ID["car"]
    truth[60:70, 20:26] = truth[80:90, 100:120] = ID["person"]
    instances = truth.astype(np.uint16)
    instances[20:40, 10:40], instances[50:55, 100:108] = 26001, 26002
    instances[60:70, 20:26] = 24001
    guess = truth.copy()
    guess[:10] = guess[95:100, :50] = ID["car"]
    guess[20:30, 10:40] = ID["truck"]
    guess[50:53, 100:108] = ID["road"]
    guess[60:65, 20:26] = ID["rider"]
    guess[90:95, :10] = 0
    counts = InstanceCounts()
    counts.add(instances, guess)
    matrix = confusion(truth, guess, classes=34)
    plain, instance = scores(scored(matrix)), instance_scores(counts, matrix)
    found = {f"IoU {name}": value for name, value in zip(NAMES, plain.iou, strict=True)}
    found |= {f"iIoU {name}": value for name, value in zip(NAMES, instance.iou, strict=True)}
    found |= {f"category IoU {name}": value for name, value in zip(CATEGORIES, plain.category_iou, strict=True)}
    found |= {f"category iIoU {name}": value for name, value in zip(CATEGORIES, instance.category_iou, strict=True)}
    return {name: 100 * float(value) for name, value in found.items()}


def _score(name: str) -> float:
    return _percent()[name]


EXPECTED = {
    "IoU road": 98.11,
    "IoU person": 88.46,
    "IoU rider": 0.0,
    "IoU car": 35.51,
    "IoU truck": 0.0,
    "iIoU person": 50.00,
    "iIoU car": 44.56,
    "iIoU rider": 0.0,
    "iIoU truck": 0.0,
    "category IoU flat": 98.11,
    "category IoU human": 100.0,
    "category IoU vehicle": 69.21,
    "category iIoU human": 100.0,
    "category iIoU vehicle": 69.32,
}

GOLDEN = tuple(
    Golden(f"{name}, drawn scene, %", expected, partial(_score, name), 0.005, SOURCE)
    for name, expected in EXPECTED.items()
)

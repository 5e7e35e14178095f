"""Designs by hand and the published backbone as paths through the trellis (Auto-DeepLab, Fig. 2).

All have 12 layers and 4 levels; the levels 0, 1, 2, 3 are the strides 4, 8, 16, 32. The paper shows the designs by hand
in a figure without numbers: their levels here are one path each that has the design's shape.
"""

from __future__ import annotations

from nasframe.decode import Design
from nasframe_autodeeplab.published import PATH
from nasframe_autodeeplab.trellis import level_of

DESIGNS = (
    Design(
        "deeplabv3",
        "DeepLabv3",
        (0, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2),
        False,
        "Chen et al., 2017: descends to stride 16, stays there",
    ),
    Design(
        "conv-deconv",
        "Conv-Deconv",
        (0, 1, 1, 2, 2, 3, 3, 2, 2, 1, 1, 0),
        False,
        "Noh et al., 2015: descends to stride 32, climbs back",
    ),
    Design(
        "stacked-hourglass",
        "Stacked Hourglass",
        (1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0),
        False,
        "Newell et al., 2016: descends and climbs, again and again",
    ),
    Design(
        "auto-deeplab",
        "Auto-DeepLab",
        tuple(level_of(stride) for stride in PATH),
        True,
        "Liu et al., 2019: the published backbone",
    ),
)

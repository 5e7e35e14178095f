"""The published networks, with the options for which they were published.

Sources: torchvision's models.segmentation.deeplabv3 (DeepLabv3), and github.com/tensorflow/models, research/deeplab
(DeepLabv3+, and the file dense_prediction_cell_branch5_top1_cityscapes.json), Apache 2.0.
"""

from __future__ import annotations

from nasframe import Genotype, GenotypeRecord
from nasframe_deeplab.cell import FEATURES, Branch, answers_of

TORCHVISION = {
    "output_stride": 8,
    "multi_grid": (1, 1, 1),
    "extra_conv": True,
    "dropout": 0.5,
    "align_corners": False,
    "auxiliary": True,
}
"""What torchvision's DeepLabv3 has else than the paper's."""
XCEPTION = {"bn_eps": 1e-3, "bn_momentum": 3e-4}
"""As the authors' code has them."""
TOP_1 = (
    Branch(FEATURES, "atrous_1x6"),
    Branch("b1", "atrous_18x15"),
    Branch("b2", "atrous_6x3"),
    Branch("b1", "atrous_1x1"),
    Branch("b1", "atrous_6x21"),
)
"""The cell that the search on Cityscapes found (Fig. 5); rates are height x width."""
_V3 = "Chen et al., DeepLabv3, 2017 (arXiv 1706.05587), as in torchvision's models.segmentation"
_V3PLUS = "Chen et al., DeepLabv3+, ECCV 2018 (arXiv 1802.02611)"
_PADDED = (
    "TensorFlow's profiler also counts what pads the inputs of atrous convolutions to multiples of their rates; here "
    "it is the convolutions alone."
)


def _on(space: str, backbone: str) -> Genotype:
    return Genotype(space, (("backbone", backbone),))


deeplabv3_r50 = GenotypeRecord(_on("deeplabv3", "resnet50"), TORCHVISION, _V3, {"params": 39_638_869, "classes": 21})
deeplabv3_r101 = GenotypeRecord(_on("deeplabv3", "resnet101"), TORCHVISION, _V3, {"params": 58_630_997, "classes": 21})
deeplabv3plus_x65 = GenotypeRecord(
    _on("deeplabv3plus", "xception65"),
    XCEPTION,
    f"{_V3PLUS}, Table 5",
    {"macs": 54.17e9, "size": "513x513", "classes": 21},
    _PADDED,
)
deeplabv3plus_x71 = GenotypeRecord(
    _on("deeplabv3plus", "xception71"),
    XCEPTION,
    f"{_V3PLUS}, on Cityscapes; parameters and multiply-adds as Auto-DeepLab's paper has them, at output stride 8",
    {"params": 43.48e6, "macs": 1551.05e9, "size": "1025x2049", "classes": 19},
    "The multiply-adds are of output stride 8 (--set output_stride=8); " + _PADDED,
)
dpc_cityscapes = GenotypeRecord(
    Genotype("dpc", tuple(answers_of(TOP_1))),
    {**XCEPTION, "backbone": "xception71"},
    "Chen et al., Searching for Efficient Multi-Scale Architectures, NeurIPS 2018 (arXiv 1809.04184), Fig. 5",
)

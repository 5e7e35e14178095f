"""The architecture that the paper's search found, in its three sizes.

Source: Liu et al., Auto-DeepLab, CVPR 2019, Fig. 3, as written in the official code (github.com/tensorflow/models,
research/deeplab/core/nas_network.py, Apache 2.0), whose hidden-state indices are here names.
"""

from __future__ import annotations

from nasframe import Genotype, GenotypeRecord
from nasframe.genotype import Option

_CELL: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "b1": (("h-2", "atrous_5x5"), ("h-1", "sep_3x3")),
    "b2": (("h-2", "sep_3x3"), ("h-1", "atrous_3x3")),
    "b3": (("h-2", "sep_3x3"), ("b2", "sep_3x3")),
    "b4": (("b1", "sep_5x5"), ("b3", "sep_5x5")),
    "b5": (("b2", "sep_5x5"), ("b4", "atrous_5x5")),
}
PATH = (4, 4, 4, 8, 16, 8, 16, 16, 32, 32, 16, 8)
"""Strides of the layers."""


_NOTE = (
    "The paper's multiply-adds are those of TensorFlow's profiler on 1025x2049 pixels and 3.8 to 4.7 % above the "
    "convolutions counted here (S: 320.45 billion). The difference: TensorFlow pads the input of each atrous "
    "convolution to a multiple of its rate (S: 327.87), and image pooling was run in windows of 97x97 at every place "
    "(S: 333.18, 0.02 % from the paper)."
)


def _record(filters: int, params: float, macs: float) -> GenotypeRecord:
    decisions: list[tuple[str, Option]] = []
    for block, inputs in _CELL.items():
        decisions.append((f"cell/{block}/inputs", tuple(source for source, _ in inputs)))
        decisions.extend((f"cell/{block}/{source}", operation) for source, operation in inputs)
    decisions.extend((f"path/l{layer}", stride) for layer, stride in enumerate(PATH, start=1))
    return GenotypeRecord(
        Genotype("autodeeplab", tuple(decisions)),
        {"filters": filters},
        "Liu et al., Auto-DeepLab, CVPR 2019 (arXiv 1901.02985), Fig. 3; indices from the official TensorFlow code",
        reported={"params": params, "macs": macs, "size": "1025x2049", "classes": 19},
        note=_NOTE,
    )


autodeeplab_s = _record(filters=20, params=10.15e6, macs=333.25e9)
autodeeplab_m = _record(filters=32, params=21.62e6, macs=460.93e9)
autodeeplab_l = _record(filters=48, params=44.42e6, macs=695.03e9)

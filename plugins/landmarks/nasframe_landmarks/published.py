"""The published networks, with what their papers say that they cost.

Sources: github.com/TobyPDE/FRRN, github.com/Fourure/GridNet, github.com/HyeonwooNoh/DeconvNet and
github.com/princeton-vl/pose-hg-train, and the papers.
"""

from __future__ import annotations

from nasframe import Genotype, GenotypeRecord

_FRRN = "Pohlen et al., Full-Resolution Residual Networks, CVPR 2017 (arXiv 1611.08323)"
_GRIDNET = "Fourure et al., Residual Conv-Deconv Grid Network, BMVC 2017 (arXiv 1707.07958)"
_DECONVNET = "Noh et al., Learning Deconvolution Network, ICCV 2015 (arXiv 1505.04366)"
_HOURGLASS = "Newell et al., Stacked Hourglass Networks, ECCV 2016 (arXiv 1603.06937)"

frrn_a = GenotypeRecord(
    Genotype("frrn", (("variant", "a"),)),
    {"variants": ("a",)},
    _FRRN,
    {"params": 17.7e6, "classes": 19},
)
frrn_b = GenotypeRecord(
    Genotype("frrn", (("variant", "b"),)),
    {"variants": ("b",)},
    _FRRN,
    {"params": 24.8e6, "classes": 19},
)
gridnet = GenotypeRecord(Genotype("gridnet", (("streams", 5), ("columns", 3))), source=_GRIDNET)
deconvnet = GenotypeRecord(
    Genotype("deconvnet", (("kernel", 7),)),
    source=_DECONVNET,
    reported={"params": 252e6, "size": "224x224", "classes": 21},
)
_PORT = (
    "The authors' PyTorch port also registers convolutions that it never calls: 32,819,328 parameters in 8 stacks, "
    "7,385,216 of them unused."
)
hourglass_2 = GenotypeRecord(Genotype("hourglass", (("stacks", 2),)), {"stacks": (2,)}, _HOURGLASS, note=_PORT)
hourglass_8 = GenotypeRecord(Genotype("hourglass", (("stacks", 8),)), {"stacks": (8,)}, _HOURGLASS, note=_PORT)

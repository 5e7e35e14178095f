"""The searched cells of image classification: spaces of cells, and the networks that were found in them."""

from collections.abc import Iterable

from nasframe import Component, hookimpl

PACKAGE = "nasframe_cells"
DARTS = f"{PACKAGE}.darts"
FOR_DARTS = {
    "darts-v1": "DARTS's cells of the first order",
    "darts-v2": "DARTS's cells of the second order",
    "pc-darts-cifar": "PC-DARTS's cells, found on CIFAR-10",
    "pc-darts-image": "PC-DARTS's cells, found on ImageNet",
    "p-darts": "P-DARTS's cells",
    "darts-nasnet": "NASNet-A's cells as DARTS has them",
    "darts-amoebanet": "AmoebaNet-A's cells as DARTS has them",
}
"""Published genotypes that default to DARTS's network for CIFAR-10."""


@hookimpl
def nasframe_components() -> Iterable[Component]:
    """The spaces, published networks and golden numbers; nothing is imported here."""
    return [
        Component("space", "nasnet", f"{PACKAGE}.nasnet:NasNet", "Normal and reduction cell, 13 operations (2018)."),
        Component("space", "pnas", f"{PACKAGE}.pnas:Pnas", "One cell for both strides, 8 operations (2018)."),
        Component("space", "amoebanet", f"{PACKAGE}.amoebanet:AmoebaNet", "NASNet's cells, 8 operations (2019)."),
        Component("space", "darts", f"{DARTS}.space:Darts", "DARTS's cells, with a supernet (2019)."),
        Component("space", "darts-wide", f"{DARTS}.wide:DartsWide", "More cells than DARTS's in its networks."),
        _published("nasnet-a", "NASNet-A, as published: 4@1056 (mobile)."),
        _published("pnasnet-5", "PNASNet-5, as published: N=3, F=54 (mobile)."),
        *(
            _published(f"amoebanet-{letter}", f"AmoebaNet-{letter.upper()}, as published: {size} (mobile).")
            for letter, size in (("a", "N=4, F=50"), ("b", "N=3, F=62"), ("c", "N=4, F=44"), ("d", "N=4, F=50"))
        ),
        *(
            Component("genotype", name, f"{DARTS}.published:{name.replace('-', '_')}", f"{what}, for CIFAR-10.")
            for name, what in FOR_DARTS.items()
        ),
        Component("check", "cells", f"{PACKAGE}.golden:GOLDEN", "Counts of NASNet's, PNAS's and AmoebaNet's papers."),
        Component("check", "darts-cells", f"{DARTS}.golden:GOLDEN", "Counts of DARTS's networks and supernet."),
    ]


def _published(name: str, summary: str) -> Component:
    return Component("genotype", name, f"{PACKAGE}.published:{name.replace('-', '_')}", summary)

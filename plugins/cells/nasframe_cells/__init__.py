"""The searched cells of image classification: spaces of cells, and the networks that were found in them."""

from collections.abc import Iterable

from nasframe import Component, hookimpl

PACKAGE = "nasframe_cells"


@hookimpl
def nasframe_components() -> Iterable[Component]:
    """The spaces, published networks and golden numbers; nothing is imported here."""
    return [
        Component("space", "nasnet", f"{PACKAGE}.nasnet:NasNet", "Normal and reduction cell, 13 operations (2018)."),
        Component("space", "pnas", f"{PACKAGE}.pnas:Pnas", "One cell for both strides, 8 operations (2018)."),
        Component("space", "amoebanet", f"{PACKAGE}.amoebanet:AmoebaNet", "NASNet's cells, 8 operations (2019)."),
        _published("nasnet-a", "NASNet-A, as published: 4@1056 (mobile)."),
        _published("pnasnet-5", "PNASNet-5, as published: N=3, F=54 (mobile)."),
        *(
            _published(f"amoebanet-{letter}", f"AmoebaNet-{letter.upper()}, as published: {size} (mobile).")
            for letter, size in (("a", "N=4, F=50"), ("b", "N=3, F=62"), ("c", "N=4, F=44"), ("d", "N=4, F=50"))
        ),
        Component("check", "cells", f"{PACKAGE}.golden:GOLDEN", "Counts of NASNet's, PNAS's and AmoebaNet's papers."),
    ]


def _published(name: str, summary: str) -> Component:
    return Component("genotype", name, f"{PACKAGE}.published:{name.replace('-', '_')}", summary)

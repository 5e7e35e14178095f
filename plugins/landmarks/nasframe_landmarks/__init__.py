"""Networks for dense prediction that people designed: FRRN, GridNet, DeconvNet (Conv-Deconv), stacked hourglasses."""

from collections.abc import Iterable

from nasframe import Component, hookimpl

PACKAGE = "nasframe_landmarks"


@hookimpl
def nasframe_components() -> Iterable[Component]:
    """The spaces, published networks and golden numbers; nothing is imported here."""
    return [
        Component("space", "frrn", f"{PACKAGE}.frrn:Frrn", "A stream at full resolution beside a U-shaped one (2017)."),
        Component("space", "gridnet", f"{PACKAGE}.gridnet:GridNet", "A grid of streams and columns (2017)."),
        Component("space", "deconvnet", f"{PACKAGE}.deconvnet:DeconvNet", "Unpooling by the poolings' indices (2015)."),
        Component(
            "space", "hourglass", f"{PACKAGE}.hourglass:Hourglass", "Stacked hourglasses, all supervised (2016)."
        ),
        _published("frrn-a", "FRRN A, for a quarter of Cityscapes' resolution."),
        _published("frrn-b", "FRRN B, for half of Cityscapes' resolution."),
        _published("gridnet", "GridNet of five streams, three columns down and three up."),
        _published("deconvnet", "DeconvNet on VGG-16's layers, as drawn by Auto-DeepLab's paper as Conv-Deconv."),
        _published("hourglass-2", "Two stacked hourglasses."),
        _published("hourglass-8", "Eight stacked hourglasses, the paper's."),
        Component("check", "landmarks", f"{PACKAGE}.golden:GOLDEN", "Counts of the papers and the authors' code."),
    ]


def _published(name: str, summary: str) -> Component:
    return Component("genotype", name, f"{PACKAGE}.published:{name.replace('-', '_')}", summary)

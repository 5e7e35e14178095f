"""DeepLab's networks for dense prediction: DeepLabv3, DeepLabv3+, and the searched dense prediction cell (DPC)."""

from collections.abc import Iterable

from nasframe import Component, hookimpl

PACKAGE = "nasframe_deeplab"


@hookimpl
def nasframe_components() -> Iterable[Component]:
    """The spaces, published networks and golden numbers; nothing is imported here."""
    return [
        Component("space", "deeplabv3", f"{PACKAGE}.deeplabv3:DeepLabV3", "ResNet with ASPP (2017)."),
        Component(
            "space", "deeplabv3plus", f"{PACKAGE}.deeplabv3plus:DeepLabV3Plus", "Separable ASPP and a decoder (2018)."
        ),
        Component("space", "dpc", f"{PACKAGE}.dpc:Dpc", "The dense prediction cell, 81 operations (2018)."),
        _published("deeplabv3-r50", "DeepLabv3 on ResNet-50 at stride 8, as torchvision has it."),
        _published("deeplabv3-r101", "DeepLabv3 on ResNet-101 at stride 8, as torchvision has it."),
        _published("deeplabv3plus-x65", "DeepLabv3+ on aligned Xception-65 at stride 16."),
        _published("deeplabv3plus-x71", "DeepLabv3+ on aligned Xception-71 at stride 16."),
        _published("dpc-cityscapes", "The cell that the search on Cityscapes found, on Xception-71 at stride 16."),
        Component("check", "deeplab", f"{PACKAGE}.golden:GOLDEN", "Counts of DeepLab's and DPC's papers and code."),
    ]


def _published(name: str, summary: str) -> Component:
    return Component("genotype", name, f"{PACKAGE}.published:{name.replace('-', '_')}", summary)

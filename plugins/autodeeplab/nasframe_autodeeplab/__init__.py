"""Auto-DeepLab: a search space for semantic segmentation, and the networks that its paper found."""

from collections.abc import Iterable

from nasframe import Component, hookimpl


@hookimpl
def nasframe_components() -> Iterable[Component]:
    """The space, three published networks and golden numbers; nothing is imported here."""
    package = "nasframe_autodeeplab"
    return [
        Component(
            "space", "autodeeplab", f"{package}.space:AutoDeepLab", "A cell, and a path through resolutions (2019)."
        ),
        *(
            Component(
                "genotype",
                f"autodeeplab-{size}",
                f"{package}.published:autodeeplab_{size}",
                f"Auto-DeepLab-{size.upper()}, as published: {filters} filters.",
            )
            for size, filters in (("s", 20), ("m", 32), ("l", 48))
        ),
        Component("check", "autodeeplab", f"{package}.golden:GOLDEN", "Counts of the paper and of its code."),
    ]

"""Sequential model-based search."""

from nasframe import Component, hookimpl


@hookimpl
def nasframe_components() -> list[Component]:
    """The strategy; it is not imported here."""
    return [
        Component(
            "strategy",
            "progressive",
            "nasframe_progressive.strategy:Progressive",
            "Grows genotypes, of which a surrogate picks the promising (PNAS).",
        )
    ]

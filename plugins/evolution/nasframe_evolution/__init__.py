"""Evolutionary strategies."""

from nasframe import Component, hookimpl


@hookimpl
def nasframe_components() -> list[Component]:
    """The strategy; it is not imported here."""
    return [
        Component(
            "strategy", "evolution", "nasframe_evolution.regularised:Evolution", "Regularised evolution (AmoebaNet)."
        )
    ]

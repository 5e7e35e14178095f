"""Evolutionary strategies."""

from nasframe import Component, hookimpl


@hookimpl
def nasframe_components() -> list[Component]:
    """Two strategies; none is imported here."""
    return [
        Component(
            "strategy", "evolution", "nasframe_evolution.regularised:Evolution", "Regularised evolution (AmoebaNet)."
        ),
        Component("strategy", "nsga2", "nasframe_evolution.nsga2:Nsga2", "NSGA-II: several objectives at once."),
    ]

"""Strategies that spend small budgets on many candidates and full ones on few."""

from nasframe import Component, hookimpl


@hookimpl
def nasframe_components() -> list[Component]:
    """Two strategies; none is imported here."""
    return [
        Component(
            "strategy", "halving", "nasframe_hyperband.strategy:Halving", "Successive halving of any candidates."
        ),
        Component("strategy", "hyperband", "nasframe_hyperband.strategy:Hyperband", "Hyperband over any candidates."),
    ]

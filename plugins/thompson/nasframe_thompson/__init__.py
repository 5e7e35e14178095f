"""Model-based search for noisy scores."""

from nasframe import Component, hookimpl


@hookimpl
def nasframe_components() -> list[Component]:
    """The strategy; it is not imported here."""
    return [
        Component(
            "strategy",
            "thompson",
            "nasframe_thompson.strategy:Thompson",
            "Thompson sampling by a Gaussian process of the score.",
        )
    ]

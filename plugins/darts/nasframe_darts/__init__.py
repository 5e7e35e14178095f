"""The plug-in: differentiable architecture search."""

from nasframe import Component, hookimpl


@hookimpl
def nasframe_components() -> list[Component]:
    """One strategy."""
    return [
        Component(
            "strategy",
            "darts",
            "nasframe_darts.strategy:Darts",
            "Bilevel gradient descent, of first or second order (2019).",
        )
    ]

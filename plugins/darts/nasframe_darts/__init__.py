"""The plug-in: differentiable architecture search."""

from nasframe import Component, hookimpl


@hookimpl
def nasframe_components() -> list[Component]:
    """One strategy and a proxy; neither is imported here."""
    return [
        Component(
            "strategy",
            "darts",
            "nasframe_darts.strategy:Darts",
            "Bilevel gradient descent, of first or second order (2019).",
        ),
        Component("proxy", "supernet", "nasframe_darts.proxy:SupernetScore", "Score inside a supernet, alone."),
    ]

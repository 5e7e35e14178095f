"""Search by reinforcement learning."""

from nasframe import Component, hookimpl


@hookimpl
def nasframe_components() -> list[Component]:
    """The strategy; it is not imported here."""
    return [
        Component(
            "strategy",
            "controller",
            "nasframe_controller.strategy:Controller",
            "An LSTM that proposes genotypes, by PPO or REINFORCE (NASNet).",
        )
    ]

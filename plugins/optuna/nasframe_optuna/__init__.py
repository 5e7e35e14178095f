"""Search by the models of the library optuna."""

from nasframe import Component, hookimpl


@hookimpl
def nasframe_components() -> list[Component]:
    """The strategy; it is not imported here."""
    return [
        Component(
            "strategy",
            "tpe",
            "nasframe_optuna.strategy:Tpe",
            "Genotypes that a model of good and bad ones proposes (TPE, by optuna).",
        )
    ]

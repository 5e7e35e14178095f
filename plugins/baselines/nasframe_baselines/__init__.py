"""The plug-in: strategies to compare others with."""

from nasframe import Component, hookimpl


@hookimpl
def nasframe_components() -> list[Component]:
    """Two strategies."""
    return [
        Component("strategy", "random", "nasframe_baselines.random_search:RandomSearch", "Genotypes drawn at random."),
        Component(
            "strategy", "exhaustive", "nasframe_baselines.exhaustive:Exhaustive", "Every genotype of a small space."
        ),
    ]

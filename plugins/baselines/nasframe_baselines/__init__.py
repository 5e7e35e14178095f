"""The plug-in: strategies to compare others with."""

from nasframe import Component, hookimpl


@hookimpl
def nasframe_components() -> list[Component]:
    """The strategies; none is imported here."""
    return [
        Component("strategy", "auto", "nasframe_baselines.auto:Auto", "The strategy that the time allows."),
        Component("strategy", "random", "nasframe_baselines.random_search:RandomSearch", "Genotypes drawn at random."),
        Component("strategy", "near", "nasframe_baselines.near:Near", "At random, and around the best so far."),
        Component(
            "strategy", "exhaustive", "nasframe_baselines.exhaustive:Exhaustive", "Every genotype of a small space."
        ),
        Component(
            "strategy", "local", "nasframe_baselines.local_search:LocalSearch", "Uphill, one decision at a time."
        ),
    ]

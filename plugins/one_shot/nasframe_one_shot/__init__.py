"""One-shot strategies: one supernet is trained, then candidates are measured with its weights."""

from nasframe import Component, hookimpl


@hookimpl
def nasframe_components() -> list[Component]:
    """Two strategies and a proxy; none is imported here."""
    package = "nasframe_one_shot"
    return [
        Component(
            "strategy",
            "one-shot-random",
            f"{package}.random_search:OneShotRandom",
            "Random search with weight sharing (Li and Talwalkar, 2019).",
        ),
        Component(
            "strategy",
            "one-shot-evolution",
            f"{package}.evolution:OneShotEvolution",
            "Single-path supernet, then evolution on it (SPOS, 2019).",
        ),
        Component(
            "proxy",
            "shared-weights",
            f"{package}.proxy:SharedWeightsScore",
            "Score with the weights of a single-path supernet.",
        ),
    ]

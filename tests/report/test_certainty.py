"""Whether a search has decided anything, and where the report says so."""

import math

import networkx as nx
import pytest

from nasframe.report import certainty

EVEN = (1 / 3, 1 / 3, 1 / 3)


def space(operations, down, layers=3):
    """A trellis of two levels, from each place down with a probability, and a cell of one edge."""
    graph = nx.DiGraph()
    graph.add_node("l0/0", part="network", kind="stem", layer=0, level=0, label="")
    for layer in range(1, layers + 1):
        for level in (0, 1):
            graph.add_node(f"l{layer}/{level}", part="network", kind="state", layer=layer, level=level, label="")
            for before in (0, 1):
                if (start := f"l{layer - 1}/{before}") in graph:
                    value = down if level == 1 else 1 - down
                    graph.add_edge(start, f"l{layer}/{level}", kind="move", value=value)
    for layer, name in enumerate(("a", "b")):
        graph.add_node(f"cell/{name}", part="cell", kind="block", layer=layer, level=0, label=name)
    graph.add_edge("cell/a", "cell/b", kind="operation", operations=("conv", "pool", "skip"), value=operations)
    return graph


def entropy(*probabilities):
    return -sum(p * math.log(p) for p in probabilities)


def test_even_weights_decide_nothing():
    found = certainty.compute([(0, space(EVEN, 0.5)), (9, space(EVEN, 0.5))])
    assert found.verdict == "undecided"
    assert found.cells == {"cell": pytest.approx(1)} and found.path == pytest.approx(1)
    assert found.gap == found.even_gap == 0


def test_shares_of_entropy_and_gaps_are_those_computed_by_hand():
    found = certainty.compute([(0, space((0.8, 0.1, 0.1), 0.9))])
    assert found.cells["cell"] == pytest.approx(entropy(0.8, 0.1, 0.1) / math.log(3))
    assert found.path == pytest.approx(3 * entropy(0.9, 0.1) / (3 * math.log(2)))
    assert found.gap == pytest.approx(math.log(0.9 / 0.1)) and found.even_gap == 0
    assert found.agreement is None


def test_a_search_is_no_surer_than_its_least_decided_part():
    def verdict(operations, down):
        return certainty.compute([(0, space(operations, down))]).verdict

    assert verdict((0.98, 0.01, 0.01), 0.99) == "decided"
    assert verdict((0.98, 0.01, 0.01), 0.5) == "undecided"
    assert verdict((0.6, 0.3, 0.1), 0.99) == "hardly decided"


def test_choices_that_change_to_the_end_are_not_decided():
    one, other = space((0.98, 0.01, 0.01), 0.99), space((0.01, 0.98, 0.01), 0.99)
    restless = certainty.compute([(step, graph) for step, graph in enumerate([other, one] * 4)])
    assert restless.agreement == pytest.approx(4 / 5), "of the operation and the four places on the path"
    assert restless.verdict == "hardly decided"
    assert "Let them settle" in [*restless.sentences()][-1]
    settled = certainty.compute([(step, graph) for step, graph in enumerate([other] * 4 + [one] * 12)])
    assert (settled.agreement, settled.verdict) == (1, "decided")


def test_without_weights_nothing_is_said():
    graph = space(EVEN, 0.5)
    for *_, data in graph.edges(data=True):
        data.pop("value")
    assert certainty.compute([]) is None
    assert certainty.compute([(0, graph)]) is None


def test_the_verdict_comes_first_and_only_a_search_that_decided_gets_no_advice():
    undecided = [*certainty.compute([(0, space(EVEN, 0.5))]).sentences()]
    assert undecided[0] == (
        "The search is undecided: entropy against that of even weights: cell 100.00 %, path 100.00 %."
    )
    assert "another seed may find another" in undecided[-1]
    decided = [*certainty.compute([(0, space((0.98, 0.01, 0.01), 0.99))]).sentences()]
    assert decided[0].startswith("The search is decided: ")
    assert not any("another seed" in sentence for sentence in decided)

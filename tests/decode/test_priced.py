"""Priced trellises: costs that depend on the way are decoded exactly, and ties fall as on the plain trellis."""

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest

from nasframe import GraphError, decode
from nasframe.decode import Bound


def plain_trellis(rng, layers, levels=3):
    """Moves by at most one level; values from few, so that many products are equal."""
    trellis = nx.DiGraph()
    trellis.add_node("start", layer=0, level=0, label="s")
    for layer in range(1, layers + 1):
        before = [node for node, at in trellis.nodes(data="layer") if at == layer - 1]
        for source in before:
            for level in range(levels):
                if abs(level - trellis.nodes[source]["level"]) <= 1:
                    trellis.add_node(f"{layer}/{level}", layer=layer, level=level, label=str(level))
                    trellis.add_edge(source, f"{layer}/{level}", kind="move", value=float(rng.choice([0.25, 0.5])))
    return trellis


def with_memory(trellis, rng):
    """The trellis with a node for each pair of places that follow each other; moves cost at random."""
    priced = nx.DiGraph()
    start, _ = decode.terminals(trellis)
    priced.add_node(start, layer=0, level=0, place=start)
    waiting = [(start, start)]
    for name, place in waiting:
        for target in trellis.successors(place):
            after = f"{target}<{place}"
            if after not in priced:
                at = trellis.nodes[target]
                priced.add_node(after, layer=at["layer"], level=at["level"], place=target)
                waiting.append((after, target))
            priced.add_edge(name, after, kind="move", macs=int(rng.integers(1, 6)))
    return priced


def cost_of(priced, path):
    return sum(priced.edges[move]["macs"] for move in pairwise(decode.priced_path(priced, path)))


@pytest.mark.parametrize("seed", range(25))
def test_paths_within_a_bound_are_the_plain_order_filtered_by_cost(seed):
    rng = np.random.default_rng(seed)
    trellis = plain_trellis(rng, layers=int(rng.integers(2, 6)))
    priced = decode.with_values_of(with_memory(trellis, rng), trellis)
    everything = decode.k_best(trellis, *decode.terminals(trellis), k=1000)
    costs = [cost_of(priced, path.nodes) for path in everything]
    most = int(np.median(costs))
    bound = Bound("macs", decode.attribute_cost(priced, "macs"), most=most)
    found = decode.k_best(priced, *decode.terminals(priced), k=1000, bounds=[bound])
    expected = [(path.nodes, cost) for path, cost in zip(everything, costs, strict=True) if cost <= most]
    assert [(decode.places(priced, path.nodes), path.costs["macs"]) for path in found] == expected


def test_nodes_and_moves_get_what_their_places_carry_but_keep_their_own():
    rng = np.random.default_rng(0)
    trellis = plain_trellis(rng, layers=2)
    trellis.nodes["1/1"]["macs"] = 99
    priced = with_memory(trellis, rng)
    priced.nodes["1/1<start"]["macs"] = 7
    valued = decode.with_values_of(priced, trellis)
    assert valued.nodes["2/1<1/1"]["label"] == "1"
    assert valued.nodes["1/1<start"]["macs"] == 7
    assert valued.edges["1/1<start", "2/1<1/1"]["value"] == trellis.edges["1/1", "2/1"]["value"]
    assert "label" not in priced.nodes["2/1<1/1"]


def test_a_priced_trellis_with_other_paths_is_refused():
    rng = np.random.default_rng(0)
    trellis = plain_trellis(rng, layers=2)
    fewer = with_memory(trellis, rng)
    fewer.remove_node("2/2<1/1")
    with pytest.raises(GraphError, match=r"number of paths is \d+ in the priced trellis, \d+ in the trellis"):
        decode.with_values_of(fewer, trellis)
    longer = with_memory(trellis, rng)
    longer.add_edge("start", "2/2<1/1", kind="move")
    with pytest.raises(GraphError, match="no such move"):
        decode.with_values_of(longer, trellis)
    longer.add_node("elsewhere", layer=1, level=1)
    with pytest.raises(GraphError, match="has the place 'elsewhere'"):
        decode.with_values_of(longer, trellis)


def test_a_path_through_other_places_is_refused():
    rng = np.random.default_rng(0)
    trellis = plain_trellis(rng, layers=2)
    priced = with_memory(trellis, rng)
    for path in (("start", "1/0", "2/2"), ("start", "1/0"), ("1/0", "2/0")):
        with pytest.raises(GraphError, match=r"number of paths through .* of the priced trellis is 0"):
            decode.priced_path(priced, path)
    assert decode.places(priced, decode.priced_path(priced, ("start", "1/1", "2/2"))) == ("start", "1/1", "2/2")

"""What weights favour where networks differ in depth: blocks go with their states, and edges may be optional."""

import math

import networkx as nx
import pytest

from nasframe import decode
from nasframe.derive import Request, Weighted, derive, favoured, path_of
from nasframe.errors import CapabilityError
from nasframe.graph import log_weight

OPERATIONS = ("conv", "pool")


def valley(turn=0.6, across=0.7):
    """Down to level 1, from where it goes up at once or by way of level 2; each level has a block in a cell."""
    graph = nx.DiGraph()
    places = {"in": 0, "a": 0, "b": 1, "c": 2, "d": 1, "e": 0}
    for layer, (node, level) in enumerate(places.items()):
        kind, uses = ("state", (f"cell/{level}",)) if layer else ("stem", ())
        graph.add_node(node, part="network", kind=kind, layer=layer, level=level, label=node, uses=uses)
    graph.add_edges_from([("in", "a"), ("a", "b"), ("c", "d"), ("d", "e")], kind="link")
    graph.add_edge("b", "e", kind="move", value=turn)
    graph.add_edge("b", "c", kind="move", value=1 - turn)
    graph.add_edge("a", "e", kind="optional", label="across", value=across)
    graph.add_edge("b", "d", kind="optional", label="across", value=0.9)
    graph.add_node("cell/in", part="cell", kind="input", layer=0, level=0, label="in")
    for level, before in enumerate(("cell/in", "cell/0", "cell/1")):
        graph.add_node(f"cell/{level}", part="cell", kind="block", layer=level + 1, level=0, label=str(level))
        graph.add_edge(before, f"cell/{level}", kind="operation", operations=OPERATIONS, value=(0.8, 0.2))
    return graph


def test_what_is_favoured_has_the_places_of_its_depth_and_their_blocks_alone():
    shallow, deep = favoured(valley(turn=0.6)), favoured(valley(turn=0.4))
    assert set(shallow) == {"in", "a", "b", "e", "cell/in", "cell/0", "cell/1"}
    assert set(deep) == set(valley())
    assert ("b", "d") not in shallow.edges and ("b", "d") in deep.edges
    assert ("b", "e") not in deep.edges


@pytest.mark.parametrize(("across", "there"), [(0.5, True), (0.49, False)])
def test_an_optional_edge_is_favoured_that_is_as_probable_as_not(across, there):
    assert favoured(valley(across=across)).has_edge("a", "e") == there


def test_optional_edges_are_no_moves_of_a_path():
    assert path_of(favoured(valley(turn=0.4))) == ("b", "c")
    branching = nx.DiGraph([("a", "b", {"kind": "move"}), ("a", "c", {"kind": "move"})])
    assert path_of(branching) == ()


def test_a_path_of_another_length_is_derived_beside_the_best_one():
    found = derive(
        Weighted(None, 1, valley(turn=0.4), favoured(valley(turn=0.6))), Request(2), CapabilityError("none"), None
    )
    assert [path.nodes for path in found.paths] == [("b", "c"), ("b", "e")]
    assert found.known[0].path.nodes == ("b", "e")
    assert found.known[0].distance is None, "they pass different layers"


def test_a_place_that_links_join_to_the_ends_of_paths_is_visited_as_often_as_these():
    graph = valley(turn=0.4)
    found = decode.visits(graph, decode.marginals(graph, *decode.terminals(graph)))
    assert found == pytest.approx({"in": 1, "a": 1, "b": 1, "c": 0.6, "d": 0.6, "e": 1})


def test_a_log_weight_counts_optional_edges_that_are_left_out():
    graph = valley(turn=0.6, across=0.3)
    assert log_weight(graph, favoured(graph)) == pytest.approx(math.log(0.6 * 0.7 * 0.8 * 0.8))

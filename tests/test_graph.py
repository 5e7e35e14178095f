import networkx as nx
import numpy as np
import pytest

from nasframe.errors import GraphError
from nasframe.graph import edges, edges_into, from_json, log_weight, part, parts, to_json, with_weights


def whole():
    graph = nx.DiGraph()
    graph.add_node("a", part="network", kind="stem", layer=0, level=0, label="a")
    graph.add_node("b", part="network", kind="state", layer=1, level=0, label="b")
    graph.add_node("cell/x", part="cell", kind="input", layer=0, level=0, label="x")
    graph.add_node("cell/y", part="cell", kind="block", layer=1, level=0, label="y")
    graph.add_edge("a", "b", kind="move", weight=("move", 0, 1))
    graph.add_edge("cell/x", "cell/y", kind="operation", operations=("p", "q"), weight=("operation", 0))
    return graph


def test_json_gives_an_equal_graph_back_tuples_included():
    graph = whole()
    back = from_json(to_json(graph))
    assert nx.utils.graphs_equal(back, graph)
    assert list(back) == list(graph)
    assert back.edges["cell/x", "cell/y"]["operations"] == ("p", "q")
    assert to_json(back) == to_json(graph)


def test_weights_are_read_where_the_graph_says_and_survive_json():
    arrays = {"move": np.array([[0.25, 0.75]]), "operation": np.array([[0.5, 0.125]])}
    graph = whole()
    weighted = with_weights(graph, arrays)
    assert weighted.edges["a", "b"]["value"] == 0.75
    assert weighted.edges["cell/x", "cell/y"]["value"] == (0.5, 0.125)
    assert nx.utils.graphs_equal(from_json(to_json(weighted)), weighted)
    assert "value" not in graph.edges["a", "b"]


def test_weights_that_a_snapshot_lacks_are_left_out():
    weighted = with_weights(whole(), {"move": np.array([[0.25, 0.75]])})
    assert "value" not in weighted.edges["cell/x", "cell/y"]


def test_a_part_is_cut_out_without_its_neighbours():
    graph = whole()
    assert parts(graph) == ["network", "cell"]
    assert set(part(graph, "cell")) == {"cell/x", "cell/y"}
    assert list(part(graph, "network").edges) == [("a", "b")]


def two_edged():
    graph = nx.MultiDiGraph()
    graph.add_node("a", part="network", kind="stem", layer=0, level=0, label="a")
    graph.add_node("b", part="network", kind="state", layer=1, level=0, label="b")
    graph.add_node("cell/x", part="cell", kind="input", layer=0, level=0, label="x")
    graph.add_node("cell/y", part="cell", kind="block", layer=1, level=0, label="y", combine="add")
    graph.add_edge("a", "b", "move", kind="move", weight=("move", 0, 1))
    for place, side in enumerate(("left", "right")):
        graph.add_edge(
            "cell/x",
            "cell/y",
            side,
            kind="operation",
            operations=("p", "q"),
            weight=("operation", place),
            operation="q",
        )
    return graph


def test_json_gives_an_equal_graph_of_two_edges_between_the_same_nodes_back():
    graph = two_edged()
    back = from_json(to_json(graph))
    assert type(back) is nx.MultiDiGraph and nx.utils.graphs_equal(back, graph)
    assert back.edges["cell/x", "cell/y", "right"]["weight"] == ("operation", 1)


def test_edges_are_named_by_their_nodes_and_where_there_are_keys_by_these_too():
    assert [name for name, _ in edges(whole())] == [("a", "b"), ("cell/x", "cell/y")]
    graph = two_edged()
    assert [name for name, _ in edges_into(graph, "cell/y")] == [
        ("cell/x", "cell/y", "left"),
        ("cell/x", "cell/y", "right"),
    ]
    assert all(graph.edges[name] is data for name, data in edges(graph))


def test_the_trellis_of_a_graph_with_keys_has_none_and_refuses_two_moves_between_the_same_nodes():
    graph = two_edged()
    assert type(part(graph, "network")) is nx.DiGraph and list(part(graph, "network").edges) == [("a", "b")]
    assert type(part(graph, "cell")) is nx.MultiDiGraph
    graph.add_edge("a", "b", "again", kind="move")
    with pytest.raises(GraphError, match="several edges from 'a' to 'b' in the trellis"):
        part(graph, "network")


def test_a_genotype_weighs_what_both_edges_between_the_same_nodes_weigh():
    arrays = {"move": np.array([[0.25, 0.75]]), "operation": np.array([[0.5, 0.125], [0.5, 0.25]])}
    weighted = with_weights(two_edged(), arrays)
    assert log_weight(weighted, two_edged()) == pytest.approx(np.log(0.75 * 0.125 * 0.25))


def test_keys_that_are_no_strings_are_refused():
    graph = two_edged()
    graph.add_edge("cell/x", "cell/y", 0, kind="operation")
    with pytest.raises(ValueError, match="found 0; names of nodes are strings, and so are keys of edges"):
        from_json(to_json(graph))

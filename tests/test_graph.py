import networkx as nx
import numpy as np

from nasframe.graph import from_json, part, parts, to_json, with_weights


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

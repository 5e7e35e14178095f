import itertools
import math

import networkx as nx
import numpy as np
import pytest

from nasframe.graph import best_path, from_json, part, parts, to_json, with_weights


def random_trellis(rng):
    """A start, then 1 to 5 layers of 1 to 4 levels; moves as in a trellis, some missing, some impossible."""
    layers, levels = int(rng.integers(1, 6)), int(rng.integers(1, 5))
    graph = nx.DiGraph()
    graph.add_node("start", layer=0, level=0)
    for layer, level in itertools.product(range(1, layers + 1), range(levels)):
        graph.add_node(f"{layer}/{level}", layer=layer, level=level)
    for source, target in itertools.permutations(graph, 2):
        a, b = graph.nodes[source], graph.nodes[target]
        if b["layer"] == a["layer"] + 1 and abs(a["level"] - b["level"]) <= 1 and rng.random() < 0.9:
            graph.add_edge(
                source, target, value=float(rng.choice([0.0, rng.random(), 0.25, 0.5], p=[0.1, 0.6, 0.2, 0.1]))
            )
    return graph, [f"{layers}/{level}" for level in range(levels)]


def all_paths(graph, ends):
    """Every path of positive probability, with its probability."""
    for end in ends:
        for path in nx.all_simple_paths(graph, "start", end):
            probability = math.prod(graph.edges[move]["value"] for move in itertools.pairwise(path))
            if probability > 0:
                yield path, probability


def test_the_best_path_is_the_one_that_brute_force_finds_in_a_thousand_random_trellises():
    rng = np.random.default_rng(0)
    reachable = 0
    for _ in range(1000):
        graph, ends = random_trellis(rng)
        paths = list(all_paths(graph, ends))
        if not paths:
            with pytest.raises(ValueError, match="no path"):
                best_path(graph, "start", ends)
            continue
        reachable += 1
        best = max(probability for _, probability in paths)
        path, log_probability = best_path(graph, "start", ends)
        assert log_probability == pytest.approx(math.log(best))
        assert math.prod(graph.edges[move]["value"] for move in itertools.pairwise(path)) == pytest.approx(best)
    assert reachable > 700


def trellis(weights):
    """Edges as {(source, target): value} between nodes named layer/level."""
    graph = nx.DiGraph()
    for (source, target), value in weights.items():
        for node in (source, target):
            layer, level = map(int, node.split("/"))
            graph.add_node(node, layer=layer, level=level)
        graph.add_edge(source, target, value=value)
    return graph


def test_ties_go_to_the_smaller_level_of_the_end():
    graph = trellis({("0/0", "1/1"): 0.5, ("0/0", "1/0"): 0.5})
    assert best_path(graph, "0/0", ["1/1", "1/0"])[0] == ["0/0", "1/0"]


def test_ties_go_to_the_smaller_level_of_the_predecessor():
    graph = trellis({("0/0", "1/1"): 0.5, ("1/1", "2/1"): 0.5, ("0/0", "1/0"): 0.5, ("1/0", "2/1"): 0.5})
    assert best_path(graph, "0/0", ["2/1"])[0] == ["0/0", "1/0", "2/1"]


def test_a_long_path_of_small_probabilities_keeps_its_order():
    length = 400
    graph = trellis({(f"{layer}/0", f"{layer + 1}/0"): 1e-3 for layer in range(length)})
    for layer in range(length):
        graph.add_node(f"{layer + 1}/1", layer=layer + 1, level=1)
        graph.add_edge(f"{layer}/{min(layer, 1)}", f"{layer + 1}/1", value=1.1e-3)
    path, log_probability = best_path(graph, "0/0", [f"{length}/0", f"{length}/1"])
    assert path[-1] == f"{length}/1"
    assert log_probability == pytest.approx(length * math.log(1.1e-3))


def test_moves_of_probability_zero_are_never_taken():
    graph = trellis({("0/0", "1/0"): 0.0, ("0/0", "1/1"): 1e-9})
    assert best_path(graph, "0/0", ["1/0", "1/1"])[0] == ["0/0", "1/1"]


def test_a_start_that_is_an_end_is_its_own_path():
    graph = trellis({("0/0", "1/0"): 0.5})
    assert best_path(graph, "0/0", ["0/0"]) == (["0/0"], 0.0)


def test_unreachable_ends_are_refused_by_the_name_of_the_start():
    graph = trellis({("0/0", "1/0"): 0.0})
    with pytest.raises(ValueError, match="'0/0'"):
        best_path(graph, "0/0", ["1/0"])


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

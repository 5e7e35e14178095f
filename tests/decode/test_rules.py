"""Literal and unbiased decoding, designs as paths, a cell's strongest edges, and what is refused."""

import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasframe.decode import (
    RULES,
    Bound,
    Distance,
    Margin,
    attribute_cost,
    count_paths,
    distance,
    k_best,
    levels_of,
    log_probability,
    marginals,
    path_of_levels,
    strongest,
    terminals,
    unbiased,
)
from nasframe.errors import GraphError
from nasframe.graph import part

DOWN = (0, 1, *[2] * 10)


def trellis(layers=12, levels=4):
    """With a stem before the start and a head after the ends, joined by links; flat values."""
    graph = nx.DiGraph()
    graph.add_node("image", part="network", kind="stem", layer=-1, level=0)
    graph.add_node("start", part="network", kind="stem", layer=0, level=0)
    graph.add_edge("image", "start", kind="link")
    last = ["start"]
    for layer in range(1, layers + 1):
        moves = [(node, graph.nodes[node]["level"] + step) for node in last for step in (-1, 0, 1)]
        for before, level in [(before, level) for before, level in moves if 0 <= level < levels]:
            graph.add_node(f"{layer}/{level}", part="network", kind="state", layer=layer, level=level)
            graph.add_edge(before, f"{layer}/{level}", kind="move")
        last = [node for node, at in graph.nodes(data="layer") if at == layer]
    graph.add_node("head", part="network", kind="head", layer=layers + 1, level=0)
    graph.add_edges_from(((node, "head") for node in last), kind="link")
    flatten(graph)
    return graph


def flatten(graph, dtype=float):
    for node in graph:
        moves = [data for data in graph.adj[node].values() if data["kind"] == "move"]
        for data in moves:
            data["value"] = float(dtype(1) / dtype(len(moves)))


def randomise(graph, seed, spread):
    rng = np.random.default_rng(seed)
    for node in graph:
        moves = [data for data in graph.adj[node].values() if data["kind"] == "move"]
        values = np.exp(spread * rng.standard_normal(len(moves)))
        for data, value in zip(moves, values, strict=True):
            data["value"] = float(value / values.sum())


def cell(*rows, operations=("zero", "a", "b")):
    """One block that reads an input for each row."""
    graph = nx.DiGraph()
    for index, row in enumerate(rows):
        graph.add_node(f"in{index}", part="cell", layer=index, level=0)
        graph.add_edge(f"in{index}", "block", kind="operation", operations=operations, value=row)
    graph.add_node("block", part="cell", layer=len(rows), level=0)
    return graph


def test_the_moves_of_a_space_graph_say_where_paths_begin_and_end():
    start, ends = terminals(trellis())
    assert (start, ends) == ("start", ("12/0", "12/1", "12/2", "12/3"))
    assert count_paths(trellis(), start, ends) == 75_025


def test_flat_betas_decode_literally_to_the_finest_level_with_probability_2_to_the_minus_12():
    graph = trellis()
    best = k_best(RULES["literal"](graph), *terminals(graph))[0]
    assert levels_of(graph, best.nodes) == (0,) * 12
    assert best.log_probability == pytest.approx(-12 * math.log(2))


@pytest.mark.parametrize("dtype", [float, np.float32])
def test_flat_betas_give_every_path_the_same_weight_when_decoded_without_bias(dtype):
    graph = trellis()
    flatten(graph, dtype)
    even = RULES["unbiased"](graph)
    first, second = k_best(even, *terminals(graph), 2)
    assert (first.log_probability, first.gap, second.log_probability) == (0.0, 0.0, 0.0)
    assert marginals(even, *terminals(graph)).entropy == pytest.approx(math.log(75_025))


def test_unbiased_values_are_the_probabilities_times_the_number_of_moves_and_leave_the_graph_as_it_was():
    graph = trellis()
    randomise(graph, 0, 1.0)
    before = nx.DiGraph(graph)
    even = unbiased(graph)
    assert nx.utils.graphs_equal(graph, before)
    for source, target, data in graph.edges(data=True):
        if data["kind"] == "move":
            count = sum(edge["kind"] == "move" for edge in graph.adj[source].values())
            assert even.edges[source, target]["value"] == pytest.approx(count * data["value"])


@given(seed=st.integers(0, 10**6), spread=st.sampled_from([0.01, 0.1, 1.0]))
@settings(max_examples=50, deadline=None)
def test_unbiased_decoding_orders_paths_as_two_thirds_of_a_borders_probabilities_would(seed, spread):
    graph = trellis(7)
    randomise(graph, seed, spread)
    scaled = graph.copy()
    for source, _, data in scaled.edges(data=True):
        if data["kind"] == "move" and scaled.nodes[source]["level"] in (0, 3):
            data["value"] *= 2 / 3
    found, expected = (k_best(other, *terminals(graph), 5) for other in (unbiased(graph), scaled))
    assert [path.nodes for path in found] == [path.nodes for path in expected]


def test_a_path_is_found_by_its_levels_and_tells_them_again():
    graph = trellis()
    nodes = path_of_levels(graph, "start", DOWN)
    assert nodes[:4] == ("start", "1/0", "2/1", "3/2")
    assert levels_of(graph, nodes) == DOWN


def test_paths_are_as_far_apart_as_their_levels():
    assert distance((0, 1, 2, 2), (0, 1, 0, 3)) == Distance(layers=2, levels=3)
    assert distance((0, 1), (0, 1)) == Distance(0, 0)
    with pytest.raises(GraphError, match="end after layer 4 and after 2"):
        distance((0, 1, 2, 2), (0, 1))


@pytest.mark.parametrize(
    ("layers", "levels", "message"),
    [
        (10, DOWN, "goes on to layer 12; the trellis ends at '10/2' after 10"),
        (14, DOWN, "ends after layer 12; the trellis goes on from '12/2'"),
        (4, (0, 2, 2, 2), "layer 2 of the path is at level 2; from '1/0' the trellis goes to the levels 0, 1"),
    ],
)
def test_levels_that_are_no_path_of_a_trellis_are_refused(layers, levels, message):
    with pytest.raises(GraphError, match=message):
        path_of_levels(trellis(layers), "start", levels)
    with pytest.raises(GraphError, match="no node 'nowhere'"):
        path_of_levels(trellis(layers), "nowhere", levels)


def test_a_block_keeps_its_two_strongest_edges_by_operations_that_are_not_excluded():
    found = strongest(cell((0.9, 0.06, 0.04), (0.2, 0.3, 0.5), (0.1, 0.8, 0.1), (0.3, 0.4, 0.3)))
    (block,) = found
    assert [(edge.before, edge.operation, edge.strength) for edge in block.edges] == [
        ("in1", "b", 0.5),
        ("in2", "a", 0.8),
    ]
    assert block.margin == Margin(pytest.approx(0.1), pytest.approx(math.log(0.5 / 0.4)))
    assert block.edges[0].margin == Margin(pytest.approx(0.2), pytest.approx(math.log(0.5 / 0.3)))


def test_edges_are_kept_in_the_graphs_order_so_that_operations_cannot_be_swapped():
    (block,) = strongest(cell((0.1, 0.5, 0.4), (0.0, 0.1, 0.9)))
    assert [(edge.before, edge.operation) for edge in block.edges] == [("in0", "a"), ("in1", "b")]
    assert block.margin is None


def test_ties_go_to_the_lower_edge_and_the_lower_operation():
    (block,) = strongest(cell(*[(0.2, 0.4, 0.4)] * 3))
    assert [(edge.before, edge.operation) for edge in block.edges] == [("in0", "a"), ("in1", "a")]
    assert block.margin == block.edges[0].margin == Margin(0.0, 0.0)


def test_the_margin_to_nothing_is_infinite_and_alone_there_is_none():
    (block,) = strongest(cell((0.0, 1.0, 0.0), (0.0, 0.0, 0.0)), keep=1)
    assert block.margin == block.edges[0].margin == Margin(1.0, math.inf)
    (block,) = strongest(cell((0.5, 0.5), operations=("zero", "a")))
    assert block.edges[0].margin is None


def test_what_a_graph_says_gives_nothing_makes_no_edge_strong():
    graph = cell((0.6, 0.4), operations=("none", "a"))
    graph.graph["zeros"] = ("none",)
    (block,) = strongest(graph)
    assert {edge.operation for edge in block.edges} == {"a"}


def test_any_number_of_edges_and_no_exclusion_is_possible():
    (block,) = strongest(cell((0.9, 0.1, 0.0), (0.2, 0.3, 0.5), (0.1, 0.8, 0.1)), keep=1, exclude=())
    assert [(edge.before, edge.operation) for edge in block.edges] == [("in0", "zero")]
    assert block.margin == Margin(pytest.approx(0.1), pytest.approx(math.log(9 / 8)))


def two_sided(left, right):
    """One block with an edge from each of two nodes on each side; a row of weights each."""
    graph = nx.MultiDiGraph()
    for layer, name in enumerate(("in0", "in1", "b")):
        graph.add_node(name, layer=layer, level=0)
    for side, rows in (("left", left), ("right", right)):
        for name, row in zip(("in0", "in1"), rows, strict=True):
            graph.add_edge(name, "b", side, kind="operation", operations=("zero", "a"), value=row)
    return graph


def test_a_block_keeps_the_strongest_edge_of_each_key_also_both_from_one_node():
    (block,) = strongest(two_sided(left=[(0.1, 0.9), (0.3, 0.7)], right=[(0.4, 0.6), (0.5, 0.5)]))
    assert block.operations() == {("in0", "b", "left"): "a", ("in0", "b", "right"): "a"}
    assert [edge.strength for edge in block.edges] == [0.9, 0.6]
    assert block.margin == Margin(pytest.approx(0.1), pytest.approx(math.log(0.6 / 0.5)))


def test_where_all_edges_have_one_key_the_two_strongest_are_kept_as_without_keys():
    plain = cell((0.9, 0.06, 0.04), (0.2, 0.3, 0.5), (0.1, 0.8, 0.1), (0.3, 0.4, 0.3))
    keyed = nx.MultiDiGraph()
    keyed.add_nodes_from(plain.nodes(data=True))
    keyed.add_edges_from((*edge, "only", data) for edge, data in plain.edges.items())
    (block,), (same,) = strongest(plain), strongest(keyed)
    assert [(edge.before, edge.operation, edge.strength, edge.margin) for edge in same.edges] == [
        (edge.before, edge.operation, edge.strength, edge.margin) for edge in block.edges
    ]
    assert same.margin == block.margin and {edge.key for edge in same.edges} == {"only"}


@pytest.mark.parametrize(
    "decode",
    [
        terminals,
        unbiased,
        lambda graph: count_paths(graph, "a", ["b"]),
        lambda graph: log_probability(graph, ["a", "b"]),
        lambda graph: path_of_levels(graph, "a", [0]),
        lambda graph: attribute_cost(graph, "macs"),
    ],
)
def test_paths_of_a_graph_with_keys_are_refused_with_what_to_give_instead(decode):
    graph = nx.MultiDiGraph()
    graph.add_node("a", part="network", layer=0, level=0)
    graph.add_node("b", part="network", layer=1, level=0)
    graph.add_edge("a", "b", "move", kind="move", value=1.0, macs=1.0)
    with pytest.raises(GraphError, match=r"found a MultiDiGraph; .*part\(graph, 'network'\)"):
        decode(graph)
    decode(part(graph, "network"))


@given(st.lists(st.tuples(*[st.floats(0, 1)] * 4), min_size=1, max_size=5), st.integers(1, 4))
@settings(deadline=None)
def test_the_edges_that_are_kept_are_those_a_stable_sort_puts_first(rows, keep):
    (block,) = strongest(cell(*rows, operations=("a", "zero", "b", "c")), keep)
    strengths = [max(row[0], row[2], row[3]) for row in rows]
    expected = sorted(range(len(rows)), key=lambda index: -strengths[index])[:keep]
    assert [edge.before for edge in block.edges] == [f"in{index}" for index in sorted(expected)]
    assert [edge.strength for edge in block.edges] == [strengths[index] for index in sorted(expected)]


@pytest.mark.parametrize(
    ("row", "message"),
    [(None, "value None; a number for each"), ((1.0,), r"value \(1.0,\)"), ((0.5, math.nan, 0.5), "numbers from 0 on")],
)
def test_a_row_that_does_not_fit_its_operations_is_refused(row, message):
    with pytest.raises(GraphError, match=message):
        strongest(cell(row))


def test_an_edge_with_only_excluded_operations_is_refused():
    with pytest.raises(GraphError, match="only excluded operations"):
        strongest(cell((1.0,), operations=("zero",)))


def test_a_cells_parts_come_in_the_order_of_its_nodes_in_every_process():
    graph = nx.union(trellis(), cell(*[(0.2, 0.4, 0.4)] * 5))
    assert list(part(graph, "cell")) == ["in0", "block", "in1", "in2", "in3", "in4"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: g.edges["start", "1/0"].pop("value"), "from 'start' to '1/0' carries no 'value'"),
        (lambda g: g.edges["start", "1/0"].update(value=-0.1), "has the value -0.1"),
        (lambda g: g.edges["start", "1/0"].update(value=math.nan), "has the value nan"),
        (lambda g: g.edges["start", "1/0"].update(value=math.inf), "has the value inf"),
        (lambda g: g.edges["start", "1/0"].update(value=(0.5, 0.5)), r"has the value \(0.5, 0.5\)"),
        (lambda g: g.add_edge("2/0", "1/0", kind="move", value=1.0), "from layer 2 to 1"),
        (lambda g: g.remove_node("12/0"), "no node '12/0'"),
        (lambda g: [data.update(value=0.0) for _, _, data in g.edges(data=True)], "by moves of positive value"),
    ],
)
@pytest.mark.parametrize("decoder", [k_best, marginals])
def test_a_trellis_that_cannot_be_decoded_is_refused_with_its_place(decoder, change, message):
    graph = trellis()
    start, ends = terminals(graph)
    change(graph)
    with pytest.raises(GraphError, match=message):
        decoder(graph, start, ends)


def test_a_graph_with_no_start_or_several_needs_to_be_told():
    with pytest.raises(GraphError, match="no moves at all"):
        terminals(cell((0.5, 0.3, 0.2)))
    with pytest.raises(GraphError, match="'a', 'c'"):
        terminals(nx.DiGraph([("a", "b"), ("c", "b")]))


def test_a_path_with_a_move_that_is_none_has_no_probability():
    graph = trellis()
    with pytest.raises(GraphError, match="no move from '12/0' to 'head'"):
        log_probability(graph, ["12/0", "head"])
    graph.edges["start", "1/0"]["value"] = 0.0
    assert log_probability(graph, ["start", "1/0"]) == -math.inf


def test_wrong_costs_and_limits_are_refused_by_the_bounds_name():
    graph = trellis(2)
    with pytest.raises(GraphError, match="'macs' asks for at least 2 and at most 1"):
        Bound("macs", lambda before, node: 0, most=1, least=2)
    with pytest.raises(GraphError, match="'macs'"):
        Bound("macs", lambda before, node: 0, most=math.nan)
    with pytest.raises(GraphError, match="attribute 'macs'"):
        attribute_cost(graph, "macs")
    with pytest.raises(GraphError, match="'part' is no cost: it holds 'network'"):
        attribute_cost(graph, "part")
    with pytest.raises(GraphError, match="'macs' of starting at 'start' is nan"):
        k_best(graph, *terminals(graph), 1, [Bound("macs", lambda before, node: math.nan)])
    with pytest.raises(GraphError, match=r"'kind' of the move from 'start'.*is .*'move'"):
        k_best(graph, *terminals(graph), 1, [Bound("kind", lambda before, node: 0 if before is None else "move")])
    with pytest.raises(ValueError, match="k is 0"):
        k_best(graph, *terminals(graph), 0)

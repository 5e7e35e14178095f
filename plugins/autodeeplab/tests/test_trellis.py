from collections import Counter

import pytest

from nasframe_autodeeplab.trellis import ENTRY, HEAD, STEM, last_states, moves, skipped, states, trellis


def count_paths(graph):
    ways = Counter({ENTRY: 1})
    for node in sorted(graph, key=lambda node: graph.nodes[node]["layer"]):
        for source in graph.predecessors(node):
            if graph.edges[source, node]["kind"] == "move":
                ways[node] += ways[source]
    return sum(ways[node] for node in last_states(graph))


def test_the_papers_trellis_has_45_states_105_moves_and_75025_paths():
    graph = trellis(12, 4)
    assert len(states(graph)) == 45
    assert moves(graph).number_of_edges() == 105
    assert count_paths(graph) == 75_025


def test_moves_per_layer_are_2_then_5_then_8_then_10():
    graph = trellis(12, 4)
    layers = Counter(graph.nodes[target]["layer"] for _, target in moves(graph).edges)
    assert [layers[layer] for layer in range(1, 13)] == [2, 5, 8] + [10] * 9


def test_a_move_changes_the_level_as_its_column_says():
    graph = trellis(5, 4)
    for source, target, (_, _, column) in moves(graph).edges(data="weight"):
        assert graph.nodes[target]["level"] - graph.nodes[source]["level"] == column - 1


def test_the_moves_out_of_a_node_share_a_row_that_no_other_node_has():
    graph = moves(trellis(5, 4))
    rows = {node: {row for _, _, (_, row, _) in graph.out_edges(node, data="weight")} for node in graph}
    owners = [min(row) for node, row in rows.items() if graph.out_degree(node)]
    assert all(len(row) <= 1 for row in rows.values())
    assert sorted(owners) == list(range(len(owners)))


def test_the_entry_and_the_border_levels_have_two_moves_and_the_inner_ones_three():
    graph = moves(trellis(6, 4))
    assert graph.out_degree(ENTRY) == 2
    assert [graph.out_degree(f"l4/s{stride}") for stride in (4, 8, 16, 32)] == [2, 3, 3, 2]


def test_nothing_leaves_the_last_layer_but_the_links_to_the_head():
    graph = trellis(4, 3)
    for node in last_states(graph):
        assert list(graph.successors(node)) == [HEAD]
        assert graph.edges[node, HEAD]["kind"] == "link"


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ("l1/s4", STEM),
        ("l1/s8", STEM),
        ("l2/s4", ENTRY),
        ("l2/s8", ENTRY),
        ("l2/s16", ENTRY),
        ("l3/s8", "l1/s8"),
        ("l3/s16", "l1/s8"),
        ("l3/s32", "l1/s8"),
        ("l4/s32", "l2/s16"),
        ("l5/s32", "l3/s32"),
        ("l12/s4", "l10/s4"),
    ],
)
def test_a_missing_tensor_of_two_layers_before_is_the_nearest_finer_one(node, expected):
    assert skipped(trellis(12, 4), node) == expected


def test_any_number_of_layers_and_levels_makes_a_trellis():
    assert count_paths(trellis(1, 1)) == 1
    assert count_paths(trellis(3, 2)) == 8
    assert [graph.nodes[node]["stride"] for graph in [trellis(7, 6)] for node in last_states(graph)] == [
        4,
        8,
        16,
        32,
        64,
        128,
    ]

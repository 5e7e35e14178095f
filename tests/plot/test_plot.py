"""Pictures: what is computed, that nothing overlaps, and that the same data gives the same bytes."""

from __future__ import annotations

import subprocess
import sys
from itertools import combinations, pairwise

import matplotlib
import networkx as nx
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from nasframe.graph import edges, with_weights
from nasframe.plot import cell, curves, heatmap, layout, operations, palette, trellis, weights
from nasframe.plot.canvas import readable, save_figure, text_width
from nasframe.plot.operations import mean_entropy
from nasframe.testing.tiny_blocks import TinyBlocks

OPERATIONS = ("skip", "sep_3x3", "atrous_5x5")
PUBLISHED_PATH = (0, 0, 0, 1, 2, 1, 2, 2, 3, 3, 2, 1)
PUBLISHED_CELL = {
    "b1": (("h-2", "atrous_5x5"), ("h-1", "sep_3x3")),
    "b2": (("h-2", "sep_3x3"), ("h-1", "skip")),
    "b3": (("h-2", "sep_3x3"), ("b2", "sep_3x3")),
    "b4": (("b1", "skip"), ("b3", "skip")),
    "b5": (("b2", "skip"), ("b4", "atrous_5x5")),
}


def space_graph(layers: int, levels: int, blocks: int) -> nx.DiGraph:
    graph = nx.DiGraph()
    graph.add_node("stem", part="network", kind="stem", layer=0, level=0, label="stem")
    row = 0
    for layer in range(1, layers + 1):
        before = [node for node, data in graph.nodes(data=True) if data["layer"] == layer - 1]
        for source in before:
            for column, step in enumerate((-1, 0, 1)):
                level = graph.nodes[source]["level"] + step
                if 0 <= level < levels:
                    target = f"l{layer}/{level}"
                    graph.add_node(
                        target, part="network", kind="state", layer=layer, level=level, label=str(4 << level)
                    )
                    graph.add_edge(source, target, kind="move", weight=("move", row, column))
            row += 1
    last = [node for node, data in graph.nodes(data=True) if data["layer"] == layers]
    graph.add_node("head", part="network", kind="head", layer=layers + 1, level=0, label="head")
    graph.add_edges_from(((node, "head") for node in last), kind="link")
    names = ["h-2", "h-1", *(f"b{i + 1}" for i in range(blocks)), "output"]
    kinds = ["input", "input", *["block"] * blocks, "output"]
    for rank, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        graph.add_node(name, part="cell", kind=kind, layer=rank, level=0, label=name)
    edges = [(a, b) for b in names[2:-1] for a in names[: names.index(b)]]
    for index, (a, b) in enumerate(edges):
        graph.add_edge(a, b, kind="operation", operations=OPERATIONS, weight=("operation", index))
    graph.add_edges_from(((b, "output") for b in names[2:-1]), kind="link")
    return graph


def genotype_graph(whole: nx.DiGraph, path: tuple[int, ...], wiring: dict) -> nx.DiGraph:
    nodes = ["stem", *(f"l{i + 1}/{level}" for i, level in enumerate(path)), "head"]
    taken = {(a, b): operation for b, inputs in wiring.items() for a, operation in inputs}
    links = [edge for edge in whole.edges if edge[1] == "output"]
    graph = whole.edge_subgraph([*pairwise(nodes), *taken, *links]).copy()
    nx.set_edge_attributes(graph, taken, "operation")
    return graph


def snapshot(whole: nx.DiGraph, sharpness: float = 1.0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    operations = sum(kind == "operation" for *_, kind in whole.edges(data="kind"))
    alpha = np.exp(sharpness * rng.normal(size=(operations, len(OPERATIONS))))
    moves = [data["weight"] for *_, data in whole.edges(data=True) if data["kind"] == "move"]
    beta = np.zeros((1 + max(row for _, row, _ in moves), 3))
    for _, row, column in moves:
        beta[row, column] = np.exp(sharpness * rng.normal())
    return {"operation": alpha / alpha.sum(1, keepdims=True), "move": beta / beta.sum(1, keepdims=True)}


@pytest.fixture(scope="module")
def whole() -> nx.DiGraph:
    return space_graph(layers=12, levels=4, blocks=5)


@pytest.fixture(scope="module")
def weighted(whole) -> nx.DiGraph:
    return with_weights(whole, snapshot(whole))


@pytest.fixture(scope="module")
def chosen(whole) -> nx.DiGraph:
    return genotype_graph(whole, PUBLISHED_PATH, PUBLISHED_CELL)


def texts_that_overlap(draw, picture, size) -> list[tuple[str, str]]:
    with matplotlib.rc_context(palette.STYLE):
        figure = Figure(figsize=size, layout="constrained")
        canvas = FigureCanvasAgg(figure)
        axes = figure.subplots()
        draw(picture, axes)
        canvas.draw()
        shown = [text for text in axes.findobj(matplotlib.text.Text) if text.get_text() and text.get_visible()]
        boxes = [(text.get_text(), text.get_window_extent()) for text in shown]
    return [(a, b) for (a, one), (b, two) in combinations(boxes, 2) if one.overlaps(two)]


def test_a_trellis_of_twelve_layers_has_45_states_and_their_moves(weighted, chosen):
    found = trellis.compute(weighted, chosen)
    assert sum(place.state for place in found.places) == 45
    assert sum(not move.link for move in found.moves) == 105
    assert found.rows == ((0, "4"), (1, "8"), (2, "16"), (3, "32"))
    assert found.row_title == "stride"


def test_the_chosen_path_is_that_of_the_genotype(weighted, chosen):
    found = trellis.compute(weighted, chosen)
    levels = [place.level for place in sorted(found.places, key=lambda p: p.layer) if place.state and place.chosen]
    assert tuple(levels) == PUBLISHED_PATH
    assert sum(move.chosen for move in found.moves) == 13


def test_a_move_is_as_wide_as_its_weight():
    whole = space_graph(2, 2, 0)
    arrays = {"move": np.array([[0.0, 0.25, 0.75], [0, 0.5, 0.5], [0.5, 0.5, 0.0]])}
    found = trellis.compute(with_weights(whole, arrays))
    axes = Figure().subplots()
    trellis.draw(found, axes)
    widths = dict(zip([m.weight for m in found.moves], axes.collections[0].get_linewidths(), strict=True))
    assert widths[0.75] == pytest.approx(3 * widths[0.25]) == pytest.approx(1.5 * widths[0.5])


@pytest.mark.parametrize(("layers", "levels", "bend"), [((0, 1), (0, 1), 0), ((0, 2), (1, 1), -1), ((0, 3), (0, 1), 1)])
def test_a_move_over_several_layers_is_bent_away_from_its_rows(layers, levels, bend):
    graph = nx.DiGraph()
    for node, layer, level in zip("ab", layers, levels, strict=True):
        graph.add_node(node, part="network", kind="state", layer=layer, level=level, label=node)
    graph.add_edge("a", "b", kind="link")
    (move,) = trellis.compute(graph).moves
    assert np.sign(move.bend) == bend


def test_a_space_without_states_has_no_trellis():
    graph = nx.DiGraph()
    graph.add_node("n0", part="cell", kind="block", layer=0, level=0, label="n0")
    assert trellis.compute(graph) is None


def test_rows_whose_states_have_different_labels_are_named_by_their_level(whole):
    graph = whole.copy()
    graph.nodes["l5/2"]["label"] = "another"
    found = trellis.compute(graph)
    assert found.row_title == "level"
    assert [name for _, name in found.rows] == ["0", "1", "2", "3"]


def test_a_weight_that_is_not_finite_is_no_weight(whole):
    arrays = {"move": np.full((60, 3), np.nan)}
    assert not trellis.compute(with_weights(whole, arrays)).weighted


@pytest.mark.parametrize(("layers", "levels"), [(12, 4), (4, 3)])
def test_no_text_of_a_trellis_overlaps_another(layers, levels):
    whole = space_graph(layers, levels, 0)
    weighted = with_weights(whole, snapshot(whole))
    found = trellis.compute(weighted, genotype_graph(whole, (0, 1, *[2] * (layers - 2)), {}))
    assert texts_that_overlap(trellis.draw, found, found.size) == []


def test_a_cell_shows_the_chosen_operations_with_their_weights(weighted, chosen):
    found = cell.compute(chosen, "cell", weighted)
    shown = {box.label: sorted(pill.label for pill in box.pills) for box in found.boxes if box.pills}
    assert shown["b1"] == ["atrous 5×5", "sep 3×3"]
    assert len(shown) == 5
    value = weighted.edges["b4", "b5"]["value"][OPERATIONS.index("atrous_5x5")]
    notes = [pill.note for box in found.boxes if box.label == "b5" for pill in box.pills if "atrous" in pill.label]
    assert notes == [f"{value:.2f}"]
    pill = next(pill for box in found.boxes for pill in box.pills if pill.edge == ("b4", "b5"))
    assert (pill.operation, pill.share) == ("atrous_5x5", value)


def test_a_wire_is_straight_inside_columns_and_curved_with_level_ends_between_them():
    wire = cell.Wire(((0.0, 1.0), (1.0, 1.0), (3.0, 5.0), (4.0, 5.0)), link=False)
    assert list(wire.pieces()) == [((1.0, 1.0),), ((2.0, 1.0), (2.0, 5.0), (3.0, 5.0)), ((4.0, 5.0),)]


def test_a_space_that_is_not_yet_searched_shows_how_many_operations_an_edge_has(whole):
    found = cell.compute(whole, "cell")
    shown = {(pill.label, pill.operation, pill.share) for box in found.boxes for pill in box.pills}
    assert shown == {("3 operations", None, None)}


@pytest.mark.parametrize("blocks", [2, 5])
def test_nothing_in_a_cell_with_all_candidates_overlaps(blocks):
    whole = space_graph(1, 1, blocks)
    weighted = with_weights(whole, snapshot(whole))
    found = cell.compute(weighted, "cell", weighted)
    assert len([pill for box in found.boxes for pill in box.pills]) == sum(2 + i for i in range(blocks))
    for one, two in combinations(found.boxes, 2):
        assert abs(one.x - two.x) >= (one.width + two.width) / 2 or abs(one.y - two.y) >= (one.height + two.height) / 2
    assert texts_that_overlap(cell.draw, found, found.size) == []


def cell_of(blocks, output, combine="add"):
    """A cell as NASNet's: of each block two operations, each on a state by its number."""
    graph = nx.MultiDiGraph()
    names = ["h-2", "h-1", *(f"b{number}" for number in range(1, len(blocks) + 1)), "output"]
    for rank, name in enumerate(names):
        kind = "input" if rank < 2 else "output" if name == "output" else "block"
        graph.add_node(name, part="cell", kind=kind, layer=rank, level=0, label=name, combine=combine)
    for name, inputs in zip(names[2:], blocks, strict=False):
        for side, (operation, state) in zip(("left", "right"), inputs, strict=True):
            graph.add_edge(names[state], name, side, kind="operation", operation=operation)
    graph.add_edges_from((names[state], "output", "link", {"kind": "link"}) for state in output)
    return graph


NASNET_A = cell_of(
    [
        (("sep_5x5", 0), ("sep_3x3", 1)),
        (("sep_5x5", 1), ("sep_3x3", 1)),
        (("avg_3x3", 0), ("identity", 1)),
        (("avg_3x3", 1), ("avg_3x3", 1)),
        (("sep_3x3", 0), ("identity", 0)),
    ],
    output=(1, 2, 3, 4, 5, 6),
)
PNASNET_5 = cell_of(
    [
        (("sep_5x5", 0), ("max_3x3", 0)),
        (("sep_7x7", 1), ("max_3x3", 1)),
        (("sep_5x5", 1), ("sep_3x3", 1)),
        (("sep_3x3", 4), ("max_3x3", 1)),
        (("sep_3x3", 0), ("identity", 1)),
    ],
    output=(2, 3, 4, 5, 6),
    combine="concat",
)
"""Sizes of kernels aside, the cells of Zoph et al., 2018, and of Liu et al., 2018."""


@pytest.mark.parametrize("graph", [NASNET_A, PNASNET_5, TinyBlocks().graph()], ids=["nasnet", "pnasnet", "space"])
def test_two_edges_between_the_same_nodes_are_two_lines_with_labels_apart(graph):
    found = cell.compute(graph, "cell")
    assert len(found.wires) == len({wire.points for wire in found.wires}) == graph.number_of_edges()
    pills = [pill for box in found.boxes for pill in box.pills]
    assert {pill.edge for pill in pills} == {edge for edge, data in edges(graph) if data["kind"] == "operation"}
    for one, two in combinations(pills, 2):
        assert abs(one.y - two.y) > 0.25 or one.left + one.width < two.left or two.left + two.width < one.left
    for pill in pills:
        assert any(wire.points[-1][1] == pill.y for wire in found.wires), "each line ends at its label"
    for one, two in combinations(found.boxes, 2):
        assert abs(one.x - two.x) >= (one.width + two.width) / 2 or abs(one.y - two.y) >= (one.height + two.height) / 2
    assert texts_that_overlap(cell.draw, found, found.size) == []


def test_a_block_that_concatenates_says_so_and_one_that_adds_does_not():
    assert next(box.label for box in cell.compute(PNASNET_5, "cell").boxes if box.kind == "block") == "b1, concat"
    assert next(box.label for box in cell.compute(NASNET_A, "cell").boxes if box.kind == "block") == "b1"


def test_rows_of_the_map_name_the_side_where_two_edges_join_the_same_nodes():
    graph = TinyBlocks(TinyBlocks.Options(blocks=1)).graph()
    found = heatmap.of_operations(with_weights(graph, {"operation": np.full((4, 3), 1 / 3)}), "cell")
    assert found.rows == ("h0 → b0, left", "h1 → b0, left", "h0 → b0, right", "h1 → b0, right")


def test_a_chain_without_inputs_and_outputs_is_drawn_as_a_cell():
    graph = nx.DiGraph()
    for node in range(4):
        graph.add_node(f"n{node}", part="cell", kind="block", layer=node, level=0, label=f"n{node}")
    for node in range(3):
        graph.add_edge(f"n{node}", f"n{node + 1}", kind="operation", operations=("rate 1", "rate 2"))
    found = cell.compute(graph, "cell")
    assert [box.label for box in sorted(found.boxes, key=lambda box: box.x)] == ["n0", "n1", "n2", "n3"]


@pytest.mark.parametrize("seed", range(8))
def test_no_wire_runs_under_a_node(seed):
    rng = np.random.default_rng(seed)
    graph = nx.DiGraph()
    graph.add_nodes_from((str(i) for i in range(12)), kind="block")
    graph.add_edges_from((str(a), str(b)) for a, b in combinations(range(12), 2) if rng.random() < 0.3)
    sizes = {node: (1.0, float(rng.uniform(0.3, 1.5))) for node in graph}
    placed = layout.layered(graph, sizes, dict.fromkeys(graph, 0.05), gap=0.1)
    for a, b in graph.edges:
        assert placed.columns[a] < placed.columns[b]
        for (x0, y0), (x1, y1) in list(pairwise(placed.wire((a, b))))[2:-1:2]:
            assert y0 == y1
            inside = [n for n, (x, _) in placed.centres.items() if x0 <= x <= x1]
            assert all(abs(placed.centres[n][1] - y0) > sizes[n][1] / 2 for n in inside)


def events(values: dict[str, list[float]]) -> list[dict]:
    steps = range(len(next(iter(values.values()))))
    return [
        {"event": "step", "phase": "search", "step": i + 1, "metrics": {k: v[i] for k, v in values.items()}}
        for i in steps
    ]


def test_thirty_thousand_steps_are_thinned_to_a_band_around_a_running_mean():
    rng = np.random.default_rng(0)
    loss = np.linspace(3, 1, 30_000) + rng.normal(size=30_000)
    (panel,) = curves.compute(events({"loss": loss.tolist()}), "search")
    (curve,) = panel.curves
    assert len(curve.steps) <= 1000
    assert (curve.low < curve.high).all()
    assert np.abs(curve.smooth - np.interp(curve.steps, np.arange(30_000), np.linspace(3, 1, 30_000))).max() < 0.3


def test_values_that_are_not_finite_leave_a_gap():
    (panel,) = curves.compute(events({"loss": [1.0, float("nan"), float("inf"), 2.0]}), "search")
    assert panel.curves[0].steps.tolist() == [1, 4]


def test_metrics_are_grouped_by_kind_and_fractions_are_shown_in_percent():
    values = {
        "lr": [0.2, 0.1],
        "loss": [2.0, 1.0],
        "arch_loss": [2.0, 1.5],
        "val_miou": [0.1, 0.2],
        "best_score": [0.1, 0.2],
    }
    panels = curves.compute(events(values), "search")
    assert [panel.title for panel in panels] == ["loss", "score", "learning rate"]
    assert [curve.name for curve in panels[0].curves] == ["loss", "arch_loss"]
    assert [panel.percent for panel in panels] == [False, True, False]


def test_a_score_that_repeats_a_named_metric_is_shown_once():
    (panel,) = curves.compute(events({"score": [0.1, 0.2], "miou": [0.1, 0.2]}), "search")
    assert [curve.name for curve in panel.curves] == ["miou"]


def test_metrics_of_unknown_kind_share_a_panel_by_their_first_word():
    values = {"entropy_move": [2.0, 1.0], "entropy_operation": [1.0, 0.5], "peak_memory": [1.0, 2.0]}
    panels = curves.compute(events(values), "search")
    assert [(panel.title, len(panel.curves)) for panel in panels] == [("entropy", 2), ("peak memory", 1)]


def test_a_metric_with_a_single_value_is_no_curve():
    records = [*events({"loss": [2.0, 1.0]}), {"phase": "search", "step": 2, "metrics": {"miou": 0.5}}]
    assert [panel.title for panel in curves.compute(records, "search")] == ["loss"]


def test_a_count_that_never_changes_has_no_panel():
    panels = curves.compute(events({"loss": [2.0, 1.0], "val_frames": [500.0, 500.0]}), "search")
    assert [panel.title for panel in panels] == ["loss"]


def test_another_phase_has_no_curves():
    assert curves.compute(events({"loss": [1.0]}), "retrain") == ()


def test_the_map_of_operations_has_a_row_for_each_edge_and_marks_the_chosen(weighted, chosen):
    found = heatmap.of_operations(weighted, "cell", chosen)
    assert found.values.shape == (20, 3)
    assert found.rows[:3] == ("h-2 → b1", "h-1 → b1", "h-2 → b2")
    assert len(found.marked) == 10
    assert (found.rows.index("b4 → b5"), 2) in found.marked
    assert found.groups == (2, 5, 9, 14)


def test_a_part_without_weights_has_no_map(whole):
    assert heatmap.of_operations(whole, "cell") is None


def test_a_confusion_matrix_becomes_shares_of_its_rows():
    table = {"columns": ["truth", "road", "car", "ignored"], "rows": [["road", 6, 2, 0], ["car", 0, 0, 0]]}
    found = heatmap.of_confusion(table)
    assert found.values[0].tolist() == [0.75, 0.25, 0.0]
    assert np.isnan(found.values[1]).all()
    assert found.columns == ("road", "car", "ignored")


@pytest.mark.parametrize(
    "table",
    [
        {"columns": ["class", "IoU"], "rows": [["road", 0.5], ["car", 0.25]]},
        {"columns": ["truth", "road", "car"], "rows": [["road", 1, 2]]},
        {"columns": ["truth", "road", "car"], "rows": [["road", 1, None], ["car", 0, 1]]},
        {"columns": [], "rows": []},
    ],
)
def test_any_other_table_is_no_confusion_matrix(table):
    assert heatmap.of_confusion(table) is None


@pytest.mark.parametrize("classes", [2, 30, 70])
def test_matrices_of_any_size_are_drawn(classes, tmp_path):
    names = [f"class {i}" for i in range(classes)]
    rows = [[name, *(int(i == j) for j in range(classes))] for i, name in enumerate(names)]
    found = heatmap.of_confusion({"columns": ["truth", *names], "rows": rows})
    with save_figure(tmp_path / "matrix.svg", *found.size) as (axes,):
        heatmap.draw(found, axes)
    assert (tmp_path / "matrix.svg").stat().st_size < 500_000


def test_entropy_falls_from_one_to_zero_as_weights_become_decided(whole):
    sharp = {name: (array == array.max(-1, keepdims=True)).astype(float) for name, array in snapshot(whole).items()}
    series = [(0, with_weights(whole, snapshot(whole, 0.0))), (10, with_weights(whole, sharp))]
    entropy, means = weights.compute(series)
    assert entropy.steps == (0, 10)
    lines = dict(entropy.lines)
    assert lines["operations (cell)"] == pytest.approx([1, 0])
    assert lines["moves"] == pytest.approx([1, 0])
    assert [name for name, _ in means.lines] == list(OPERATIONS)
    assert sum(values for _, values in means.lines) == pytest.approx([1, 1])


def test_weights_that_are_not_numbers_have_no_entropy(whole):
    broken = {name: np.full_like(array, np.nan) for name, array in snapshot(whole).items()}
    entropy, _ = weights.compute([(0, with_weights(whole, broken))])
    assert all(np.isnan(values).all() for _, values in entropy.lines)


def test_rows_with_nothing_to_decide_do_not_count_in_the_mean_entropy():
    none = np.nan
    rows = [[[0.5, 0.5, none], [1.0, none, none], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]], [[none] * 3] * 4]
    assert mean_entropy(np.array(rows)) == pytest.approx([0.5, none], nan_ok=True)


def test_an_operation_weighs_what_it_does_on_the_edges_that_offer_it():
    graph = nx.DiGraph()
    graph.add_nodes_from("abc", part="cell", layer=0)
    graph.add_edge("a", "c", kind="operation", operations=("x", "y"), value=(0.25, 0.75))
    graph.add_edge("b", "c", kind="operation", operations=("y",), value=(1.0,))
    found = operations.compute([graph], "cell")
    assert (found.edges, found.names) == ((("a", "c"), ("b", "c")), ("x", "y"))
    assert found.means() == pytest.approx(np.array([[0.25, 0.875]]))
    assert heatmap.of_operations(graph, "cell").values == pytest.approx(found.weights[0], nan_ok=True)


def test_moves_that_fork_and_those_that_do_not_are_told_apart():
    graph = nx.DiGraph()
    graph.add_nodes_from("abcd", part="network", kind="state", layer=0)
    graph.add_weighted_edges_from([("a", "b", 0.5), ("a", "c", 0.5), ("b", "d", 1.0)], weight="value", kind="move")
    ((name, values),) = weights.compute([(0, graph)])[0].lines
    assert (name, values) == ("moves", pytest.approx([1.0]))
    graph.remove_edge("a", "c")
    assert weights.compute([(0, graph)]) == ()


def test_no_snapshots_give_no_panels():
    assert weights.compute([]) == ()


def test_the_same_picture_is_written_as_the_same_bytes(tmp_path, weighted, chosen):
    found = trellis.compute(weighted, chosen)
    for name in ("one.svg", "two.svg"):
        with save_figure(tmp_path / name, *found.size) as (axes,):
            trellis.draw(found, axes)
    one, two = ((tmp_path / name).read_bytes() for name in ("one.svg", "two.svg"))
    assert one == two
    assert b"<dc:date>" not in one
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.svg", "two.svg"]


def test_a_drawing_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "figure.svg"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), save_figure(path, 1, 1):
        raise ZeroDivisionError
    assert path.read_text() == "old"


def test_saving_leaves_matplotlib_as_it_was(tmp_path):
    before = dict(matplotlib.rcParams)
    with save_figure(tmp_path / "figure.png", 1, 1) as (axes,):
        axes.plot([0, 1])
    assert dict(matplotlib.rcParams) == before


def test_the_first_names_have_colours_of_their_own_and_later_ones_another_dash():
    names = [f"operation {i}" for i in range(12)]
    colour, dash = palette.colours(names), palette.dashes(names)
    assert len({colour[name] for name in names[:8]}) == 8
    assert len({(colour[name], str(dash[name])) for name in names}) == 12


def test_names_are_made_readable():
    assert readable("sep_3x3") == "sep 3×3"
    assert readable("max_pool") == "max pool"
    assert readable("val_miou") == "val mIoU"


def test_longer_texts_are_wider_and_blanks_have_no_width():
    assert text_width("", 8) == text_width(" ", 8) == 0
    assert 0 < text_width("b1", 8) < text_width("atrous 5×5", 8)


def test_importing_the_pictures_loads_neither_torch_nor_pyplot():
    modules = "trellis, cell, curves, heatmap, operations, weights, layout, palette, canvas"
    heavy = "'torch' in sys.modules, 'matplotlib.pyplot' in sys.modules"
    code = f"import sys; from nasframe.plot import {modules}; print({heavy})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "False"]

"""What the page is made of: markup, frames, the rule of collapse, charts, pictures."""

import json
import math
import re
from itertools import pairwise

import matplotlib.image
import networkx as nx
import numpy as np
import pytest

from nasframe.plot.operations import Operations
from nasframe.report.html import chart, collapse, frames, images
from nasframe.report.html.chart import Chart, ChartLine
from nasframe.report.html.markup import Markup, data_script, joined, tag, with_code


def operations(*rows, names=("sep", "skip", "zero")):
    """One edge whose weights are the rows, one a snapshot."""
    return Operations((("a", "b"),), names, np.array(rows, dtype=np.float64)[:, None, :], ("skip",), ("zero",))


def genotype(*chosen):
    graph = nx.MultiDiGraph(skips=("skip", "identity"))
    graph.add_nodes_from("ab", part="cell")
    for op in chosen:
        graph.add_edge("a", "b", operation=op)
    return graph


def test_text_is_escaped_and_markup_is_not():
    assert tag("p", "a<b", tag("b", "&"), title='"x"') == '<p title="&#34;x&#34;">a&lt;b<b>&amp;</b></p>'
    assert joined(["a", None, ["<", Markup("<br>")]]) == "a&lt;<br>"


def test_an_attribute_is_left_out_bare_or_written():
    assert tag("input", hidden=True, disabled=False, max=None, aria_label="x", for_="y", step=0.5) == (
        '<input hidden aria-label="x" for="y" step="0.5">'
    )


def test_control_characters_do_not_reach_the_page():
    assert tag("p", "a\x00\x1b\ud800b\n") == "<p>a���b\n</p>"


@pytest.mark.parametrize("text", ["</script>", "<!--", "]]>", "\u2028", "&lt;", "\ud800"])
def test_data_in_a_script_cannot_end_it_and_comes_back_equal(text):
    script = data_script("x", {"a": [text, math.nan, 1.5]})
    inner = re.fullmatch(r'<script type="application/json" id="x">(.*)</script>', script)[1]
    assert not re.search("[<>&]|[^ -~]", inner)
    assert json.loads(inner) == {"a": [text, None, 1.5]}


def test_backticks_are_code():
    assert with_code("the file `a<b` is not there") == "the file <code>a&lt;b</code> is not there"


def test_snapshots_are_spread_evenly_with_the_first_and_the_last():
    graph = nx.DiGraph()
    graph.add_nodes_from("ab", part="cell", layer=0)
    graph.add_edge("a", "b", kind="operation", operations=("x", "y"), value=(0.5, 0.5))
    found = frames.compute([(step, graph) for step in range(1001)])
    assert len(found.steps) == 100 and found.steps[0] == 0 and found.steps[-1] == 1000
    assert {b - a for a, b in pairwise(found.steps)} <= {10, 11}


def test_no_weights_are_no_frames():
    graph = nx.DiGraph()
    graph.add_edge("a", "b", kind="move")
    assert frames.compute([]) is None and frames.compute([(0, graph)]) is None


def test_shares_count_skip_against_what_zero_leaves():
    found = collapse.shares(operations([0.3, 0.1, 0.6], [0.2, 0.6, 0.2]))
    assert found.skip == pytest.approx([0.1, 0.6]) and found.zero == pytest.approx([0.6, 0.2])
    assert found.skip_of_rest == pytest.approx([0.25, 0.75])
    assert found.won.tolist() == [0.0, 1.0]


def test_a_graph_says_which_operations_compute_nothing():
    graph = nx.DiGraph(skips=("through",), zeros=("cut",))
    graph.add_nodes_from("ab", part="cell", layer=0)
    graph.add_edge("a", "b", kind="operation", operations=("conv", "through", "cut"), value=(0.5, 0.25, 0.25))
    (cell,) = frames.compute([(0, graph)]).cells.values()
    assert (cell.skips, cell.zeros) == (("through",), ("cut",))
    assert collapse.shares(cell).skip_of_rest == pytest.approx([1 / 3])


@pytest.mark.parametrize("attributes", [{}, {"skips": "skip", "zeros": None}])
def test_a_graph_that_does_not_say_it_is_not_judged_by_names(attributes):
    graph = nx.DiGraph(**attributes)
    graph.add_nodes_from("ab", part="cell", layer=0)
    graph.add_edge("a", "b", kind="operation", operations=("skip", "zero"), value=(0.9, 0.1))
    (cell,) = frames.compute([(0, graph)]).cells.values()
    assert collapse.shares(cell) is None


def test_operations_of_other_names_are_not_judged():
    assert collapse.shares(operations([0.5, 0.5], names=("rate 1", "rate 2"))) is None


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([[0.6, 0.3, 0.1], [0.5, 0.5, 0.0]], []),
        ([[0.6, 0.3, 0.1], [0.3, 0.6, 0.1], [0.2, 0.7, 0.1]], ["more than half since step 10"]),
        ([[0.3, 0.6, 0.1], [0.6, 0.3, 0.1]], []),
        (
            [[0.1, 0.3, 0.6], [0.2, 0.1, 0.7]],
            ["zero holds 70% of the mixing weight, more than half from the beginning"],
        ),
    ],
)
def test_a_collapse_is_what_lasts_to_the_end(rows, said):
    found = operations(*rows)
    warnings = collapse.warnings("cell", [0, 10, 20], collapse.shares(found), None)
    assert len(warnings) == len(said) and all(text in warning for text, warning in zip(said, warnings, strict=True))


def test_a_genotype_of_skips_is_warned_of_only_where_weights_led_to_it():
    found = collapse.shares(operations([0.4, 0.2, 0.4]))
    (said,) = collapse.warnings("cell", [0], found, genotype("skip", "identity", "sep"))
    assert "2 of the genotype's 3 operations are skip connections" in said
    assert collapse.warnings("cell", [0], found, genotype("skip", "sep")) == []
    assert collapse.warnings("cell", [], None, genotype("skip", "identity", "sep")) == []


def test_a_chart_breaks_its_line_where_there_is_no_value_and_tells_its_numbers():
    line = ChartLine("loss", np.arange(4.0), np.array([3.0, np.nan, 1.0, 2.0]))
    drawn = chart.figure(Chart("loss", (line,)))
    (path,) = re.findall(r'<path d="([^"]*)" class="line c0 d0"></path><g', drawn)
    assert path.count("M") == 2 and path.count("L") == 1
    assert re.search(r'scope="row">loss</th><td class="number">3</td><td class="number">2</td>', drawn)


@pytest.mark.parametrize("values", [[1.0], [5.0, 5.0], [0.0, 0.0], [np.nan, np.nan], [-1e-9, 1e12]])
def test_a_chart_is_drawn_whatever_the_values(values):
    drawn = chart.figure(Chart("x", (ChartLine("x", np.arange(float(len(values))), np.array(values)),)))
    assert "nan" not in drawn and "inf" not in drawn


def test_no_two_lines_look_the_same():
    lines = tuple(ChartLine(f"op {i}", np.arange(30.0), np.full(30, i / 10)) for i in range(8))
    looks = re.findall(r'class="line (c\d d\d)"', chart.figure(Chart("x", lines)))
    assert len(looks) == 16 and len(set(looks)) == 8


def test_the_names_of_lines_that_end_together_do_not_overlap():
    lines = tuple(ChartLine(f"op {i}", np.arange(30.0), np.full(30, 0.5)) for i in range(8))
    heights = sorted(float(y) for y in re.findall(r'y="([\d.]+)" class="name"', chart.figure(Chart("x", lines))))
    assert min(b - a for a, b in pairwise(heights)) >= 14


def test_a_picture_that_is_too_large_is_made_smaller_by_whole_pixels(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (120, 200, 3), dtype=np.uint8)
    matplotlib.image.imsave(tmp_path / "noise.png", noise)
    found = images.embedded([tmp_path / "noise.png"], 40_000)
    ((_, address),) = found.found
    assert len(address) <= 40_000
    assert (
        found.said[0].startswith("`retrain/pictures/noise.png` is shown 2 times smaller") or "3 times" in found.said[0]
    )


def test_no_more_than_a_dozen_pictures_are_shown(tmp_path):
    for i in range(14):
        matplotlib.image.imsave(tmp_path / f"{i:02}.png", np.zeros((2, 2, 3), dtype=np.uint8))
    found = images.embedded(sorted(tmp_path.glob("*.png")), 100_000)
    assert len(found.found) == 12 and found.said == (
        "Only the first 12 of the 14 pictures in `retrain/pictures` are shown",
    )


def test_where_there_is_no_room_a_picture_is_named_instead(tmp_path):
    matplotlib.image.imsave(tmp_path / "x.png", np.zeros((4, 4, 3), dtype=np.uint8))
    found = images.embedded([tmp_path / "x.png"], 0)
    assert found.found == () and "is too large for this page" in found.said[0]

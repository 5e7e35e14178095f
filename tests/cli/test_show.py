"""``nasframe show``: text that says what was chosen, pictures and graph files."""

import networkx as nx
import numpy as np
import pytest

from nasframe.files.graphs import load
from nasframe.genotype import sample, trace
from nasframe.plot import terminal, trellis
from nasframe.plot.terminal import ASCII, UNICODE, glyphs_for

BEST = """\
stride       1   2   3
     4   ■   ·   ·   ·
           ╲
     8       ●   ·   ·
               ╲
    16           ●───●
"""
BEST_ASCII = """\
stride       1   2   3
     4   #   .   .   .
           \\
     8       @   .   .
               \\
    16           @---@
"""


def test_a_published_genotype_is_shown_as_text(invoke):
    result = invoke("show", "stairs-best")
    assert result.exit_code == 0
    assert result.stdout.startswith("stairs-best, of space stairs\n")
    assert BEST in result.stdout
    assert "cell\n  b1 = conv_3x3(b) + conv_3x3(c)\n" in result.stdout


def test_ascii_is_enough_where_the_output_has_nothing_else(stairs):
    genotype = trace(stairs, lambda name, options: options[-1])
    found = trellis.compute(stairs.graph(), stairs.graph(genotype))
    assert "\n".join(terminal.trellis_lines(found, ASCII)) + "\n" == BEST_ASCII
    assert glyphs_for("utf-8") is UNICODE
    assert glyphs_for("ascii") is glyphs_for("latin-1") is glyphs_for(None) is glyphs_for("no-such") is ASCII


def test_every_path_is_drawn_through_its_places(stairs):
    for seed in range(30):
        genotype = sample(stairs, np.random.default_rng(seed))
        found = trellis.compute(stairs.graph(), stairs.graph(genotype))
        lines = [line.ljust(30)[9:] for line in terminal.trellis_lines(found, UNICODE)[1:]]
        for layer in (1, 2, 3):
            column = [lines[2 * level][4 * layer] for level in range(3)]
            assert column.index("●") == genotype[f"path/l{layer}"]
            assert column.count("●") == 1


def test_an_option_may_be_overridden(invoke):
    result = invoke("show", "stairs-best", "--set", "width=0.5")
    assert (result.exit_code, "expected" in result.stderr) == (2, True)
    assert invoke("show", "stairs-best", "--set", "width=8").exit_code == 0
    longer = invoke("show", "stairs-best", "--set", "layers=4")
    assert (longer.exit_code, "path/l4" in longer.stderr) == (2, True)


def test_a_genotype_file_is_shown(invoke, searched):
    folder = searched()
    assert "of space stairs" in invoke("show", folder / "genotype.yaml").stdout


def test_a_run_is_shown_with_the_weights_of_its_path(invoke, searched):
    result = invoke("show", searched())
    assert "what it found; weights of step 2" in result.stdout
    weights = next(line for line in result.stdout.splitlines() if line.startswith("weight"))
    assert len(weights.split()) == 4
    assert all(0 < float(weight) < 1 for weight in weights.split()[1:])
    assert "of the paths or more" in result.stdout


def test_a_run_that_has_found_nothing_yet_shows_what_is_favoured(invoke, searched, make_run):
    from nasframe.runfolder.reading import read_snapshot

    finished = searched("finished")
    young = make_run("young", snapshots={2: read_snapshot(finished)[1]}, state="searching")
    told, found = invoke("show", young).stdout, invoke("show", finished).stdout
    assert "favoured so far; weights of step 2" in told
    drawn, decisions = found.split("\n\ndecisions\n")
    assert told.splitlines()[1:] == drawn.splitlines()[1:]
    assert len(decisions.splitlines()) == 6, "all decisions of what is found are listed"


def test_a_run_without_weights_shows_its_space_or_what_it_found(invoke, make_run, stairs):
    told = invoke("show", make_run("young", state="searching")).stdout
    assert "the whole space; nothing is found or weighed yet" in told
    assert "●" not in told.replace("● chosen", "")
    assert "b1: one of 3 operations on each of a, b, c" in told
    genotype = trace(stairs, lambda name, options: options[-1])
    assert BEST in invoke("show", make_run("drawn", genotype)).stdout


def test_pictures_are_written_for_the_trellis_and_each_cell(invoke, searched, tmp_path):
    result = invoke("show", searched(), "--svg", "pictures/a.svg", "--png", "a.png")
    assert result.exit_code == 0
    written = {line.removeprefix("Wrote ") for line in result.stdout.splitlines() if line.startswith("Wrote")}
    assert written == {"pictures/a.svg", "pictures/a-cell.svg", "a.png", "a-cell.png"}
    assert all((tmp_path / name).stat().st_size > 2000 for name in written)


def test_the_graph_of_an_architecture_is_written_and_read_back(invoke, stairs):
    genotype = trace(stairs, lambda name, options: options[-1])
    assert invoke("show", "stairs-best", "--dot", "a.dot", "--graphml", "a.graphml", "--json", "a.json").exit_code == 0
    for name in ("a.dot", "a.graphml", "a.json"):
        assert nx.utils.graphs_equal(load(name), stairs.graph(genotype))


def test_the_graph_of_a_run_holds_weights_and_what_was_chosen(invoke, searched, stairs):
    assert invoke("show", searched(), "--json", "run.json").exit_code == 0
    graph = load("run.json")
    assert set(graph) == set(stairs.graph())
    chosen = [edge for edge, is_chosen in nx.get_edge_attributes(graph, "chosen").items() if is_chosen]
    assert len(chosen) == 3 + 2
    assert all("value" in data for _, _, data in graph.edges(data=True))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone"], "no genotype is called 'gone'"),
        (["stairs-best", "--svg", "a.png"], "expected a file name that ends in .svg"),
        (["stairs-best", "--dot", "a.json"], "expected a file name that ends in .dot"),
        (["."], "is no run folder"),
    ],
)
def test_what_is_given_wrong_is_said(invoke, arguments, message):
    result = invoke("show", *arguments)
    assert (result.exit_code, message in " ".join(result.stderr.split())) == (2, True), result.stderr


def test_overrides_of_a_run_are_refused(invoke, searched):
    assert "--set is for a genotype's space" in invoke("show", searched(), "--set", "width=3").stderr

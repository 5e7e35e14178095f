"""A block that takes the same input twice, on its way through all that reads graphs."""

import json
import re
import sys

import networkx as nx
import numpy as np
import pytest
from stairs_runs import Stairs

from nasframe.files import genotypes
from nasframe.files.graphs import load
from nasframe.genotype import trace
from nasframe.report import write_report
from nasframe.report.html import page
from nasframe.report.record import read
from nasframe.runfolder.reading import read_snapshot
from nasframe.testing.tiny_blocks import TinyBlocks

SPACE = TinyBlocks()
ANSWERS = {
    "b0/left/input": "h0",
    "b0/left/operation": "tanh",
    "b0/right/input": "h0",
    "b0/right/operation": "softplus",
    "b0/combine": "add",
    "b1/left/input": "h0",
    "b1/left/operation": "identity",
    "b1/right/input": "b0",
    "b1/right/operation": "identity",
    "b1/combine": "concat",
}
LEFT, RIGHT = ("cell/h0", "cell/b0", "left"), ("cell/h0", "cell/b0", "right")


def genotype(**changes):
    answers = {**ANSWERS, **{key.replace("_", "/"): answer for key, answer in changes.items()}}
    return trace(SPACE, lambda name, options: answers[name])


def favouring(answers):
    """Mixing weights whose strongest operation of each side is the answers', on their input."""
    rows = []
    for before, block, side in SPACE.edges():
        wanted = answers[f"{block}/{side}/operation"]
        strong = 0.8 if answers[f"{block}/{side}/input"] == before else 0.5
        rows.append([strong if name == wanted else (1 - strong) / 2 for name in ("identity", "tanh", "softplus")])
    return {"operation": np.array(rows)}


@pytest.fixture
def run(make_run):
    return make_run("run", genotype(), {1: favouring(ANSWERS), 2: favouring(ANSWERS)}, space=SPACE)


def test_it_is_shown_as_text_and_written_with_both_edges(invoke, run):
    result = invoke("show", run, "--dot", "a.dot", "--graphml", "a.graphml", "--json", "a.json", "--svg", "a.svg")
    assert result.exit_code == 0, result.output
    assert "  b0 = tanh(h0) + softplus(h0)\n" in result.stdout
    assert "  b1 = [identity(h0), identity(b0)]\n" in result.stdout
    assert "  output = [h1, b1]\n" in result.stdout
    for name in ("a.dot", "a.graphml", "a.json"):
        graph = load(name)
        assert [graph.edges[edge]["operation"] for edge in (LEFT, RIGHT)] == ["tanh", "softplus"]
        assert graph.edges[LEFT]["value"] == pytest.approx((0.1, 0.8, 0.1))
        assert not graph.edges["cell/h1", "cell/b0", "left"].get("chosen")


def test_what_is_favoured_before_anything_is_found_has_both_edges(invoke, make_run):
    young = make_run("young", snapshots={2: favouring(ANSWERS)}, state="searching", space=SPACE)
    assert "  b0 = tanh(h0) + softplus(h0)\n" in invoke("show", young).stdout


def test_its_weights_are_decoded_and_derived_to_the_genotype(invoke, run):
    found = json.loads(invoke("derive", run, "--format", "json").stdout)
    kept = found["cells"]["cell"][0]["edges"]
    assert [(edge["before"], edge["key"], edge["operation"]) for edge in kept] == [
        ("cell/h0", "left", "tanh"),
        ("cell/h0", "right", "softplus"),
    ]
    result = invoke("derive", run, "--output", "derived.yaml")
    assert result.exit_code == 0, result.output
    assert re.search(r"h0, left +│ tanh", result.stdout) and re.search(r"h0, right +│ softplus", result.stdout)
    assert genotypes.read("derived.yaml").genotype == genotype(b1_combine="add")


def test_two_architectures_that_differ_in_which_side_is_left_are_the_same(invoke, run, make_run):
    mirrored = {"b0_left_operation": "softplus", "b0_right_operation": "tanh"}
    one, other = (
        make_run("mirrored", genotype(**mirrored), space=SPACE),
        make_run("other", genotype(b0_right_operation="tanh"), space=SPACE),
    )
    pairs = json.loads(invoke("compare", run, one, other, "--format", "json").stdout)["pairs"]
    assert [(pair["edges"], pair["same"], pair["all_edges"]) for pair in pairs] == [(4, 4, 4), (4, 3, 4), (4, 3, 4)]
    assert [pair["decisions"] for pair in pairs] == [2, 1, 1]


def test_the_report_draws_two_lines_and_says_what_was_found(run):
    write_report(run)
    text, html = (run / "report.md").read_text(), (run / "report.html").read_text()
    assert "| b0 | h0 | `tanh` | h0 | `softplus` |" in text and "| b1, concat |" in text
    assert "The output concatenates h1, b1." in text and "The output concatenates h1, b1." in html
    picture = html[html.index("<svg viewBox") :]
    wires = re.findall(r'<path d="([^"]+)" class="wire"', picture)
    assert len(wires) == len(set(wires)) == 10, "a line for each edge, and none on top of another"
    assert "h0 → b0, left" in html and "h0 → b0, right" in html
    assert html.count("kept") >= 4 and "(chosen)" in html


class Keyed(Stairs):
    """The same space, whose edges have keys that say nothing."""

    def graph(self, genotype=None):
        plain = super().graph(genotype)
        graph = nx.MultiDiGraph(**plain.graph)
        graph.add_nodes_from(plain.nodes(data=True))
        graph.add_edges_from((before, node, "only", data) for before, node, data in plain.edges(data=True))
        return graph

    def priced_trellis(self, genotype, task, measure):
        return Stairs(self.options).priced_trellis(genotype, task, measure)


def told(invoke, folder):
    """All that is said of a run with a trellis, in words."""
    commands = [("show", folder), ("derive", folder, "--k", 3, "--max", "macs=100000")]
    results = [invoke(*command) for command in commands]
    derived = json.loads(invoke("derive", folder, "--format", "json", "--output", folder / "derived.yaml").stdout)
    for block in derived["cells"]["cell"]:
        assert {edge.pop("key") for edge in block["edges"]} <= {None, "only"}
    assert all(result.exit_code == 0 for result in results), [result.output for result in results]
    written = (folder / "derived.yaml").read_text()
    return [*(result.stdout for result in results), json.dumps(derived), written, page(read(folder))]


def test_a_graph_whose_keys_say_nothing_is_read_as_one_without(invoke, searched, make_run, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1e9)
    plain = searched("run")
    expected = told(invoke, plain)
    plain.rename(plain.with_name("plain"))
    monkeypatch.setattr(sys.modules["parts_of_looking"], "Stairs", Keyed)
    genotype = genotypes.read(plain.with_name("plain") / "genotype.yaml").genotype
    snapshots = {step: read_snapshot(plain.with_name("plain"), step)[1] for step in (1, 2)}
    assert told(invoke, make_run("run", genotype, snapshots, space=Keyed())) == expected

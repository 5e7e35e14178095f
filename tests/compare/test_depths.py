"""Runs whose networks differ in depth, or are no one path: compared, and told of in a report."""

import networkx as nx
import pytest

import nasframe
from nasframe.compare import compare
from nasframe.genotype import trace
from nasframe.report import facts, text
from nasframe.report.figures import Figures
from nasframe.report.record import read


class Valley(nasframe.SearchSpace):
    """Down and up again, once or twice, with or without a connection across."""

    name = "valley"

    def decide(self, choose):
        choose("depth", (1, 2))
        choose("across", (True, False))

    def build(self, genotype, task):
        raise NotImplementedError

    def graph(self, genotype=None):
        graph = nx.DiGraph()
        for layer, (node, level) in enumerate({"a": 0, "b": 1, "c": 2, "d": 1, "e": 0}.items(), 1):
            graph.add_node(node, part="network", kind="state", layer=layer, level=level, label=node)
        graph.add_edges_from([("b", "c"), ("b", "e")], kind="move")
        graph.add_edges_from([("a", "b"), ("c", "d"), ("d", "e")], kind="link")
        graph.add_edge("a", "e", kind="optional", label="bridge")
        if genotype is not None:
            graph.remove_nodes_from("cd" if genotype["depth"] == 1 else ())
            graph.remove_edges_from([("b", "e")] if genotype["depth"] == 2 else [])
            graph.remove_edges_from([] if genotype["across"] else [("a", "e")])
        return graph


@pytest.fixture
def of(make_run):
    def of(name, depth, across):
        genotype = trace(Valley(), lambda asked, _: {"depth": depth, "across": across}[asked])
        return read(make_run(name, genotype, space=Valley()))

    return of


def test_networks_of_different_depth_are_compared_by_their_connections(of, tmp_path):
    records = [of("short", 1, True), of("long", 2, True)]
    found = compare(records)
    (pair,) = found.pairs
    assert pair.path is None
    assert (pair.connections, pair.all_connections, pair.decisions) == (2, 6, 1)
    assert [run.labels for run in found.runs] == [("a", "b", "e"), ("a", "b", "c", "d", "e")]
    assert found.on_trellis == ("short", "long")
    nasframe.compare.write(found, records, tmp_path / "out")
    assert (tmp_path / "out/paths.svg").stat().st_size > 2000


def test_a_report_says_what_is_beside_a_path_and_lists_all_decisions(of):
    said = "\n".join(text.what_was_found(of("run", 2, True), Figures(trellis="trellis.svg")))
    assert "Path: a → b → c → d → e." in said
    assert "Beside the path: 1 bridge a → e." in said
    assert "| depth | 2 |" in said and "| across | true |" in said


def test_a_network_of_parallel_streams_is_called_no_path():
    graph = Valley().graph().edge_subgraph([("a", "b"), ("b", "c"), ("a", "e")]).copy()
    assert facts.path_labels(graph) is None
    assert facts.beside_path(graph) == "The network is no single path: 4 places, 3 connections."

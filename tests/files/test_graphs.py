import math
import subprocess
import sys

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasframe.errors import GraphError
from nasframe.files.graphs import from_dot, from_graphml, load, save, to_dot, to_graphml
from nasframe.graph import edges

ANY_TEXT = st.text(st.characters(), max_size=8)  # control characters and lone surrogates, too
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ANY_TEXT
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(ANY_TEXT | st.integers(), inner, max_size=2)
    ),
    max_leaves=5,
)
ATTRIBUTES = st.dictionaries(ANY_TEXT, VALUES, max_size=3)
DIALECTS = [(to_graphml, from_graphml), (to_dot, from_dot)]
ENDINGS = [".json", ".graphml", ".dot"]


@st.composite
def graphs(draw):
    keyed = draw(st.booleans())
    graph = nx.MultiDiGraph() if keyed else nx.DiGraph()
    graph.graph.update(draw(ATTRIBUTES))
    nodes = draw(st.lists(ANY_TEXT, max_size=4, unique=True))
    for node in nodes:
        graph.add_nodes_from([(node, draw(ATTRIBUTES))])
    if nodes:
        for before, after in draw(st.lists(st.tuples(st.sampled_from(nodes), st.sampled_from(nodes)), max_size=5)):
            key = [draw(ANY_TEXT)] if keyed else []
            graph.add_edges_from([(before, after, *key, draw(ATTRIBUTES))])
    return graph


@pytest.fixture
def graph():
    graph = nx.DiGraph(space='a "quoted" \\ name', size=(33, 65))
    graph.add_node("stem", part="network", kind="stem", layer=0, level=0, label="stem\nüber 4×")
    graph.add_node("l1/s4", part="network", kind="state", layer=1, level=0, label="")
    graph.add_node("c0", part="cell", kind="input", layer=0, level=0, label="<H & co>")
    graph.add_node("c1", part="cell", kind="block", layer=1, level=0, label=" \t ")
    graph.add_edge("stem", "l1/s4", kind="move", weight=("move", 0, 1), value=0.1 + 0.2)
    graph.add_edge("c0", "c1", kind="operation", operations=("a", "b"), value=(1 / 3, 5e-324))
    return graph


def same(found, expected):
    """Equal with equal types, and in the same order."""
    return (
        type(found) is type(expected)
        and repr(found.graph) == repr(expected.graph)
        and repr(list(found.nodes(data=True))) == repr(list(expected.nodes(data=True)))
        and repr(list(edges(found))) == repr(list(edges(expected)))
    )


@pytest.mark.parametrize(("write", "read"), DIALECTS)
@settings(max_examples=100, deadline=None)
@given(graph=graphs())
def test_any_graph_of_plain_values_comes_back_as_it_was(write, read, graph):
    text = write(graph)
    assert same(read(text), graph)
    text.encode("utf-8")


@pytest.fixture
def keyed(graph):
    """The same with two edges between two nodes of the cell."""
    keyed = nx.MultiDiGraph()
    keyed.graph.update(graph.graph)
    keyed.add_nodes_from(graph.nodes(data=True))
    keyed.add_edges_from((a, b, "left", data) for a, b, data in graph.edges(data=True))
    keyed.add_edge("c0", "c1", 'ri"ght', kind="operation", operations=("a", "b"), operation="b")
    return keyed


@pytest.mark.parametrize("ending", ENDINGS)
def test_two_edges_between_the_same_nodes_are_saved_and_loaded_with_their_keys(keyed, tmp_path, ending):
    save(keyed, tmp_path / f"graph{ending}")
    assert same(load(tmp_path / f"graph{ending}"), keyed)
    empty = nx.MultiDiGraph()
    save(empty, tmp_path / f"empty{ending}")
    assert type(load(tmp_path / f"empty{ending}")) is nx.MultiDiGraph


def test_other_programs_find_both_edges_in_graphml_and_their_keys_in_dot(keyed):
    assert nx.parse_graphml(to_graphml(keyed)).number_of_edges("c0", "c1") == 2
    assert r'  "c0" -> "c1" [key="ri\"ght", label="b", nasframe=' in to_dot(keyed)


@pytest.mark.parametrize(("write", "read"), DIALECTS)
def test_an_edge_without_the_key_that_the_others_have_is_refused(keyed, write, read):
    text = write(keyed)
    for whole, broken in (("<desc>left</desc>", ""), ('key="left", ', "")):
        if whole in text:
            with pytest.raises(ValueError, match=r"no key|without a key"):
                read(text.replace(whole, broken))


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_saved_graph_is_loaded_equal(graph, tmp_path, ending):
    save(graph, tmp_path / f"graph{ending}")
    assert same(load(tmp_path / f"graph{ending}"), graph)


def test_graphml_gives_numbers_and_strings_its_own_types_for_other_programs(graph):
    read = nx.parse_graphml(to_graphml(graph))
    assert read.nodes["l1/s4"]["layer"] == 1
    assert read.nodes["c0"]["label"] == "<H & co>"
    assert read.graph["space"] == graph.graph["space"]
    del graph.edges["c0", "c1"]["value"]
    assert nx.parse_graphml(to_graphml(graph)).edges["stem", "l1/s4"]["value"] == 0.1 + 0.2


def test_dot_shows_a_label_for_every_node_that_has_one(graph):
    text = to_dot(graph)
    assert '  "c0" [label="<H & co>", nasframe=' in text
    assert '  "stem" -> "l1/s4" [nasframe=' in text


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_would_not_come_back_is_refused(graph, tmp_path, ending):
    graph.nodes["c0"]["bad"] = math.nan
    with pytest.raises(GraphError):
        save(graph, tmp_path / f"graph{ending}")
    graph.nodes["c0"]["bad"] = object()
    with pytest.raises(GraphError, match="object"):
        save(graph, tmp_path / f"graph{ending}")
    assert not list(tmp_path.iterdir())


def test_json_refuses_the_lists_that_it_would_turn_into_tuples(graph, tmp_path):
    graph.nodes["c0"]["bad"] = [1]
    with pytest.raises(GraphError, match="would not be read back equal"):
        save(graph, tmp_path / "graph.json")
    save(graph, tmp_path / "graph.dot")


@pytest.mark.parametrize("write", [to_graphml, to_dot])
def test_only_directed_graphs_with_names_that_are_strings_are_written(write):
    with pytest.raises(GraphError, match="this is a MultiGraph"):
        write(nx.MultiGraph())
    with pytest.raises(GraphError, match="found 1"):
        write(nx.DiGraph([(1, 2)]))
    with pytest.raises(GraphError, match="found 0"):
        write(nx.MultiDiGraph([("a", "b")]))


def test_an_unknown_ending_is_refused_with_the_known_ones(graph, tmp_path):
    with pytest.raises(GraphError, match=r"\.json, \.graphml, \.dot.*'\.png'"):
        save(graph, tmp_path / "graph.png")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", "{"),
        ("a.json", "{}"),
        ("a.json", "[]"),
        ("a.graphml", "<graphml"),
        ("a.graphml", "<graphml/>"),
        ("a.graphml", '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key/><graph/></graphml>'),
        ("a.dot", "digraph {\n  a -> b;\n}\n"),
        ("a.dot", 'digraph {\n  "a" [nasframe="3"];\n}\n'),
        ("a.dot", 'digraph {\n  "a" [nasframe="{"];\n}\n'),
    ],
)
def test_a_file_of_another_dialect_is_refused_by_its_name(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(GraphError, match=name):
        load(tmp_path / name)


def test_graph_files_and_decoders_import_without_torch_and_matplotlib():
    code = "import sys, nasframe.decode, nasframe.files.graphs; assert not {'torch', 'matplotlib'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_that_is_missing_or_a_folder_is_refused(tmp_path, ending):
    (tmp_path / f"folder{ending}").mkdir()
    for name in (f"gone{ending}", f"folder{ending}", "a" * 300 + ending):
        with pytest.raises(GraphError, match="cannot be read: "):
            load(tmp_path / name)


@pytest.mark.parametrize("ending", [".graphml", ".dot"])
def test_a_node_that_stands_twice_and_an_edge_without_its_nodes_are_refused(tmp_path, graph, ending):
    save(graph, tmp_path / f"whole{ending}")
    lines = (tmp_path / f"whole{ending}").read_text().splitlines(keepends=True)
    begins = {".graphml": "    <node", ".dot": '  "stem" ['}[ending]
    first = next(number for number, line in enumerate(lines) if line.startswith(begins))
    end = first + 1 if ending == ".dot" else 1 + next(n for n, line in enumerate(lines) if "</node>" in line)
    for broken in (lines[:end] + lines[first:], lines[:first] + lines[end:]):
        (tmp_path / f"broken{ending}").write_text("".join(broken))
        with pytest.raises(GraphError, match="stands twice, or the end of an edge is no node"):
            load(tmp_path / f"broken{ending}")


def test_entities_and_other_words_for_true_are_refused(tmp_path, graph):
    graph.add_node("c2", chosen=True)
    text = to_graphml(graph)
    bomb = '<!DOCTYPE a [<!ENTITY b "c">]>' + text
    for broken, words in ((bomb, "declares a document type"), (text.replace(">true<", ">yes<"), "'yes'")):
        (tmp_path / "g.graphml").write_text(broken)
        with pytest.raises(GraphError, match=words):
            load(tmp_path / "g.graphml")

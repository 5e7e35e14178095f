"""Graphs as files: JSON, GraphML and DOT, and back without loss.

GraphML opens in yEd, Gephi and Cytoscape, DOT in Graphviz. GraphML and DOT keep the order of the nodes and every
attribute exactly: strings of any characters, floats to the last bit, tuples, lists and mappings; what a file could
not give back is refused. Values that the formats have no type for are written as ``nasframe.files.exact_json``.

Of a MultiDiGraph the keys of edges are written too: in GraphML as the ``desc`` of each edge, in DOT as Graphviz' own
attribute ``key``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import networkx as nx

from nasframe.errors import GraphError
from nasframe.files import exact_json, plain_json
from nasframe.files.exact_json import quoted, unquoted
from nasframe.files.words import first_line
from nasframe.graph import Edge, edges, from_data, require_whole, to_json

_NAMESPACE = "{http://graphml.graphdrawing.org/xmlns}"
_KEYED = "networkx.MultiDiGraph"
"""The graph's ``desc`` in GraphML, and its name in DOT, where edges have keys."""
_DOT_HEADS = {False: "digraph {", True: f'digraph "{_KEYED}" {{'}
_STRING = r'"(?:[^"\\]|\\.)*"'
_DOT_STATEMENT = re.compile(
    rf"  (?:graph|({_STRING})(?: -> ({_STRING}))?) "
    rf"\[(?:key=({_STRING}), )?(?:label={_STRING}, )?nasframe=({_STRING})\];"
)


def save(graph: nx.DiGraph, path: str | Path) -> None:
    """Write a graph in the format that the path's ending names: ``.json``, ``.graphml`` or ``.dot``.

    Raises:
        GraphError: another ending, or a graph that would not be read back equal (in JSON as of
            ``nasframe.graph.to_json``: one with lists, or with attributes called ``id``, ``source``, ``target`` or,
            in a MultiDiGraph, ``key``).
    """
    write, read = _format(path)
    try:
        text = write(graph)
        faithful = nx.utils.graphs_equal(read(text), graph)
    except (TypeError, ValueError) as error:
        raise GraphError(f"the graph cannot be written to {str(path)!r}: {error}") from error
    if not faithful:
        raise GraphError(f"the graph cannot be written to {str(path)!r}: it would not be read back equal")
    Path(path).write_text(text, encoding="utf-8", newline="\n")


def load(path: str | Path) -> nx.DiGraph:
    """Read a graph that ``save`` wrote.

    Raises:
        GraphError: another ending, or a file that cannot be read or is not of this format and dialect.
    """
    _, read = _format(path)
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise GraphError(f"the graph {str(path)!r} cannot be read: {first_line(error)}") from error
    try:
        return read(text)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise GraphError(f"{str(path)!r} is no graph as nasframe writes it: {error}") from error


def to_graphml(graph: nx.DiGraph) -> str:
    """The graph as GraphML; attributes that are all numbers, truth values or strings get GraphML's own types.

    Raises:
        GraphError: a node's or an attribute's name is no string, or a value has no exact text (an array, NaN).
    """
    _check(graph)
    rows = _rows(graph)
    columns: dict[tuple[str, str], list[Any]] = {}
    for tag, _, data in rows:
        for name, value in data.items():
            columns.setdefault((tag, name), []).append(value)
    types = {column: _column_type(values) for column, values in columns.items()}
    keys = {column: f"d{number}" for number, column in enumerate(columns)}
    root = ET.Element("graphml", xmlns=_NAMESPACE[1:-1])
    for (tag, name), key in keys.items():
        kind, *json_mark = types[tag, name].split(" of ")
        declared = {"id": key, "for": tag, "attr.name": quoted(name)[1:-1], "attr.type": kind}
        element = ET.SubElement(root, "key", declared)
        for mark in json_mark:
            ET.SubElement(element, "desc").text = mark
    parent = root
    for tag, (attributes, described), data in rows:
        element = ET.SubElement(parent, tag, attributes)
        if described is not None:
            ET.SubElement(element, "desc").text = described
        for name, value in data.items():
            ET.SubElement(element, "data", key=keys[tag, name]).text = _WRITERS[types[tag, name]](value)
        parent = element if tag == "graph" else parent
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def from_graphml(text: str) -> nx.DiGraph:
    """The inverse of ``to_graphml``.

    Raises:
        ValueError or KeyError: the text is not as ``to_graphml`` writes it.
    """
    if "<!DOCTYPE" in text:
        raise ValueError("it declares a document type, which nasframe never writes")
    try:
        root = ET.fromstring(text)
    except ET.ParseError as error:
        raise ValueError(f"it is no XML ({error})") from error
    keys: dict[str, tuple[str, Callable[[str], Any]]] = {}
    for key in root.iterfind(f"{_NAMESPACE}key"):
        described = key.attrib["attr.type"] + (" of JSON" if key.find(f"{_NAMESPACE}desc") is not None else "")
        keys[key.attrib["id"]] = (unquoted(key.attrib["attr.name"]), _READERS[described])
    within = root.find(f"{_NAMESPACE}graph")
    if within is None:
        raise ValueError("it holds no graph")

    def data(element: ET.Element) -> dict[str, Any]:
        found = ((keys[item.attrib["key"]], item.text or "") for item in element.iterfind(f"{_NAMESPACE}data"))
        return {name: reader(text) for (name, reader), text in found}

    nodes = [(unquoted(node.attrib["id"]), data(node)) for node in within.iterfind(f"{_NAMESPACE}node")]
    keyed = within.findtext(f"{_NAMESPACE}desc") == _KEYED
    found = [(_name(edge, keyed), data(edge)) for edge in within.iterfind(f"{_NAMESPACE}edge")]
    return _made(data(within), nodes, found, keyed)


def _name(edge: ET.Element, keyed: bool) -> Edge:
    """The name of an edge's element."""
    before, after = unquoted(edge.attrib["source"]), unquoted(edge.attrib["target"])
    if not keyed:
        return before, after
    key = edge.findtext(f"{_NAMESPACE}desc")
    if key is None:
        raise ValueError(f"the edge from {before!r} to {after!r} has no key (desc), as each edge of a {_KEYED} has")
    return before, after, unquoted(key)


def to_dot(graph: nx.DiGraph) -> str:
    """The graph as DOT, a statement a line: a ``label`` to draw, and all attributes as JSON in ``nasframe``.

    Raises:
        GraphError: a node's or an attribute's name is no string, or a value has no exact text (an array, NaN).
    """
    _check(graph)
    lines = [_DOT_HEADS[graph.is_multigraph()], "  rankdir=LR;", f"  graph [{_dot_attributes(graph.graph, None)}];"]
    for node, data in graph.nodes(data=True):
        lines.append(f"  {quoted(node)} [{_dot_attributes(data, data.get('label'))}];")
    for (before, after, *key), data in edges(graph):
        keys = "".join(f"key={quoted(name)}, " for name in key)
        lines.append(f"  {quoted(before)} -> {quoted(after)} [{keys}{_dot_attributes(data, data.get('operation'))}];")
    return "\n".join([*lines, "}", ""])


def from_dot(text: str) -> nx.DiGraph:
    """The inverse of ``to_dot``; reads its dialect of DOT, not any other.

    Raises:
        ValueError: a line is not as ``to_dot`` writes it.
    """
    about: dict[str, Any] = {}
    nodes: list[tuple[str, dict[str, Any]]] = []
    found: list[tuple[Edge, dict[str, Any]]] = []
    keyed = text.startswith(_DOT_HEADS[True])
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        if line in (_DOT_HEADS[keyed], "  rankdir=LR;", "}"):
            continue
        match = _DOT_STATEMENT.fullmatch(line)
        if match is None:
            raise ValueError(f"line {number} is none that nasframe writes: {line[:200]!r}")
        data = dict(exact_json.loads(json.loads(match[4])))
        if match[1] is None:
            about.update(data)
        elif match[2] is None:
            nodes.append((json.loads(match[1]), data))
        elif keyed != (match[3] is not None):
            raise ValueError(f"line {number} is an edge {'without' if keyed else 'with'} a key: {line[:200]!r}")
        else:
            before, after = json.loads(match[1]), json.loads(match[2])
            found.append(((before, after, json.loads(match[3])) if keyed else (before, after), data))
    return _made(about, nodes, found, keyed)


def _from_json(text: str) -> nx.DiGraph:
    return from_data(plain_json.parse(text))


def _made(
    about: Mapping[str, Any],
    nodes: list[tuple[str, dict[str, Any]]],
    named: list[tuple[Edge, dict[str, Any]]],
    keyed: bool,
) -> nx.DiGraph:
    """The graph of a file's rows; networkx would put together what stands twice."""
    graph = nx.MultiDiGraph() if keyed else nx.DiGraph()
    graph.graph.update(about)
    graph.add_nodes_from(nodes)
    graph.add_edges_from((*name, data) for name, data in named)
    require_whole(graph, len(nodes), len(named))
    return graph


def _format(path: str | Path) -> tuple[Callable[[nx.DiGraph], str], Callable[[str], nx.DiGraph]]:
    formats = {".json": (to_json, _from_json), ".graphml": (to_graphml, from_graphml), ".dot": (to_dot, from_dot)}
    suffix = Path(path).suffix
    if suffix not in formats:
        raise GraphError(f"a graph file ends in {', '.join(formats)}; {str(path)!r} ends in {suffix!r}")
    return formats[suffix]


_Element = tuple[str, tuple[dict[str, str], str | None], Mapping[str, Any]]
"""Of GraphML: tag, its attributes and its ``desc``, data."""


def _rows(graph: nx.DiGraph) -> list[_Element]:
    """The GraphML elements, the graph first."""

    def named(**nodes: str) -> dict[str, str]:
        return {role: quoted(node)[1:-1] for role, node in nodes.items()}

    about = _KEYED if graph.is_multigraph() else None
    rows: list[_Element] = [("graph", ({"edgedefault": "directed"}, about), graph.graph)]
    rows += [("node", (named(id=node), None), data) for node, data in graph.nodes(data=True)]
    for (before, after, *key), data in edges(graph):
        rows.append(("edge", (named(source=before, target=after), quoted(key[0])[1:-1] if key else None), data))
    return rows


def _check(graph: nx.DiGraph) -> None:
    if not graph.is_directed():
        raise GraphError(f"only a networkx.DiGraph or MultiDiGraph can be written; this is a {type(graph).__name__}")
    attributes = [graph.graph, *(d for _, d in graph.nodes(data=True)), *(d for _, d in edges(graph))]
    names = [*graph, *(name for edge in graph.edges for name in edge), *(name for data in attributes for name in data)]
    for name in names:
        if not isinstance(name, str):
            raise GraphError(f"names of nodes and attributes, and keys of edges, are strings; found {name!r}")


def _dot_attributes(data: Mapping[str, Any], label: object) -> str:
    drawn = f"label={quoted(label)}, " if isinstance(label, str) else ""
    return f"{drawn}nasframe={json.dumps(exact_json.dumps(data))}"


def _column_type(values: Iterable[object]) -> str:
    """The GraphML type that holds all values exactly; where there is none, JSON in a string."""
    values = list(values)
    if all(isinstance(value, bool) for value in values):
        return "boolean"
    if all(type(value) is int and -(2**63) <= value < 2**63 for value in values):
        return "long"
    if all(isinstance(value, float) and not math.isnan(value) for value in values):
        return "double"
    if all(isinstance(value, str) and exact_json.is_xml(value) for value in values):
        return "string"
    return "string of JSON"


_WRITERS: dict[str, Callable[[Any], str]] = {
    "boolean": lambda value: str(value).lower(),
    "long": str,
    "double": lambda value: repr(float(value)).replace("inf", "INF"),
    "string": str,
    "string of JSON": exact_json.dumps,
}
_READERS: dict[str, Callable[[str], Any]] = {
    "boolean": lambda text: {"true": True, "false": False}[text],
    "long": int,
    "double": float,
    "string": str,
    "string of JSON": exact_json.loads,
}

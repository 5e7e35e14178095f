"""YAML in and out: plain data only, every value with its file, line and column."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from nasframe.errors import ExperimentError
from nasframe.files.located import Place, Problem, Value

STRING_TAG = "tag:yaml.org,2002:str"
PLAIN_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null"))
TREE_TAGS = frozenset({"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})
MERGE_TAG = "tag:yaml.org,2002:merge"
EXPONENT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+")


class _Loader(yaml.SafeLoader):
    """YAML's safe loader, but ``1e-3`` is a number, as in YAML 1.2, and a date is a string."""


class _Dumper(yaml.SafeDumper):
    """The counterpart: quotes the strings that ``_Loader`` would take for something else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


for _reader_or_writer in (_Loader, _Dumper):
    _reader_or_writer.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":value"))]
        for first, resolvers in _reader_or_writer.yaml_implicit_resolvers.items()
    }
    _reader_or_writer.add_implicit_resolver(
        "tag:yaml.org,2002:float", re.compile(f"^(?:{EXPONENT.pattern})$"), list("-+.0123456789")
    )


def read_file(path: Path, problems: list[Problem]) -> Value:
    """The one document of a file; an empty file is ``None``.

    Args:
        path: shown in errors as it is given.
        problems: gets duplicate keys and forbidden tags, all of them.

    Raises:
        ExperimentError: the file cannot be read or is not YAML.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = "it is a folder, expected a YAML file" if path.is_dir() else (error.strerror or str(error))
        raise ExperimentError(f"{path}: cannot be read: {reason}") from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        place = Place(str(path), before.count(b"\n") + 1, error.start - before.rfind(b"\n"))
        raise ExperimentError(
            f"{place}: byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8 text"
        ) from error
    return read_text(text, Place(str(path), 1, 1), problems)


def read_text(text: str, start: Place, problems: list[Problem]) -> Value:
    """The one document in a text (see ``read_file``); a start without lines gives places without lines."""
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        return Value(None, start, start) if node is None else _Located(loader, start, problems).value(node)
    except yaml.YAMLError as error:
        raise _syntax_error(error, start) from error
    except RecursionError as error:
        raise ExperimentError(f"{start.source}: lists or mappings are nested too deeply to be read") from error


def dump(data: Mapping[str, Any]) -> str:
    """Plain data as YAML that ``read_text`` reads back equal; keys in their given order."""
    return yaml.dump(dict(data), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def dump_inline(data: Any) -> str:
    """Plain data as YAML on one line."""
    text = yaml.dump(data, Dumper=_Dumper, default_flow_style=True, sort_keys=False, allow_unicode=True, width=1 << 20)
    return text.removesuffix("\n").removesuffix("\n...")


def scalar(text: str) -> Any:
    """What a text means where it stands as a plain YAML scalar: a number, a boolean, null or itself."""
    loader, stripped = _Loader(""), text.strip()
    tag = loader.resolve(yaml.ScalarNode, stripped, (True, False))  # type: ignore[no-untyped-call]
    if tag not in PLAIN_TAGS - {STRING_TAG}:
        return text
    return loader.construct_object(yaml.ScalarNode(tag, stripped))


class _Located:
    """Turns composed nodes into located values."""

    def __init__(self, loader: _Loader, start: Place, problems: list[Problem]) -> None:
        self.loader = loader
        self.start = start
        self.problems = problems
        self.open: set[int] = set()

    def value(self, node: yaml.Node) -> Value:
        place = self.place(node)
        if id(node) in self.open:
            return self.refuse(node, "this anchor contains itself")
        if node.tag not in PLAIN_TAGS | TREE_TAGS:
            return self.refuse(node, f"the tag {node.tag!r} is not allowed; expected plain data")
        self.open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return Value(self.mapping(node), place, place)
            if isinstance(node, yaml.SequenceNode):
                return Value([self.value(item) for item in node.value], place, place)
            return Value(self.scalar(node), place, place)
        finally:
            self.open.remove(id(node))

    def mapping(self, node: yaml.MappingNode) -> dict[str, Value]:
        own: dict[str, Value] = {}
        merged: dict[str, Value] = {}
        for key_node, value_node in node.value:
            if key_node.tag == MERGE_TAG:
                merged = {**self.merged(value_node), **merged}
            elif not isinstance(key_node, yaml.ScalarNode):
                self.refuse(key_node, "a key is a list or a mapping; expected a word")
            elif key_node.value in own:
                first = own[key_node.value].key
                self.refuse(key_node, f"duplicate key {key_node.value!r}; it stands already at {first}")
            else:
                own[key_node.value] = replace(self.value(value_node), key=self.place(key_node))
        return {**merged, **own}

    def merged(self, node: yaml.Node) -> dict[str, Value]:
        """What ``<<`` brings in; of several mappings the first wins."""
        result: dict[str, Value] = {}
        for source in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            value = self.value(source)
            if isinstance(value.data, dict):
                result = {**value.data, **result}
            else:
                self.refuse(source, "'<<' merges mappings, but this is none")
        return result

    def scalar(self, node: yaml.Node) -> Any:
        try:
            return self.loader.construct_object(node)
        except (ValueError, KeyError):  # of a tag written out, like !!int before a word
            return self.refuse(node, f"{node.value!r} cannot be read as {node.tag!r}").data

    def refuse(self, node: yaml.Node, message: str) -> Value:
        place = self.place(node)
        self.problems.append(Problem(place, "", message))
        return Value(None, place, place)

    def place(self, node: yaml.Node) -> Place:
        if not self.start.line:
            return self.start
        return Place(self.start.source, node.start_mark.line + 1, node.start_mark.column + 1)


def _syntax_error(error: yaml.YAMLError, start: Place) -> ExperimentError:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        place = Place(start.source, mark.line + 1, mark.column + 1) if start.line else start
        reason = ", ".join(filter(None, (error.context, error.problem)))
        hint = "; indent with spaces, not tabs" if "\\t" in reason else ""
        return ExperimentError(f"{place}: not valid YAML: {reason}{hint}")
    return ExperimentError(f"{start.source}: not valid YAML: {' '.join(str(error).split())}")

"""YAML text in and out: plain data in which every value knows where it was written, and what is wrong there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias, final

import yaml
from typing_extensions import override

from nasframe.errors import CapabilityError, ExperimentError, NasframeError
from nasframe.files.limits import MOST_CHARACTERS
from nasframe.files.words import quantity
from nasframe.files.yaml_rules import (
    MERGE_TAG,
    PLAIN_TAGS,
    STRING_TAG,
    TREE_TAGS,
    Dumper,
    Loader,
    TooMuchError,
    from_scalar,
    plain_text,
    require_within,
    tag_of,
)

__all__ = ["dump", "read_mapping"]

QUOTED_CHARACTERS = 60
"""How long a quotation is at most."""

Data: TypeAlias = "str | int | float | bool | list[Value] | dict[str, Value] | None"


@dataclass(frozen=True, order=True)
class Place:
    """A spot in a source that a user wrote."""

    source: str
    """A file as the user named it, or an override as it was typed."""
    line: int = 0
    """From 1; 0: the source has no lines."""
    column: int = 0

    @override
    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source


@final
@dataclass(frozen=True)
class Value:
    """A scalar, a list or a mapping, and its place."""

    data: Data
    place: Place
    key: Place
    """Where the key stands that leads to it; of any other value, its own place."""
    unknown: str = ""
    """Why the value is not known: an environment variable that is not set."""

    @property
    def members(self) -> Mapping[str, Value]:
        """The values of a mapping by key; of anything else, none."""
        return self.data if isinstance(self.data, dict) else {}

    def plain(self) -> Any:
        """The data alone."""
        if isinstance(self.data, dict):
            return {key: inner.plain() for key, inner in self.data.items()}
        return [inner.plain() for inner in self.data] if isinstance(self.data, list) else self.data

    def shown(self) -> str:
        """The data as a short quotation."""
        return shown(self.plain())

    def merge(self, overlay: Value) -> Value:
        """The overlay over this value: mappings deeply, anything else replaced.

        A mapping whose ``type`` differs replaces this one wholly: the options here belong to another component. A
        mapping that an override adds to stays where it was written.
        """
        if not isinstance(self.data, dict) or not isinstance(overlay.data, dict) or self.names_other_type(overlay):
            return overlay
        merged = dict(self.data)
        for key, inner in overlay.data.items():
            merged[key] = merged[key].merge(inner) if key in merged else inner
        return replace(overlay if overlay.place.line else self, data=merged)

    def names_other_type(self, overlay: Value | None) -> bool:
        """Whether both are mappings and name different components by ``type``."""
        before = self.members.get("type")
        after = overlay.members.get("type") if overlay is not None else None
        return before is not None and after is not None and before.data != after.data

    def find(self, location: Sequence[str | int]) -> tuple[Value, list[str]]:
        """The value at a location inside and the keys that lead there; parts that lead nowhere are passed over."""
        value, path = self, list[str]()
        for part in location:
            if isinstance(value.data, dict) and part in value.data:
                value = value.data[str(part)]
            elif isinstance(value.data, list) and isinstance(part, int) and part < len(value.data):
                value = value.data[part]
            else:
                continue
            path.append(str(part))
        return value, path

    def unknown_values(self, path: str = "") -> Iterator[Fault]:
        """A fault for each value inside that is not known."""
        if self.unknown:
            yield Fault(self.place, path, self.unknown)
            return
        items = enumerate(self.data) if isinstance(self.data, list) else self.members.items()
        for key, inner in items:
            yield from inner.unknown_values(join(path, str(key)))


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong in what a user wrote."""

    place: Place
    path: str
    """Keys from the top, joined by dots, like ``strategy.epochs``; empty: the whole."""
    message: str
    error: type[NasframeError] = ExperimentError
    """What it is raised as, if nothing worse is wrong."""

    @override
    def __str__(self) -> str:
        return ": ".join(filter(None, (str(self.place), self.path, self.message)))


@final
class Faults:
    """All that is wrong in what a user wrote, gathered so that it can be said at once."""

    def __init__(self, known: Iterable[Fault] = ()) -> None:
        """Args: known: what is wrong already; nothing more is said of its places."""
        self._faults = list(known)
        self._known = {fault.place for fault in self._faults}

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults)

    def add(self, place: Place, path: str, message: str) -> None:
        """Something is wrong."""
        self.extend([Fault(place, path, message)])

    def refuse(self, place: Place, path: str, message: str) -> None:
        """Something is right by itself, but does not go with the rest."""
        self.extend([Fault(place, path, message, CapabilityError)])

    def extend(self, faults: Iterable[Fault]) -> None:
        """More that is wrong."""
        self._faults += [fault for fault in faults if fault.place not in self._known]

    def raise_all(self, error: type[NasframeError] | None = None) -> None:
        """Raise all as one error, in the order in which they stand in their sources; none: return.

        Args:
            error: what is raised; None: ``CapabilityError`` if all are refusals, else ``ExperimentError``.
        """
        lines = [str(fault) for fault in sorted(dict.fromkeys(self._faults), key=lambda fault: fault.place)]
        kinds = {fault.error for fault in self._faults}
        kind = error or (kinds.pop() if len(kinds) == 1 else ExperimentError)
        if len(lines) == 1:
            raise kind(lines[0])
        if lines:
            raise kind(f"{quantity(len(lines), 'problem')}:\n" + "\n".join(f"  {line}" for line in lines))


def read_file(path: Path, faults: Faults) -> Value:
    """The one document of a file; an empty file is ``None``.

    Args:
        path: shown in errors as it is given.
        faults: gets duplicate keys and forbidden tags, all of them.

    Raises:
        ExperimentError: the file cannot be read or is not YAML.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_CHARACTERS + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        reason = "it is a folder, expected a YAML file" if os.path.isdir(path) else why
        raise ExperimentError(f"{path}: cannot be read: {reason}") from error
    _require_short(len(raw), str(path))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        place = Place(str(path), before.count(b"\n") + 1, error.start - before.rfind(b"\n"))
        raise ExperimentError(
            f"{place}: byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8 text"
        ) from error
    return read_text(text, Place(str(path), 1, 1), faults)


def read_text(text: str, start: Place, faults: Faults) -> Value:
    """The one document in a text (see ``read_file``); a start without lines gives places without lines."""
    _require_short(len(text), start.source)
    try:
        loader = Loader(text)
    except yaml.YAMLError as error:
        raise _syntax_error(error, start) from error
    try:
        node = loader.get_single_node()
        return Value(None, start, start) if node is None else _Located(start, faults).value(node)
    except yaml.YAMLError as error:
        raise _syntax_error(error, start) from error
    except (ArithmeticError, LookupError, ValueError) as error:  # of escapes and directives with absurd numbers
        place = _place(loader.get_mark(), start)
        raise ExperimentError(
            f"{place}: not valid YAML: an escape or a directive has a number that is none ({error})"
        ) from error


def read_mapping(path: Path) -> dict[str, Any]:
    """The mapping that a file holds, as plain data.

    Raises:
        ExperimentError: as ``read_file``, for what that would add to the faults, and for anything but a mapping.
    """
    faults = Faults()
    value = read_file(path, faults)
    if not isinstance(value.data, dict):
        faults.add(value.place, "", f"should hold a mapping, but holds {value.shown()}")
    faults.raise_all()
    return {key: inner.plain() for key, inner in value.members.items()}


def dump(data: Mapping[str, Any]) -> str:
    """Plain data as YAML that ``read_text`` reads back equal; keys in their given order."""
    return yaml.dump(dict(data), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100)


def dump_inline(data: Any) -> str:
    """Plain data as YAML on one line."""
    text = yaml.dump(data, Dumper=Dumper, default_flow_style=True, sort_keys=False, allow_unicode=True, width=1 << 20)
    return text.removesuffix("\n").removesuffix("\n...")


def scalar(text: str) -> Any:
    """What a text means where it stands as a plain YAML scalar: a number, a boolean, null or itself.

    Raises:
        ValueError: a number that is too long or too large, or a character that no text can hold.
    """
    stripped = text.strip(" \t\r\n")
    tag = tag_of(stripped)
    return plain_text(text) if tag == STRING_TAG else from_scalar(tag, stripped)


def placed(data: Any, place: Place) -> Value:
    """Plain data that all stands at one place; tuples become lists. The inverse of ``Value.plain``."""
    if isinstance(data, Mapping):
        return Value({str(key): placed(inner, place) for key, inner in data.items()}, place, place)
    return Value([placed(inner, place) for inner in data] if isinstance(data, list | tuple) else data, place, place)


def join(*keys: str) -> str:
    """A path of keys; empty ones are left out."""
    return ".".join(filter(None, keys))


def shown(data: Any) -> str:
    """Data as a short quotation."""
    text = repr(data) if isinstance(data, str) else json.dumps(data, ensure_ascii=False, default=repr)
    return text if len(text) <= QUOTED_CHARACTERS else text[: QUOTED_CHARACTERS - 1] + "…"


class _Located:
    """Turns composed nodes into located values."""

    def __init__(self, start: Place, faults: Faults) -> None:
        self.start = start
        self.faults = faults
        self.open: set[int] = set()
        self.values = 0

    def value(self, node: yaml.Node) -> Value:
        place = self.place(node)
        if id(node) in self.open:
            return self.refuse(node, "this anchor contains itself")
        if node.tag not in PLAIN_TAGS | TREE_TAGS:
            return self.refuse(node, f"the tag {node.tag!r} is not allowed; expected plain data")
        self.values += 1
        require_within(self.values, len(self.open), node.start_mark)
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
            elif key_node.tag not in PLAIN_TAGS or not isinstance(key_node, yaml.ScalarNode):
                self.refuse(key_node, "a key is a list, a mapping or has a tag; expected a word")
            elif key_node.value in own:
                first = own[key_node.value].key
                self.refuse(key_node, f"duplicate key {shown(key_node.value)}; it stands already at {first}")
            else:
                own[self.key(key_node)] = replace(self.value(value_node), key=self.place(key_node))
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

    def key(self, node: yaml.ScalarNode) -> str:
        try:
            return plain_text(node.value)
        except ValueError as error:
            self.refuse(node, str(error))
            return ascii(node.value)

    def scalar(self, node: yaml.Node) -> Data:
        try:
            return from_scalar(node.tag, node.value)
        except ValueError as error:
            return self.refuse(node, str(error)).data

    def refuse(self, node: yaml.Node, message: str) -> Value:
        place = self.place(node)
        self.faults.add(place, "", message)
        return Value(None, place, place)

    def place(self, node: yaml.Node) -> Place:
        return _place(node.start_mark, self.start)


def _place(mark: yaml.Mark, start: Place) -> Place:
    return Place(start.source, mark.line + 1, mark.column + 1) if start.line else start


def _require_short(length: int, source: str) -> None:
    if length > MOST_CHARACTERS:
        raise ExperimentError(
            f"{source}: has more than {MOST_CHARACTERS:,} characters; expected the YAML of an experiment or a "
            "genotype, which has some thousands"
        )


def _syntax_error(error: yaml.YAMLError, start: Place) -> ExperimentError:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        place = _place(error.problem_mark, start)
        if isinstance(error, TooMuchError):
            return ExperimentError(f"{place}: {error.problem}")
        reason = ", ".join(filter(None, (error.context, error.problem)))
        hint = "; indent with spaces, not tabs" if "\\t" in reason else ""
        return ExperimentError(f"{place}: not valid YAML: {reason}{hint}")
    return ExperimentError(f"{start.source}: not valid YAML: {' '.join(str(error).split())}")

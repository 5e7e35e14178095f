"""What YAML means here: scalars as in the core schema of YAML 1.2 (section 10.3.2), and bounds for hostile text.

``<<`` merges mappings, as in YAML 1.1. Everything else of YAML 1.1 is text: ``yes``, ``1:30``, ``1_000``, dates; and
``010`` is ten.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from typing_extensions import override
from yaml.composer import Composer
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from nasframe.files.limits import DEEPEST, MOST_DIGITS, MOST_VALUES
from nasframe.files.words import quantity

_TAG = "tag:yaml.org,2002:"
STRING_TAG = f"{_TAG}str"
MERGE_TAG = f"{_TAG}merge"
TREE_TAGS = frozenset({f"{_TAG}map", f"{_TAG}seq"})
_NULL, _BOOL, _INT, _FLOAT = (f"{_TAG}{name}" for name in ("null", "bool", "int", "float"))
PLAIN_TAGS = frozenset({STRING_TAG, _NULL, _BOOL, _INT, _FLOAT})
_PATTERNS = {
    _NULL: r"(?:null|Null|NULL|~|)",
    _BOOL: r"(?:true|True|TRUE|false|False|FALSE)",
    _INT: r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)",
    _FLOAT: r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))",
}
_RULES = {tag: re.compile(pattern + r"\Z") for tag, pattern in _PATTERNS.items()}
_EXPECTED = {
    _NULL: "null or nothing",
    _BOOL: "true or false",
    _INT: "digits, like 10, 0x1f or 0o17",
    _FLOAT: "a number, like 0.5, 1e-3 or .inf",
}
_OTHER_BREAKS = re.compile("[\r\x85\u2028\u2029]")
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")


class TooMuchError(yaml.MarkedYAMLError):
    """A text that is larger, or nested more deeply, than any that is meant."""


class Loader(Reader, Scanner, Parser, Composer, BaseResolver):
    """From text to nodes, within the bounds."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        BaseResolver.__init__(self)
        self._depth = 0
        self._nodes = 0

    @override
    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._depth += 1
        self._nodes += 1
        require_within(self._nodes, self._depth, self.peek_event().start_mark)  # type: ignore[no-untyped-call]
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node


class Dumper(yaml.SafeDumper):
    """From plain data to text; what an older reader would take for something else is quoted, too."""

    @override
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: Dumper, text: str) -> yaml.ScalarNode:
    """Other line breaks than the usual one are escaped: in other quotes they would be read as spaces."""
    return dumper.represent_scalar(STRING_TAG, text, style='"' if _OTHER_BREAKS.search(text) else None)


Dumper.add_representer(str, _represent_text)
for _tag in (_NULL, _BOOL, _INT, _FLOAT):
    for _user in (Loader, Dumper):
        _user.add_implicit_resolver(_tag, _RULES[_tag], [None])
Loader.add_implicit_resolver(MERGE_TAG, re.compile(r"<<\Z"), ["<"])


def require_within(values: int, depth: int, mark: yaml.Mark) -> None:
    """See that a text stays within the bounds.

    Raises:
        TooMuchError: it does not.
    """
    if values > MOST_VALUES:
        reason = f"found more than {quantity(MOST_VALUES, 'value')}, those of aliases counted each time"
        raise TooMuchError(problem=reason, problem_mark=mark)
    if depth > DEEPEST:
        reason = f"lists or mappings are nested too deeply: expected at most {DEEPEST} inside each other"
        raise TooMuchError(problem=reason, problem_mark=mark)


def tag_of(text: str) -> str:
    """What a text is where it stands as a plain scalar."""
    return next((tag for tag, rule in _RULES.items() if rule.match(text)), STRING_TAG)


def from_scalar(tag: str, text: str) -> str | int | float | bool | None:
    """The value of a scalar.

    Args:
        tag: one of ``PLAIN_TAGS``.

    Raises:
        ValueError: the text is none of this tag, or holds what no value can; says what was found and expected.
    """
    if tag == STRING_TAG:
        return plain_text(text)
    if not _RULES[tag].match(text):
        raise ValueError(f"{_short(text)} cannot be read as {tag!r}; expected {_EXPECTED[tag]}")
    if tag == _NULL:
        return None
    if tag == _BOOL:
        return text.lower() == "true"
    if len(text) > MOST_DIGITS:
        raise ValueError(f"found a number of {quantity(len(text), 'digit')}, expected at most {MOST_DIGITS}")
    return _whole(text) if tag == _INT else _real(text)


def plain_text(text: str) -> str:
    """The text itself.

    Raises:
        ValueError: it holds a NUL or half a surrogate pair, which neither files nor their names can hold.
    """
    if found := _NO_TEXT.search(text):
        raise ValueError(f"found the character U+{ord(found[0]):04X}, which no text can hold; remove it")
    return text


def _whole(text: str) -> int:
    base = {"0x": 16, "0o": 8}.get(text[:2], 10)
    return int(text if base == 10 else text[2:], base)


def _real(text: str) -> float:
    if text.lstrip("+-").lower() in (".inf", ".nan"):
        return float(text.replace(".", "", 1))
    value = float(text)
    if value in (float("inf"), -float("inf")):
        raise ValueError(f"found {_short(text)}, which is larger than any number; write .inf for infinity")
    if not value and re.search("[1-9]", re.split("[eE]", text)[0]):
        raise ValueError(f"found {_short(text)}, which is so small that it would be 0; write 0")
    return value


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")

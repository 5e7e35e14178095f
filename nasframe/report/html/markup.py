"""Elements of HTML, escaped by construction: whatever is not markupsafe's ``Markup`` is text, and text is escaped."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, TypeAlias

from markupsafe import Markup, escape

__all__ = ["Child", "Markup", "data_script", "joined", "tag", "with_code"]

VOID = frozenset({"img", "input", "meta"})
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

Child: TypeAlias = "str | Iterable[Child] | None"
"""Markup, text that is to be escaped, or several of these; None is nothing."""


def tag(name: str, /, *children: Child, **attributes: str | float | bool | None) -> Markup:
    """An element.

    Args:
        name: of the element.
        children: what it holds.
        attributes: a low line in a name stands for a hyphen, and one at its end is left out (``class_``). True is
            an attribute without a value; None and False are none.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items() if value is not None)
    if name in VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{joined(*children)}</{name}>")


def joined(*children: Child) -> Markup:
    """One piece of markup of several; text is escaped."""
    return Markup("".join(_text(child) for child in children))


def data_script(identifier: str, data: Any) -> Markup:
    """Plain data for the page's own script; no text in it can end the element. NaN is null."""
    text = json.dumps(_finite(data), separators=(",", ":"), ensure_ascii=True)
    safe = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return tag("script", Markup(safe), type="application/json", id=identifier)


def with_code(text: str) -> Markup:
    """A line in which what stands between backticks is code."""
    pieces = text.split("`")
    return joined(*(tag("code", piece) if i % 2 else piece for i, piece in enumerate(pieces)))


def _text(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    return _escaped(child) if isinstance(child, str) else joined(*child)


def _attribute(key: str, value: str | float | bool) -> str:
    name = key.rstrip("_").replace("_", "-")
    if isinstance(value, bool):
        return f" {name}" if value else ""
    return f' {name}="{_escaped(f"{value:g}" if isinstance(value, float) else str(value))}"'


def _escaped(text: str) -> Markup:
    return escape(_CONTROLS.sub("\ufffd", text))


def _finite(data: Any) -> Any:
    if isinstance(data, float):
        return data if abs(data) < float("inf") else None
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    return [_finite(value) for value in data] if isinstance(data, list | tuple) else data

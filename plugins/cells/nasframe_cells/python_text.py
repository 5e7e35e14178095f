"""Python text as data: literals, ranges and calls by keywords, read from its syntax tree; nothing is executed."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nasframe import GenotypeError

__all__ = ["Called", "called", "literal", "statements", "where"]

MOST_STATES = 1000
"""How long a range may be."""


@dataclass(frozen=True)
class Called:
    """``name(key=…, …)``, or ``name(…, …)``: what was called, and the arguments, not yet read."""

    name: str
    positional: tuple[ast.expr, ...]
    keywords: dict[str, ast.expr]


def statements(text: str) -> list[tuple[str, ast.expr]]:
    """What a text assigns, in order, each with the last part of its name; of an expression alone the name is empty.

    Other statements, such as imports, are passed over.

    Raises:
        GenotypeError: the text is not Python.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of strings with odd escapes
            body = ast.parse(text.strip()).body
    except SyntaxError as error:
        raise GenotypeError(f"line {error.lineno or 1}: expected Python or JSON text ({error.msg})") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise GenotypeError("expected Python or JSON text, not nested more deeply than a genotype") from error
    return list(_assigned(body))


def called(node: ast.expr) -> Called | None:
    """A call of a plain name; None: it is something else.

    Raises:
        GenotypeError: it has ``*`` or ``**``, or a keyword twice.
    """
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return None
    keywords = {word.arg: word.value for word in node.keywords if word.arg is not None}
    if len(keywords) < len(node.keywords) or any(isinstance(one, ast.Starred) for one in node.args):
        raise GenotypeError(f"{where(node)}: expected each argument by itself and once, without * and **")
    return Called(node.func.id, tuple(node.args), keywords)


def literal(node: ast.expr) -> Any:
    """The data that literals stand for: words, whole numbers, lists, tuples, mappings of words, and ``range(a, b)``.

    Raises:
        GenotypeError: it is something else.
    """
    match node:
        case ast.Constant(value=str() | int()) if not isinstance(node.value, bool):
            return node.value
        case ast.List() | ast.Tuple():
            return [literal(item) for item in node.elts]
        case ast.Dict():
            return _mapping(node)
        case ast.Call(func=ast.Name(id="list" | "tuple"), args=[only], keywords=[]):
            return literal(only)
        case ast.Call(func=ast.Name(id="range"), args=[_] | [_, _], keywords=[]):
            return _range(node)
    shown = ast.unparse(node) if not isinstance(node, ast.Call) else "a call"
    raise GenotypeError(f"{where(node)}: found {shown[:60]}, expected words, whole numbers and lists of them")


def where(node: ast.expr) -> str:
    """``line 3``."""
    return f"line {node.lineno}"


def _assigned(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    for statement in body:
        match statement:
            case ast.Expr(value=value):
                yield "", value
            case ast.Assign(targets=[ast.Name(id=name) | ast.Attribute(attr=name)], value=value):
                yield name, value


def _mapping(node: ast.Dict) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        name = None if key is None else literal(key)
        if not isinstance(name, str) or name in found:
            raise GenotypeError(f"{where(value)}: expected words as keys, each once; found {name!r}")
        found[name] = literal(value)
    return found


def _range(node: ast.Call) -> list[int]:
    ends = [literal(end) for end in node.args]
    if not all(isinstance(end, int) and end <= MOST_STATES for end in ends):
        raise GenotypeError(f"{where(node)}: expected a range of whole numbers up to {MOST_STATES}")
    return list(range(*ends))

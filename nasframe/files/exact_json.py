"""Plain Python values as JSON text that gives back equal values, also those that JSON has no notation for.

Tuples, mappings and infinities are written as ``{"tuple": [...]}``, ``{"dict": [[key, value], ...]}`` and
``{"float": "inf"}``; NaN, which equals nothing, is refused.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from nasframe.errors import GraphError
from nasframe.files import plain_json

_XML = re.compile("[\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")


def dumps(value: object) -> str:
    """A value as text, in ASCII.

    Raises:
        GraphError: it is or holds what has no exact text: an array, an object, NaN.
    """
    return json.dumps(_encoded(value), allow_nan=False)


def loads(text: str) -> Any:
    """The inverse of ``dumps``.

    Raises:
        ValueError: the text is no JSON.
    """
    return _decoded(plain_json.parse(text))


def is_xml(text: str) -> bool:
    """Whether XML can hold a text's characters and gives them back."""
    return _XML.fullmatch(text) is not None


def quoted(text: str) -> str:
    """A JSON string, readable where XML can hold it as it is, else in ASCII."""
    readable = json.dumps(text, ensure_ascii=False)
    return readable if is_xml(readable) else json.dumps(text)


def unquoted(text: str) -> str:
    """The text of a JSON string without its quotes."""
    return str(json.loads(f'"{text}"'))


def _encoded(value: Any) -> Any:
    match value:
        case None | bool() | str() | int():
            return value
        case float() if not math.isnan(value):
            return {"float": repr(float(value))} if math.isinf(value) else float(value)
        case tuple():
            return {"tuple": [_encoded(item) for item in value]}
        case list():
            return [_encoded(item) for item in value]
        case dict():
            return {"dict": [[_encoded(key), _encoded(item)] for key, item in value.items()]}
    raise GraphError(f"{value!r} ({type(value).__name__}) cannot be written exactly; make it plain Python data first")


def _decoded(value: Any) -> Any:
    match value:
        case {"tuple": items}:
            return tuple(_decoded(item) for item in items)
        case {"dict": items}:
            return {_decoded(key): _decoded(item) for key, item in items}
        case {"float": text}:
            return float(text)
        case list():
            return [_decoded(item) for item in value]
    return value

"""Where each value of an experiment came from: a line of a file, an override, or a default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nasframe.files.located import Value, join, merge

DEFAULT = "default"
"""The origin of a value that nobody wrote."""


def origins(resolved: Mapping[str, Any], tree: Value) -> dict[str, str]:
    """The origin of every value, by its path: ``file:line:column``, ``--set KEY=VALUE`` or ``default``.

    What retraining takes over from the search has the search's origin.

    Args:
        resolved: an experiment as plain data with every default written out.
        tree: what was written, merged; see ``nasframe.experiment.composition.compose``.
    """
    return {path: str(value.place) if value else DEFAULT for path, value in _written(resolved, _filled(tree), "")}


def leaves(data: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, under dotted paths; lists and empty mappings are values."""
    flat: dict[str, Any] = {}
    for key, value in data.items():
        path = join(prefix, str(key))
        flat |= leaves(value, path) if isinstance(value, Mapping) and value else {path: value}
    return flat


def _written(data: Any, value: Value | None, path: str) -> list[tuple[str, Value | None]]:
    """Each leaf of the data with the innermost value that was written for it."""
    if not isinstance(data, Mapping) or not data:
        return [(path, value)]
    found: list[tuple[str, Value | None]] = []
    for key, inner in data.items():
        # A mapping may be written by a shorter form, a number say: then all of it comes from there.
        below = value.data.get(key) if value and isinstance(value.data, dict) else value
        found += _written(inner, below, join(path, str(key)))
    return found


def _filled(tree: Value) -> Value:
    """The experiment with the retraining's sections as the search's with the overrides merged over them."""
    top = dict(tree.data) if isinstance(tree.data, dict) else {}
    retrain = top.get("retrain")
    if retrain is not None and retrain.data is None:
        return tree
    overrides = retrain.data if retrain is not None and isinstance(retrain.data, dict) else {}
    sections = {}
    for name in ("space", "evaluator"):
        base, overlay = top.get(name), overrides.get(name)
        if base is not None:
            own = overlay is not None and isinstance(overlay.data, dict)
            sections[name] = merge(base, overlay) if own and overlay is not None else base
    return Value({**top, "retrain": Value({**overrides, **sections}, tree.place, tree.key)}, tree.place, tree.key)

"""What a strategy or a proxy needs of its partners, and whether they have it."""

from __future__ import annotations

from typing import Any


def lacking(space: type, evaluator: type, asking: Any) -> list[type]:
    """The needs that neither a space nor an evaluator meets.

    Args:
        asking: the strategy or the proxy that has the needs, or its class.
    """
    return [need for need in asking.needs if not issubclass(space, need) and not issubclass(evaluator, need)]

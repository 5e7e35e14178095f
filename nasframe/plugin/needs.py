"""What a strategy or a proxy needs of its partners, and whether they have it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def lacking(space: type, evaluator: type, asking: Any) -> list[type]:
    """The needs that neither a space nor an evaluator meets.

    Args:
        asking: the strategy or the proxy that has the needs, or its class.
    """
    return unmet(space, evaluator, asking.needs)


def unmet(space: type, evaluator: type, needs: Iterable[type]) -> list[type]:
    """Those of some needs that neither a space nor an evaluator meets."""
    return [need for need in needs if not issubclass(space, need) and not issubclass(evaluator, need)]

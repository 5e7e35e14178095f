"""What the constraints have cost a search that keeps to them while it goes on, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nasframe.files import words

UNITS = {"params": "parameters", "macs": "multiply-adds"}


def sentences(bounds: Mapping[str, Any]) -> Iterator[str]:
    """The bounds, what was found within them, and what would have been found without.

    Args:
        bounds: what ``bounds.json`` holds; empty: nothing is said.
    """
    if not bounds:
        return
    limits, found, free = bounds["bounds"], bounds["found"], bounds["without_bounds"]
    most = " and ".join(f"{words.amount(bound)} {UNITS.get(name, name)}" for name, bound in limits.items())
    yield f"Found within the constraints of at most {most}: a network of {_costs(found)}."
    if found["decisions"] == free["decisions"]:
        yield "It is what would have been found without them: they have cost nothing in deriving."
        return
    line = f"Without them a network of {_costs(free)} would have been derived"
    if found["log_probability"] is not None and free["log_probability"] is not None:
        line += (
            f"; the log-probability of what was found is {found['log_probability']:.3f}, against "
            f"{free['log_probability']:.3f}"
        )
    yield f"{line}."


def _costs(found: Mapping[str, Any]) -> str:
    return " and ".join(f"{words.amount(found[name])} {unit}" for name, unit in UNITS.items())

"""The curves of several runs together: each metric on its own panel, a curve a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from nasframe.plot import curves
from nasframe.plot.canvas import readable
from nasframe.plot.curves import Curve, Panel

_MOST_PANELS = 6


def compute(events: Mapping[str, Iterable[Mapping[str, Any]]], phase: str) -> tuple[Panel, ...]:
    """The panels of a phase, at most six: metrics that more runs have come first.

    Args:
        events: of each run the records of its ``events.jsonl``.
        phase: ``"search"`` or ``"retrain"``.
    """
    found: dict[str, dict[str, Curve]] = {}
    percent: set[str] = set()
    for run, records in events.items():
        for panel in curves.compute(records, phase):
            for curve in panel.curves:
                found.setdefault(curve.name, {})[run] = replace(curve, name=run)
                if panel.percent:
                    percent.add(curve.name)
    order = sorted(found, key=lambda name: -len(found[name]))  # stable: then as each run orders them
    return tuple(Panel(readable(name), tuple(found[name].values()), name in percent) for name in order[:_MOST_PANELS])

"""The section of a search's candidates: what became of each, the best first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from nasframe.files import words
from nasframe.files.words import quantity
from nasframe.pareto import SCORE
from nasframe.report import facts
from nasframe.report import markdown as md
from nasframe.report.record import RunRecord

COLUMNS = ("candidate", "budget", "score", "time", "what became of it")
_MOST = 100
"""Rows that are shown."""
_FOLDED_FROM = 40


def section(record: RunRecord) -> Iterator[str]:
    """Title, summary, table; nothing where no candidate was evaluated."""
    found = rows(record)
    if not found:
        return
    yield "## The candidates"
    yield said(record)
    text = md.table(COLUMNS, found)
    yield text if len(found) < _FOLDED_FROM else md.folded(quantity(len(found), "row"), text)


def said(record: RunRecord) -> str:
    """How many there are, and of which the table is."""
    found = _evaluated(record)
    stopped, failed = (sum(key in event for event in found) for key in ("pruned", "failure"))
    told = [quantity(len(found), "candidate")]
    told += [f"{stopped:,} of them stopped inside their training"] if stopped else []
    told += [f"{failed:,} failed"] if failed else []
    cut = f" Shown are the best {_MOST}." if len(found) > _MOST else ""
    small = Counter(event["stage"] for event in found if "stage" in event)
    grown = f" {_stages(small)}" if small else ""
    return f"{', '.join(told)}.{grown} Larger budgets come first, then higher scores.{cut}"


def _stages(small: Mapping[int, int]) -> str:
    """How many are of smaller spaces, stage by stage."""
    counts = ", ".join(f"{count:,} of stage {stage}" for stage, count in sorted(small.items()))
    return f"Of smaller networks, from which the space's own are grown: {counts}; they come last."


def rows(record: RunRecord) -> list[tuple[str, ...]]:
    """A row for each of the best candidates."""
    found = _evaluated(record)
    scores = [event["objectives"][SCORE] for event in found if "failure" not in event]
    fraction = words.are_fractions(scores)
    return [_row(event, fraction) for event in sorted(found, key=_order)[:_MOST]]


def _evaluated(record: RunRecord) -> list[Mapping[str, Any]]:
    found = facts.evaluated(record, "search")
    return [event for event in found if "failure" in event or SCORE in event.get("objectives", ())]


def _order(event: Mapping[str, Any]) -> tuple[bool, bool, float, float, int]:
    score = event.get("objectives", {}).get(SCORE, 0.0)
    return "failure" in event, "stage" in event, -event["budget"], -score, event["step"]


def _row(event: Mapping[str, Any], fraction: bool) -> tuple[str, ...]:
    seconds = event.get("seconds")
    return (
        str(event["step"]),
        f"{event['budget']:.3g}",
        words.NOTHING if "failure" in event else words.number(float(event["objectives"][SCORE]), fraction=fraction),
        words.NOTHING if seconds is None else words.duration(seconds),
        "; ".join(_became(event)),
    )


def _became(event: Mapping[str, Any]) -> Iterator[str]:
    if "failure" in event:
        yield f"failed: {event['failure']}"
    if "stage" in event:
        yield f"smaller, of stage {event['stage']}"
    if "pruned" in event:
        yield "stopped early"
    if "same_as" in event:
        yield f"the same network as {event['same_as']}"
    if "after" in event:
        yield f"goes on from {event['after']}"
    if "from" in event:
        yield f"from {event['from']}"

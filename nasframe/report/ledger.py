"""The gap ledger of a run: its entries in order, each with what was lost or won since the one before."""

from __future__ import annotations

from typing import Any, NamedTuple

from nasframe.experiment.experiment import SUPERNET
from nasframe.files import words
from nasframe.report.record import RunRecord
from nasframe.report.text_table import TextTable

NOTE = (
    "All scores are on val, which watches the retraining, never on a holdout. What deriving loses, before any "
    "training, is between the supernet and the genotype alone in it; what a short training from its weights and then a "
    "whole one bring stands below."
)


class LedgerEntry(NamedTuple):
    """One of the scores."""

    key: str
    what: str
    score: Any
    """A number, but None where there is none."""


def entries(record: RunRecord) -> list[LedgerEntry]:
    """What is known of it, in order; empty: none was asked for, or the run has not come to it."""
    told = record.ledger
    if not told:
        return []
    share = f"{told['budget']:.0%}"
    last = "there" if (record.experiment.get("retrain") or {}).get("weights") == SUPERNET else "random weights"
    found = [
        LedgerEntry("mixed", "the supernet, mixed", told["mixed"]),
        LedgerEntry("one_hot", "the found genotype alone in it", told["one_hot"]),
        LedgerEntry("short", f"its network, from there trained for {share} of a retraining", told["short"]),
        LedgerEntry("retrained", f"its network, retrained from {last}", record.metrics.get("score")),
    ]
    return [entry for entry in found if entry.score is not None]


def table(record: RunRecord) -> TextTable | None:
    """The entries with their gaps; None: there are none."""
    found = entries(record)
    if not found:
        return None
    before = [None, *(entry.score for entry in found[:-1])]
    rows = [
        (entry.what, words.number(entry.score), words.NOTHING if last is None else f"{entry.score - last:+.4f}")
        for entry, last in zip(found, before, strict=True)
    ]
    return TextTable("The gap ledger", ("score of", "score", "against the one before"), tuple(rows), NOTE)


def sentence(record: RunRecord) -> str:
    """All of it in one; empty: there is nothing."""
    found = "; ".join(f"{entry.what} {entry.score:.4f}" for entry in entries(record))
    return f"Gap ledger, on val: {found}." if found else ""

"""How many candidates get which budget (Li et al., JMLR 18, 2018, arXiv 1603.06560, algorithm 1)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rung:
    """Candidates that are evaluated with one budget."""

    bracket: int
    """From 0, in the order of evaluation."""
    level: int
    """i: 0 where candidates are new, else those of the level before that were best."""
    candidates: int
    budget: float
    """Share of a full evaluation."""


def halving(candidates: int, eta: int, last: int, bracket: int = 0) -> list[Rung]:
    """One bracket: of n candidates the best n / eta go on with eta times the budget (lines 5 to 9).

    Args:
        candidates: n, of the first rung.
        eta: which share goes on, and how much the budget grows.
        last: s, the level at which the budget is full.
    """
    return [Rung(bracket, level, candidates // eta**level, float(eta) ** (level - last)) for level in range(last + 1)]


def hyperband(units: int, eta: int, smallest: float | None = None) -> list[Rung]:
    """All brackets, from the one with the smallest budgets on (lines 1 to 4).

    Args:
        units: R, how many of the smallest budgets are a full evaluation.
        eta: as in ``halving``.
        smallest: as in ``levels``.
    """
    most = levels(units, eta, smallest)
    # n = ceil(B / R * eta^s / (s + 1)) with B = (s_max + 1) R, in whole numbers, whose logarithms do not round.
    return [
        rung
        for bracket, last in enumerate(range(most, -1, -1))
        for rung in halving(-(-(most + 1) * eta**last // (last + 1)), eta, last, bracket)
    ]


def levels(units: int, eta: int, smallest: float | None = None) -> int:
    """s_max: how often a number can be divided by eta before less than 1 is left.

    Args:
        units: the number.
        eta: as in ``halving``.
        smallest: no budget is below this share of a full evaluation; None: any may be.
    """
    if smallest is not None:
        units = min(units, int(1 / smallest + 1e-9))  # 1 / (1 / 3) may be a bit less than 3
    count = 0
    while eta ** (count + 1) <= units:
        count += 1
    return count

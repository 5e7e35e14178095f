"""Golden numbers: what a plug-in says must come out, with the way to measure it; ``nasframe verify`` runs them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Golden", "Verdict", "verify"]


@dataclass(frozen=True)
class Golden:
    """One number that is known from elsewhere: a paper, a reference implementation."""

    what: str
    """What is counted, in a few words."""
    expected: float
    measure: Callable[[], float]
    """Measures it with the code that is installed; imports what it needs."""
    tolerance: float = 0.0
    """How far the measured number may be off; 0: not at all."""
    source: str = ""
    """Where the expected number comes from."""


@dataclass(frozen=True)
class Verdict:
    """What came of one golden number."""

    golden: Golden
    measured: float | None
    """None: it could not be measured."""
    reason: str = ""
    """Why it could not be measured."""

    @property
    def holds(self) -> bool:
        """Whether it is as expected."""
        return self.measured is not None and abs(self.measured - self.golden.expected) <= self.golden.tolerance


def verify(golden: Golden) -> Verdict:
    """Measure one golden number; whatever goes wrong is a verdict, not an error."""
    try:
        return Verdict(golden, float(golden.measure()))
    except Exception as error:  # whatever a stranger's code raises, the other numbers are still worth knowing
        return Verdict(golden, None, f"{type(error).__name__}: {error}")

"""Numbers, amounts, times and errors as people read them: in messages, tables and reports."""

from __future__ import annotations

import math
from collections.abc import Iterable

NOTHING = "–"
"""What stands for an absent number."""


def is_fraction(name: str) -> bool:
    """Whether a metric or a column of this name holds fractions that are shown in percent."""
    return "iou" in name.lower() or "accuracy" in name.lower()


def are_fractions(scores: Iterable[float]) -> bool:
    """Whether scores may be shown in percent: none is below 0 or above 1, as one that is minus a loss is."""
    return all(0 <= score <= 1 for score in scores)


def percent(value: float) -> str:
    """A fraction as percent with two decimals."""
    return f"{100 * value:.2f} %"


def number(value: object, *, fraction: bool = False, digits: int = 4) -> str:
    """A value of a table.

    Args:
        value: anything; None and NaN are a dash.
        fraction: whether a float from 0 to 1 is one, to be shown in percent.
        digits: of a number that is not whole; the others are shown with all.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return NOTHING
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if fraction and isinstance(value, float) and 0 <= value <= 1:
        return percent(value)
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:.{digits}g}"


def answer(value: object) -> str:
    """A genotype's answer to a decision: several after each other, yes and no as YAML has them."""
    if isinstance(value, tuple):
        return ", ".join(map(answer, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def cell_text(value: object, name: str) -> str:
    """A value of a table under the name of its metric or column, which tells whether it is a fraction."""
    return number(value, fraction=is_fraction(name))


def amount(value: float) -> str:
    """A large number in thousands, millions or billions: ``10.15 M``."""
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.2f} {unit}"
    return f"{value:g}"


def quantity(count: int, noun: str, plural: str = "") -> str:
    """A number of things: ``1 frame``, ``1,200 frames``; the plural of a noun takes an s if none is given."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def duration(seconds: float) -> str:
    """A time as people say it: ``3 d 04 h``, ``2 h 05 min``, ``3 min 10 s``, ``4.2 s``, ``35 ms``."""
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours:02} h"
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def clock(seconds: float) -> str:
    """A time that goes on, as a clock shows it: ``4:05``, ``1:02:03``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def first_line(error: BaseException) -> str:
    """The first line of what an error says; its type where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]

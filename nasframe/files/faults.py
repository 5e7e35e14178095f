"""What is absent or wrong of many files, told in one message by kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from nasframe.files.words import quantity

__all__ = ["MOST_NAMES", "FileFault", "listing", "message"]

MOST_NAMES = 20
"""How many names of a kind a message has."""


class FileFault(NamedTuple):
    """What is wrong with one file."""

    file: str
    """Its name, as the message shows it."""
    wrong: str
    """The kind of fault, in few words: ``unreadable``, ``wrong size``."""
    text: str
    """What was found and what was expected, as the file's predicate."""


def message(cannot: str, absent: Mapping[str, Sequence[str]], faults: Sequence[FileFault]) -> str:
    """All that is absent or wrong: a listing for each kind, below the number of all files where there are several.

    Args:
        cannot: what cannot be done with the files, like ``cannot be scored``.
        absent: the names of what is not there, each kind under its own headline.
        faults: of files that are there, in any order.
    """
    kinds: dict[str, list[str]] = defaultdict(list)
    for fault in faults:
        kinds[fault.wrong].append(f"{fault.file}: {fault.text}")
    listings = [listing(headline, names) for headline, names in absent.items() if names]
    listings += [listing(f"{quantity(len(lines), 'file')} {cannot}: {wrong}", lines) for wrong, lines in kinds.items()]
    if len(listings) == 1:
        return listings[0]
    not_there = sum(map(len, absent.values()))
    files = quantity(len({fault.file for fault in faults}) + not_there, "file")
    return "\n".join([f"{files} {cannot}{' or found' if not_there else ''}, for several reasons", *listings])


def listing(headline: str, names: Sequence[str]) -> str:
    """One name a line below the headline, and a count of those left out."""
    shown = "".join(f"\n  {name}" for name in names[:MOST_NAMES])
    rest = f"\n  … and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"{headline}:{shown}{rest}"

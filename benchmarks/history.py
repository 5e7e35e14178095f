"""What did a case take before, and on which machine? One row a figure in ``history.jsonl``.

    python benchmarks/history.py                              # each case: its last figure beside the one before
    python benchmarks/history.py --case supernet_step         # cases whose names begin so
    python benchmarks/history.py --add CASE FIGURE UNIT       # a row of this machine, this commit and today

A benchmark that is called with ``--history`` appends its own rows. Figures of two machines are shown beside each other
and never as a change.
"""

from __future__ import annotations

import argparse
import datetime
import json
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from timing import computer

FILE = Path(__file__).with_name("history.jsonl")


@dataclass(frozen=True)
class Row:
    """One figure that was measured."""

    date: str
    machine: str
    commit: str
    case: str
    """The script and what it measured, like ``supernet_step/L4/129/stacked/weights``."""
    figure: float
    unit: str


def read(file: Path = FILE) -> list[Row]:
    """All rows, the oldest first.

    Raises:
        ValueError: a line is none; says which.
    """
    rows = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            rows.append(Row(**json.loads(line)))
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"{file}:{number}: {error}; expected a row with {', '.join(Row.__annotations__)}"
            ) from error
    return rows


def append(figures: Iterable[tuple[str, float, str]], file: Path = FILE) -> None:
    """Rows of this machine, this commit and today. Args: figures: case, figure and unit of each."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=FILE.parent, capture_output=True, text=True, check=True
    ).stdout.strip()
    here, today = computer(), datetime.date.today().isoformat()
    with file.open("a", encoding="utf-8") as lines:
        for case, figure, unit in figures:
            lines.write(json.dumps(asdict(Row(today, here, commit, case, figure, unit))) + "\n")


def compared(rows: Iterable[Row], prefix: str = "") -> Iterator[str]:
    """A line for each case: its last figure and, on the same machine and in the same unit, how it changed."""
    cases: dict[str, list[Row]] = {}
    for row in rows:
        if row.case.startswith(prefix):
            cases.setdefault(row.case, []).append(row)
    for case, found in cases.items():
        last, before = found[-1], found[-2] if len(found) > 1 else None
        line = f"{case}: {last.figure:g} {last.unit} ({last.date}, {last.commit}, {last.machine})"
        if before is None:
            yield f"{line}; nothing before it"
        elif (before.machine, before.unit) != (last.machine, last.unit):
            yield f"{line}; before, not comparable: {before.figure:g} {before.unit} on {before.machine}"
        else:
            change = last.figure / before.figure
            yield f"{line}; before {before.figure:g} ({before.date}, {before.commit}): x{change:.3f}"


def main() -> None:
    """Add a row, or print the comparison."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--add", nargs=3, metavar=("CASE", "FIGURE", "UNIT"), help="append a row")
    asked.add_argument("--case", default="", help="only cases whose names begin so")
    given = asked.parse_args()
    if given.add:
        case, figure, unit = given.add
        append([(case, float(figure), unit)])
    print("\n".join(compared(read(), given.case)))


if __name__ == "__main__":
    main()

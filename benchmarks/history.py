"""How have the figures of the benchmarks changed? A row for each is kept in `history.jsonl`.

    python benchmarks/history.py
    python benchmarks/history.py supernet_step inference --other-machines
    python benchmarks/history.py --add "startup/nasframe --help" 0.41 s --threads 1

Each case's last figure is shown beside the one before it of the same machine. Where there is none but figures of other
machines, these are named and not compared, unless ``--other-machines`` asks for it. Benchmarks that know ``--record``
enter their figures themselves.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from nasframe.files.words import quantity

FILE = Path(__file__).with_name("history.jsonl")


class Row(NamedTuple):
    """One figure."""

    date: str
    """Like ``2026-11-26``."""
    machine: str
    """What has to be equal for figures to be comparable: processor, cores, threads, torch."""
    commit: str
    """Of the code that was measured; ``+``: with changes since."""
    case: str
    """What was measured, the benchmark first, like ``inference/eager``."""
    figure: float
    unit: str


class Change(NamedTuple):
    """A case's last figure and the one it is compared with."""

    now: Row
    before: Row | None
    """The one before; None: it is the first."""
    comparable: bool
    """Whether ``before`` is of the same machine and unit, or the user wants others compared too."""


def read(file: Path = FILE) -> list[Row]:
    """All rows, the oldest first."""
    return [Row(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]


def append(rows: Iterable[Row], file: Path = FILE) -> None:
    """Add rows at the end."""
    with file.open("a", encoding="utf-8") as lines:
        lines.writelines(f"{json.dumps(row._asdict(), ensure_ascii=False)}\n" for row in rows)


def changes(rows: Sequence[Row], other_machines: bool = False) -> Iterator[Change]:
    """Of each case, in the order in which cases first came."""
    for case in dict.fromkeys(row.case for row in rows):
        *earlier, now = [row for row in rows if row.case == case]
        alike = [row for row in earlier if (row.machine, row.unit) == (now.machine, now.unit)]
        of_other_machines = [row for row in earlier if row.unit == now.unit] if other_machines else []
        comparable = alike or of_other_machines
        found = comparable or earlier
        yield Change(now, found[-1] if found else None, bool(comparable))


def shown(change: Change) -> str:
    """A row of the table."""
    now, before = change.now, change.before
    was = ""
    if before is None:
        told = "first"
    elif not change.comparable:
        found = f"of {before.machine}" if before.unit == now.unit else f"in {before.unit}"
        told = f"not compared: the one before is {found}"
    else:
        was = f"{before.figure:g} ({before.date}, {before.commit})"
        told = f"{now.figure / before.figure - 1:+.1%}" if before.figure else f"{now.figure - before.figure:+g}"
        told += "" if before.machine == now.machine else f", against {before.machine}"
    return f"| {now.case} | {was} | {now.figure:g} {now.unit} ({now.date}, {now.commit}) | {told} | {now.machine} |"


def add_option(parser: argparse.ArgumentParser) -> None:
    """Let a benchmark be asked by ``--record`` to enter its figures."""
    parser.add_argument("--record", action="store_true", help=f"also enter the figures into {FILE.name}")


def record(given: argparse.Namespace, figures: Mapping[str, float], unit: str, file: Path = FILE) -> None:
    """Enter figures by case, if ``--record`` was given; measured now, by the code that is checked out."""
    if given.record:
        append(_rows(figures, unit, given.threads), file)


def place(threads: int) -> str:
    """The machine of a row, as far as it changes figures."""
    torch = ".".join(version("torch").split(".")[:2])
    return f"{processor()}, {quantity(os.cpu_count() or 1, 'core')}, {quantity(threads, 'thread')}, torch {torch}"


def processor() -> str:
    """Its name."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _rows(figures: Mapping[str, float], unit: str, threads: int) -> list[Row]:
    today, machine, commit = date.today().isoformat(), place(threads), _commit()
    return [Row(today, machine, commit, case, float(f"{figure:.4g}"), unit) for case, figure in figures.items()]


def _commit() -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=FILE.parent, check=True, capture_output=True, text=True).stdout

    changed = git("status", "--porcelain", "--", ":/", f":(exclude,top)benchmarks/{FILE.name}")
    return git("rev-parse", "--short=7", "HEAD").strip() + ("+" if changed.strip() else "")


def main() -> None:
    """Print the table, or add a row."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("cases", nargs="*", help="only cases that begin with one of these")
    asked.add_argument("--other-machines", action="store_true", help="compare with figures of other machines too")
    asked.add_argument(
        "--add", nargs=3, metavar=("CASE", "FIGURE", "UNIT"), help="enter a figure measured here and now"
    )
    asked.add_argument("--threads", type=int, default=1, help="with which --add was measured (default: %(default)s)")
    given = asked.parse_args()
    if given.add:
        case, figure, unit = given.add
        append(_rows({case: float(figure)}, unit, given.threads))
        return
    rows = [row for row in read() if row.case.startswith(tuple(given.cases) or "")]
    print("| case | before | now | change | machine |\n| --- | --- | --- | --- | --- |")
    for change in changes(rows, given.other_machines):
        print(shown(change))


if __name__ == "__main__":
    main()

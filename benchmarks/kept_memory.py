"""What does it save that a run on a CPU keeps the memory that it frees?

    python benchmarks/kept_memory.py --layers 4 --crop 321

Weights steps of the stacked and the plain supernet, by turns with glibc's ordinary thresholds and with those of
``nasframe.run.device``: seconds, and how much memory the system hands out during a step.
"""

from __future__ import annotations

import resource
import statistics
from contextlib import nullcontext

import history
from supernet_step import MEGABYTE, Steps
from supernets import Setting, setting_parser
from timing import clock, machine

from nasframe.run.device import keep_freed_memory

WAYS = {"given back": nullcontext, "kept": keep_freed_memory}


def main() -> None:
    """Print the table."""
    asked = setting_parser(__doc__, rounds=5, layers=4, crop=321)
    history.add_option(asked)
    given = asked.parse_args()
    setting = Setting.of(given)
    print(f"{machine()}\n{setting}\n")
    print("| form | freed memory is | seconds | times faster | handed out in a step, MB |")
    print("| --- | --- | ---: | ---: | ---: |")
    for form in ("stacked", "plain"):
        measured = measure(Steps(form, setting), given.rounds)
        case = f"kept_memory/{setting.case}/{form}"
        history.record(given, {f"{case}/{way}": seconds for way, (seconds, _) in measured.items()}, "s")
        first = next(iter(measured.values()))[0]
        for way, (seconds, handed_out) in measured.items():
            cells = f"{seconds:.3f} | {first / seconds:.2f} | {handed_out / MEGABYTE:,.0f}"
            print(f"| {form} | {way} | {cells} |")


def measure(steps: Steps, rounds: int) -> dict[str, tuple[float, float]]:
    """By way: medians of seconds and of the bytes that the system hands out in a step.

    Each way is entered anew in each round, and its first step there does not count.
    """
    with keep_freed_memory():
        pass  # both ways begin with the same thresholds
    taken: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way, entered in WAYS.items():
            with entered():
                steps.weights_step()
                taken[way].append(step(steps))
    return {way: tuple(map(statistics.median, zip(*pairs, strict=True))) for way, pairs in taken.items()}


def step(steps: Steps) -> tuple[float, float]:
    """Seconds, and bytes handed out."""
    before, begun = faults(), clock()
    steps.weights_step()
    return clock() - begun, (faults() - before) * resource.getpagesize()


def faults() -> int:
    """Pages that the process was handed out so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


if __name__ == "__main__":
    main()

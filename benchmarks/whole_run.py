"""How long is a whole run by the plain and by the stacked supernet, and how far do the two searches part?

    python benchmarks/whole_run.py examples/camvid_wide.yaml --into results

Runs the experiment from its beginning to its report with ``space.implementation`` plain, then stacked, each in its own
process. Runs that are there already are only read. The steps at which losses are compared grow by factors of two.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from timing import machine

from nasframe.report.record import RunRecord, read

FORMS = ("plain", "stacked")


def main() -> None:
    """Do what is missing, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path)
    parser.add_argument("--into", type=Path, required=True, help="folder of the two runs")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a value in both")
    given = parser.parse_args()
    for form in FORMS:
        if not (given.into / form / "report.md").exists():
            print(f"{form}: {machine()}", flush=True)
            run(given.experiment, given.into / form, [f"space.implementation={form}", *given.set])
    runs = {form: read(given.into / form) for form in FORMS}
    print(f"\n{durations(runs)}\n\n{parting(*runs.values())}")


def run(experiment: Path, folder: Path, overrides: Sequence[str]) -> None:
    """By the command, as a user does it; goes on with one that was stopped."""
    begin = [str(experiment), "--into", str(folder), *(word for one in overrides for word in ("--set", one))]
    words = ["--resume", str(folder)] if folder.exists() else begin
    subprocess.run([sys.executable, "-m", "nasframe", "run", *words], check=True)


def durations(runs: dict[str, RunRecord]) -> str:
    """Minutes of each phase, as a table."""
    lines = ["| supernet | search, min | retraining and report, min | whole, min | times faster | score |"]
    lines.append("| --- | ---: | ---: | ---: | ---: | ---: |")
    whole = {form: minutes(record, "started", "finished") for form, record in runs.items()}
    for form, record in runs.items():
        search = minutes(record, "started", "genotype")
        cells = f"{search:.1f} | {whole[form] - search:.1f} | {whole[form]:.1f} | {whole['plain'] / whole[form]:.2f}"
        lines.append(f"| {form} | {cells} | {record.metrics.get('score', float('nan')):.4f} |")
    return "\n".join(lines)


def minutes(record: RunRecord, begin: str, end: str) -> float:
    """From the first event of one kind to the last of another."""
    times = {kind: [event["time"] for event in record.events if event["event"] == kind] for kind in (begin, end)}
    return (times[end][-1] - times[begin][0]) / 60


def parting(plain: RunRecord, stacked: RunRecord) -> str:
    """How far the losses of the searches are apart, relative to the plain one's, and whether the finds are one."""
    pairs = list(zip(losses(plain), losses(stacked), strict=True))
    lines = ["| step | loss, plain | loss, stacked | apart |", "| ---: | ---: | ---: | ---: |"]
    shown = [2**power for power in range(len(pairs).bit_length())]
    for step in dict.fromkeys([*shown, len(pairs)]):
        one, other = pairs[step - 1]
        lines.append(f"| {step} | {one:.7f} | {other:.7f} | {abs(other - one) / abs(one):.1e} |")
    same = genotype(plain) == genotype(stacked)
    return "\n".join([*lines, "", f"They find {'the same genotype' if same else 'different genotypes'}."])


def genotype(record: RunRecord) -> dict:
    """What the search found."""
    return next(event["genotype"] for event in record.events if event["event"] == "genotype")


def losses(record: RunRecord) -> list[float]:
    """Of the weights, step by step."""
    steps = [event for event in record.events if event["event"] == "step" and event["phase"] == "search"]
    return [event["metrics"]["loss"] for event in steps]


if __name__ == "__main__":
    main()

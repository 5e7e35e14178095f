"""Kill runs at random instants, go on with them, and compare what they end with to a run that was never killed.

    python tests/faults/kills.py --kills 100

Each chain is one run that is killed (SIGKILL) some seconds after each start, until it ends; it goes on by the same
command. Equal are: the genotype, every tensor of the final weights, metrics, and the losses of all steps.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import click
import numpy as np
import torch
import yaml

EXPERIMENT = """
name: killed
space: {type: autodeeplab, layers: 4, levels: 3, blocks: 2, filters: 2, sep_repeats: 1,
        network: {stem_filters: [4, 4, 8], aspp_filters: 8, aspp_rates: [], decoder_filters: 8, bn_momentum: 0.1}}
evaluator: {type: streets, scenes: {train: 8, val: 4, cities: 2}, crop: [33, 65], batch: 2, holdout: 0.5,
            training: {steps: 60, ema: 0.9, validate_epochs: 5}}
strategy: STRATEGY
retrain: {}
run: {device: cpu, threads: 1, pictures: 0, checkpoint_minutes: 0.01}
"""
STRATEGIES = {
    "darts": "{type: darts, steps: 40, warmup_steps: 10, arch_lr: 0.03, validate_epochs: 5}",
    "thompson": "{type: thompson, samples: 6, start: 3, budget: 0.2}",
}


def main() -> int:
    """Print a table of the kills by phase, and which chains ended otherwise."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--kills", type=int, default=100, help="at least so many (default: %(default)s)")
    asked.add_argument("--seed", type=int, default=0, help="of the instants (default: %(default)s)")
    given = asked.parse_args()
    rng = np.random.default_rng(given.seed)
    killed: Counter[str] = Counter()
    unequal = []
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        wholes = {kind: begin(place, f"whole-{kind}", kind) for kind in STRATEGIES}
        seconds = {kind: finish(command) for kind, (_, command) in wholes.items()}
        number = 0
        while killed.total() < given.kills:
            kind = list(STRATEGIES)[number % len(STRATEGIES)]
            folder, command = begin(place, f"killed-{number}", kind)
            killed += chain(folder, command, rng, seconds[kind])
            if result(folder) != result(wholes[kind][0]):
                unequal.append(f"{kind}, chain {number}")
            number += 1
            click.echo(f"{number} chains, {killed.total()} kills, unequal: {unequal}")
    click.echo("| killed while | kills |\n| --- | ---: |")
    for phase, kills in killed.most_common():
        click.echo(f"| {phase} | {kills} |")
    click.echo(f"{number} chains; ended otherwise than a run that was never killed: {unequal or 'none'}")
    return 1 if unequal else 0


def begin(place: Path, name: str, kind: str) -> tuple[Path, list[str]]:
    """The folder of a run, and the command that begins it."""
    file = place / f"{kind}.yaml"
    file.write_text(EXPERIMENT.replace("STRATEGY", STRATEGIES[kind]))
    folder = place / name
    return folder, [sys.executable, "-m", "nasframe", "run", str(file), "--into", str(folder)]


def finish(command: list[str]) -> float:
    """Run it to its end; the seconds that it took."""
    before = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    return time.monotonic() - before


def chain(folder: Path, command: list[str], rng: np.random.Generator, seconds: float) -> Counter[str]:
    """Kill a run again and again until it ends; the phases in which it was killed."""
    killed: Counter[str] = Counter()
    while True:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        try:
            _, said = process.communicate(timeout=float(rng.uniform(0.2, 0.8)) * seconds)
            if process.returncode:
                raise SystemExit(f"{folder} could not go on: {said.decode()}")
            return killed
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        status = folder / "status.json"
        killed[phase(json.loads(status.read_text())) if status.is_file() else "starting"] += 1
        if (folder / "experiment.yaml").is_file():
            command = [sys.executable, "-m", "nasframe", "run", "--resume", str(folder)]


def phase(status: dict[str, object]) -> str:
    """What a run was doing, by its ``status.json``."""
    return "reporting" if status.get("state") == "done" else str(status.get("phase", "starting"))


def result(folder: Path) -> tuple[object, ...]:
    """All that has to be equal."""
    weights = torch.load(folder / "retrain/weights.pt", weights_only=True)
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    losses = [(one["phase"], one["step"], one["metrics"]) for one in events if one["event"] == "step"]
    genotype = yaml.safe_load((folder / "genotype.yaml").read_text())["decisions"]
    tensors = {key: tensor.numpy().tobytes() for key, tensor in weights.items()}
    return genotype, tensors, json.loads((folder / "retrain/metrics.json").read_text()), losses


if __name__ == "__main__":
    sys.exit(main())

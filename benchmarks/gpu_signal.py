"""Do genotypes that cost alike differ by more than seeds do, and what tells early which are good? On one GPU.

    python benchmarks/gpu_signal.py --pack camvid.npz
    python benchmarks/gpu_signal.py --data camvid.npz --output results

The first command, for a CPU, reads CamVid from where the variable `NASFRAME_CAMVID` says and writes the frames, at half
their size, into one file, with genotypes of Auto-DeepLab's space whose multiply-adds are alike. The second needs only
that file. It trains every genotype with every seed, many at once, and scores it on val after parts of its training.
Finished trainings are kept in results/trainings.jsonl, so that the benchmark can be stopped and gone on with.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import multiprocessing
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gpu_signal_pack import CLASSES, read_pack, write_pack
from gpu_signal_report import balanced, summarised, tables
from gpu_signal_training import (
    CaptureError,
    FlatParameters,
    Frames,
    Measured,
    Recipe,
    Schedule,
    Training,
    train_together,
)

from nasframe.files.atomic import write_json, write_text
from nasframe.files.words import quantity
from nasframe.training.seeding import seed_all
from nasframe_cityscapes.scoring import scores

PARTS = (Fraction(1, 8), Fraction(1, 4), Fraction(1, 2), Fraction(1))
"""Of a training, after which it is scored."""
WITHOUT_GRAPHS = 12
"""Processes that share a GPU where graphs cannot be made: each is then bound by a core of the CPU."""
CONNECTIONS = "CUDA_DEVICE_MAX_CONNECTIONS"
"""The variable that says how many queues a GPU has; streams that share one wait for each other."""


@dataclass(frozen=True)
class Work:
    """Trainings that one process does, and how."""

    data: Path
    """The pack."""
    file: Path
    """To which finished trainings are added."""
    recipe: Recipe
    device: str
    graphs: bool
    together: int
    """How many at once."""
    until: float
    """The time after which none is begun."""
    trainings: tuple[tuple[int, int], ...]
    """Genotype and seed of each."""

    @property
    def genotypes(self) -> list[int]:
        """All that are trained."""
        return sorted({genotype for genotype, _ in self.trainings})


def main(arguments: Sequence[str] | None = None) -> None:
    """Pack, or train what is missing and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = "(default: %(default)s)"
    parser.add_argument("--pack", type=Path, help="write this file, and do nothing else")
    parser.add_argument("--draws", type=int, default=300, help=f"whose median the genotypes of a pack cost {default}")
    parser.add_argument("--data", type=Path, help="a file that --pack wrote")
    parser.add_argument("--output", type=Path, help="folder of the results")
    parser.add_argument("--genotypes", type=int, default=24, help=f"how many {default}")
    parser.add_argument("--seeds", type=int, default=3, help=f"trainings of each {default}")
    parser.add_argument("--steps", type=int, default=4800, help=f"of a training {default}")
    parser.add_argument("--batch", type=int, default=8, help=f"crops in a step {default}")
    parser.add_argument("--crop", type=int, nargs=2, default=(97, 129), help="height and width (default: 97 129)")
    parser.add_argument("--lr", type=float, default=0.05, help=f"learning rate at its highest {default}")
    parser.add_argument("--ema", type=float, default=0.995, help=f"share that the average of weights keeps {default}")
    parser.add_argument("--class-weights", choices=["none", "inverse_log"], default="inverse_log", help=default)
    parser.add_argument("--minutes", type=float, default=4.0, help=f"after which no training is begun {default}")
    parser.add_argument("--device", default="cuda", help=default)
    parser.add_argument("--together", type=int, default=24, help=f"trainings at once in a process {default}")
    parser.add_argument("--processes", type=int, default=1, help=f"that share the device {default}")
    parser.add_argument("--eager", action="store_true", help="do without CUDA graphs")
    chosen = parser.parse_args(arguments)
    if chosen.pack is not None:
        write_pack(chosen.pack, Path(os.environ["NASFRAME_CAMVID"]), chosen.genotypes, chosen.draws)
    elif chosen.data is None or chosen.output is None:
        parser.error("give --pack FILE, or --data FILE and --output FOLDER")
    elif chosen.steps * PARTS[0] < 1:
        parser.error(f"--steps {chosen.steps} has no {PARTS[0]} after which to score; give {1 / PARTS[0]} or more")
    else:
        measure(chosen)


def measure(chosen: argparse.Namespace) -> None:
    """Train what is missing as long as there is time; then the tables of what there is."""
    begun = time.time()
    recipe = Recipe(chosen.steps, chosen.batch, tuple(chosen.crop), chosen.lr, chosen.ema, chosen.class_weights)
    settle(chosen.output, recipe, chosen.data)
    entries = read_pack(chosen.data).entries[: chosen.genotypes]
    wanted = tuple((genotype, seed) for seed in range(chosen.seeds) for genotype in range(len(entries)))
    work = Work(
        data=chosen.data,
        file=chosen.output / "trainings.jsonl",
        recipe=recipe,
        device=chosen.device,
        graphs=chosen.device.startswith("cuda") and not chosen.eager,
        together=chosen.together,
        until=begun + 60 * chosen.minutes,
        trainings=wanted,
    )
    train(without_finished(work), chosen.processes)
    rows = [row for row in finished(work.file) if (row["genotype"], row["seed"]) in wanted]
    print(f"{len(rows)} of {quantity(len(wanted), 'training')} are done; this call took {time.time() - begun:.0f} s\n")
    found = balanced(rows)
    if found is None:
        print("too few for tables: they need 3 genotypes with 2 seeds each")
        return
    about = {"device": device_name(chosen.device), "seconds": round(sum(row["seconds"] for row in rows), 1)}
    about |= settings_of(recipe)
    summary = {**about, **summarised(found, entries)}
    text = f"{', '.join(f'{name}: {value}' for name, value in about.items())}\n\n{tables(summary)}"
    write_json(chosen.output / "summary.json", summary)
    write_text(chosen.output / "tables.md", text)
    print(text)


def settle(folder: Path, recipe: Recipe, data: Path) -> None:
    """Note what the results in a folder are of.

    Raises:
        SystemExit: they are of something else.
    """
    settings = {**settings_of(recipe), "data": hashlib.sha256(data.read_bytes()).hexdigest()}
    path = folder / "settings.json"
    if not path.exists():
        write_json(path, settings)
    elif (known := json.loads(path.read_text())) != settings:
        other = ", ".join(name for name, value in settings.items() if known.get(name) != value)
        raise SystemExit(f"{folder} holds results of other settings ({other}): give another folder by --output")


def settings_of(recipe: Recipe) -> dict[str, Any]:
    """As plain data."""
    return {**asdict(recipe), "crop": list(recipe.crop)}


def finished(file: Path) -> list[dict[str, Any]]:
    """The finished trainings; a line that was cut off is taken out of the file."""
    lines = file.read_text().splitlines(keepends=True) if file.exists() else []
    whole = [line for line in lines if line.endswith("}\n")]
    if whole != lines:
        write_text(file, "".join(whole))
    return [json.loads(line) for line in whole]


def without_finished(work: Work) -> Work:
    """What is left to do of it."""
    done = {(row["genotype"], row["seed"]) for row in finished(work.file)}
    return replace(work, trainings=tuple(one for one in work.trainings if one not in done))


def train(work: Work, processes: int) -> None:
    """Do the work in processes of its own, or in this one where that is a single one on a CPU."""
    if not work.trainings:
        return
    if work.device == "cpu" and processes == 1:
        do(work)
        return
    shares = [set(work.genotypes[first::processes]) for first in range(processes)]
    parts = [replace(work, trainings=tuple(one for one in work.trainings if one[0] in share)) for share in shares]
    os.environ.setdefault(CONNECTIONS, "32")
    try:
        with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
            list(pool.map(do, parts))
    except (CaptureError, BrokenProcessPool) as error:
        if not work.graphs:
            raise
        # The process that failed is gone, and with it its state on the device, which may be damaged.
        print(f"CUDA graphs cannot be used: {error}\n{WITHOUT_GRAPHS} processes go on without them", flush=True)
        train(without_finished(replace(work, graphs=False, together=1)), WITHOUT_GRAPHS)


def do(work: Work) -> None:
    """Train seed by seed, so that all genotypes have about as many trainings whenever the time is up."""
    torch.set_num_threads(1)
    frames = Frames(read_pack(work.data).arrays, work.recipe.class_weights, torch.device(work.device))
    schedule = Schedule(work.recipe, frames)

    @cache
    def training(genotype: int) -> Training:
        return made(work, genotype, frames, schedule)

    for seed in sorted({seed for _, seed in work.trainings}):
        genotypes = [genotype for genotype, other in work.trainings if other == seed]
        for first in range(0, len(genotypes), work.together):
            if time.time() > work.until:
                return
            begun = time.time()
            group = {genotype: training(genotype) for genotype in genotypes[first : first + work.together]}
            print(f"{quantity(len(group), 'genotype')} made ready in {time.time() - begun:.1f} s", flush=True)
            do_group(work, group, schedule, seed)


def made(work: Work, genotype: int, frames: Frames, schedule: Schedule) -> Training:
    """What trains a genotype, with whichever seed."""
    stream = torch.cuda.Stream(frames.device) if frames.device.type == "cuda" else None  # type: ignore[no-untyped-call]
    network = initial_network(work.data, genotype, seed=0).to(frames.device)
    training = Training(network, frames, schedule, stream)
    if work.graphs:
        training.capture(FlatParameters(initial_network(work.data, genotype, seed=0)).values)
    return training


def initial_network(data: Path, genotype: int, seed: int) -> torch.nn.Module:
    """A genotype's network before its training, on the CPU."""
    pack = read_pack(data)
    seed_all(seed, "build")
    return pack.space.build(pack.entries[genotype].genotype, pack.task)


def do_group(work: Work, trainings: dict[int, Training], schedule: Schedule, seed: int) -> None:
    """Train some genotypes together, with one seed, and keep their scores."""
    begun = time.time()
    schedule.draw(seed)
    marks = [round(part * work.recipe.steps) for part in PARTS]
    initial = [FlatParameters(initial_network(work.data, genotype, seed)).values for genotype in trainings]
    found = train_together(list(trainings.values()), initial, schedule, marks)
    by_part = [{str(part): metrics(one) for part, one in zip(PARTS, parts, strict=True)} for parts in found]
    seconds = time.time() - begun
    lines = [
        json.dumps({"genotype": genotype, "seed": seed, "scores": measured, "seconds": seconds / len(trainings)})
        for genotype, measured in zip(trainings, by_part, strict=True)
    ]
    with work.file.open("a") as file:
        file.write("".join(line + "\n" for line in lines))
    each = 1000 * seconds / work.recipe.steps
    print(
        f"seed {seed}: {quantity(len(trainings), 'training')} in {seconds:.1f} s, {each:.1f} ms for a step of all",
        flush=True,
    )


def metrics(measured: Measured) -> dict[str, float | None]:
    """The scores on val; a loss that is not finite is None."""
    matrix = measured.matrix.cpu().numpy()
    result = scores(np.column_stack([matrix, np.zeros(CLASSES, dtype=np.int64)]))
    loss = float(measured.loss)
    finite = loss if math.isfinite(loss) else None
    return {"miou": result.miou, "pixel_accuracy": result.pixel_accuracy, "val_loss": finite}


def device_name(device: str) -> str:
    """What it is called by its maker, or the processor's kind."""
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else device


if __name__ == "__main__":
    main()

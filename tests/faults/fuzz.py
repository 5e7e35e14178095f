"""Feed every reader with many hostile inputs, and tell which errors come out and how long the slowest input took.

    python tests/faults/fuzz.py --inputs 100000

Only the project's own errors may come out; the exit code is 1 if another does, or if an input takes longer than two
seconds of processor time. ``--keep FOLDER`` keeps what was at fault.
"""

import io
import json
import os
import random
import re
import shutil
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import click
import hostile
import numpy as np
import torch
import yaml
from PIL import Image

from nasframe.errors import NasframeError
from nasframe.experiment.checking import load
from nasframe.experiment.composition import read_override
from nasframe.files import genotypes, graphs
from nasframe.files.yaml_text import Faults, dump, read_mapping
from nasframe.genotype import GenotypeRecord, sample
from nasframe.plugin.registry import Registry
from nasframe.report import record, text
from nasframe.runfolder import checkpoint
from nasframe.runfolder.layout import RunLayout
from nasframe.runfolder.listing import list_runs
from nasframe.runfolder.reading import read_snapshot
from nasframe.runfolder.weights import read_tensors
from nasframe_cityscapes.dataset import Frame
from nasframe_cityscapes.frames import FrameStore
from nasframe_table.rows import read_rows

SECONDS = 2.0
EXAMPLES = Path(__file__).parents[2] / "examples"
SMALL_YAML = b"""\
# All that YAML offers, in a few lines.
base: &base {lr: 1e-3, steps: [1, 0x1f, 010, -2], on: yes, none: ~}
over: {<<: *base, lr: !!float 3, 'quoted key': "a\\tb \\u00e9"}
text: |-
  two
  lines
folded: >
  one
  line
? long
: - 2020-01-01
  - "="
  - .inf
"""
TEXT = hostile.NUMBERS + hostile.TEXTS + hostile.STRUCTURE


@dataclass(frozen=True)
class Reader:
    """One reader, what it reads when all is well, and how that is made hostile."""

    name: str
    share: int
    """Of all inputs, in parts of the readers' sum."""
    file: str
    """Where the input lies."""
    seeds: list[bytes]
    read: Callable[[Path], object]
    tokens: list[bytes] = field(default_factory=lambda: TEXT)
    grammar: Callable[[random.Random], bytes] | None = None
    rebuild: Callable[[random.Random, bytes], bytes] | None = None
    """Changes what a checksum guards, and sets that right."""

    def hostile(self, rng):
        seed = rng.choice(self.seeds)
        if self.grammar and rng.random() < 0.3:
            return self.grammar(rng)
        if self.rebuild and rng.random() < 0.6:
            return self.rebuild(rng, seed)
        return hostile.mutated(rng, seed, self.tokens, rng.choice(self.seeds))


@dataclass
class Tally:
    """What became of the inputs of one reader."""

    read: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    foreign: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    worst: bytes = b""

    @property
    def inputs(self):
        return self.read + self.refused.total() + self.foreign.total()


def feed(reader, place, rng, count, keep=None):
    """Give a reader so many inputs. Args: place: a folder for them; keep: gets those that were at fault."""
    tally = Tally()
    path = place / reader.file
    path.parent.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        data = reader.hostile(rng)
        path.write_bytes(data)
        start = time.process_time()
        try:
            reader.read(path)
            tally.read += 1
        except NasframeError as error:
            tally.refused[f"{type(error).__name__}: {_form(error, path)}"] += 1
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            tally.foreign[f"{type(error).__name__} in {where.name}: {_form(error, path)}"] += 1
            if keep:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{reader.name.replace(' ', '-')}-{number}-{path.name}").write_bytes(data)
        took = time.process_time() - start
        if took > tally.slowest:
            tally.slowest, tally.worst = took, data
    return tally


def _form(error, path):
    """What an error says, without what differs from input to input."""
    line = (str(error).replace(str(path), "FILE").strip().splitlines() or [""])[-1].strip()
    line = re.sub(r"FILE'?(:\d+)*", "FILE", line.replace(str(path.parent), "FOLDER").replace("'FILE'", "FILE"))
    line = re.sub(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", "'…'", line)
    return re.sub(r"\d[\d,.]*", "0", line)[:110]


def readers(place):
    """All readers. Args: place: a folder for what they need besides their input."""
    registry = Registry.discover()
    shutil.copytree(EXAMPLES, place / "in", ignore=shutil.ignore_patterns("plugins", "__pycache__"))
    for name in ("CITYSCAPES_DATASET", "NASFRAME_CAMVID"):
        os.environ.setdefault(name, "data")
    experiments = [path.read_bytes() for path in sorted(EXAMPLES.glob("same*/*.yaml"))]
    space = registry.get("space", "autodeeplab").value
    made = space(space.Options(layers=3, levels=2, blocks=2))
    genotype = sample(made, np.random.default_rng(0))
    genotypes.write(place / "g.yaml", GenotypeRecord(genotype, made.options.model_dump(mode="json")))
    written = (place / "g.yaml").read_bytes()
    drawn = {ending: _graph(made, genotype, place, ending) for ending in (".json", ".graphml", ".dot")}
    run = _run(place / "run", made, genotype)
    table = json.dumps(
        {"0012": {"mean_acc": [90.1, 90.2], "params": 1.5, "flops": 3}, "0101": {"mean_acc": 80, "params": 2}}
    ).encode()
    weights = _torch({"a.weight": torch.zeros(2, 3), "a.bias": torch.zeros(2), "steps": torch.tensor(3)})
    state = RunLayout(run).checkpoint("retrain", 7)
    return [
        Reader(
            "experiments",
            2,
            "same_space_four_ways/x.yaml",
            experiments,
            lambda path: load(path, registry=registry),
            rebuild=_other_yaml,
        ),
        Reader(
            "YAML",
            14,
            "y.yaml",
            [SMALL_YAML, *experiments[:1]],
            _round_trip,
            grammar=hostile.yaml_text,
            rebuild=_other_yaml,
        ),
        Reader("overrides", 6, "set.txt", [b"strategy.epochs=2", b"a.b={c: [1, x]}"], _override),
        Reader("genotypes", 9, "g.yaml", [written], genotypes.read, grammar=hostile.yaml_text, rebuild=_other_yaml),
        Reader(
            "JSON graphs", 10, "g.json", [drawn[".json"]], graphs.load, grammar=hostile.json_text, rebuild=_other_json
        ),
        Reader("GraphML", 10, "g.graphml", [drawn[".graphml"]], graphs.load, TEXT + hostile.MARKUP),
        Reader("DOT", 10, "g.dot", [drawn[".dot"]], graphs.load, TEXT + hostile.MARKUP),
        *_run_readers(run),
        Reader("tables", 10, "table.json", [table], _table, grammar=hostile.json_text, rebuild=_other_json),
        Reader("labels", 10, "label.png", _labels(), _label(place / "image.png"), hostile.BYTES),
        Reader("weights", 5, "weights.pt", [weights], read_tensors, hostile.BYTES, rebuild=hostile.rezipped),
        Reader(
            *("checkpoints", 5, "retrain-00000007.pt", [state.read_bytes()]),
            *(checkpoint.read_state, hostile.BYTES, None, hostile.checkpoint),
        ),
        Reader(
            *("snapshots", 3, "run/snapshots/00000007.npz", [RunLayout(run).snapshot("search", 7).read_bytes()]),
            *(lambda path: read_snapshot(path.parent.parent), hostile.BYTES, None, hostile.rezipped),
        ),
    ]


_LOADER, _DUMPER = (getattr(yaml, f"C{name}", getattr(yaml, name)) for name in ("SafeLoader", "SafeDumper"))


def _read_yaml(data):
    return yaml.load(data, Loader=_LOADER)


def _other_yaml(rng, data):
    return hostile.revalued(rng, _read_yaml, lambda tree: yaml.dump(tree, Dumper=_DUMPER, sort_keys=False), data)


def _other_json(rng, data):
    return hostile.revalued(rng, json.loads, json.dumps, data)


def _round_trip(path):
    """A mapping that was read is the same when it is written and read again."""
    found = read_mapping(path)
    again = path.with_name("again.yaml")
    again.write_text(dump(found), encoding="utf-8")
    assert repr(read_mapping(again)) == repr(found), "what was written is read back as something else"


def _override(path):
    faults = Faults()
    read_override(path.read_bytes().decode("utf-8", "surrogateescape"), faults)
    faults.raise_all()


def _table(path):
    read_rows(path, "mean_acc", ["params"])


def _graph(space, genotype, place, ending):
    graphs.save(space.graph(genotype), place / f"drawn{ending}")
    return (place / f"drawn{ending}").read_bytes()


def _torch(data):
    file = io.BytesIO()
    torch.save(data, file)
    return file.getvalue()


def _labels():
    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8) % 34
    found = []
    for kind in ("PNG", "TIFF", "BMP", "GIF"):
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, kind)
        found.append(file.getvalue())
    return found


def _label(image):
    Image.new("RGB", (8, 8)).save(image)
    store = FrameStore("label_ids", 1, 0)
    return lambda path: store.load(Frame("a", "a_000000_000000", image, path))


def _run(folder, space, genotype):
    """A run folder with something of every kind in it."""
    layout = RunLayout(folder)
    for path in (layout.snapshots, layout.retrain_checkpoints):
        path.mkdir(parents=True)
    experiment = {"name": "x", "seed": 0, "space": {"type": "autodeeplab", "layers": 3}, "strategy": {"type": "darts"}}
    layout.experiment.write_text(dump(experiment))
    layout.status.write_text(json.dumps({"state": "done", "phase": "retrain", "step": 7, "steps": 7}))
    events = [
        {"event": kind, "time": 1e9 + at, "metrics": {"score": 0.5}} for at, kind in enumerate(("started", "step"))
    ]
    layout.events.write_text("".join(json.dumps(event) + "\n" for event in events))
    layout.metrics.parent.mkdir(exist_ok=True)
    layout.metrics.write_text(json.dumps({"score": 0.5, "tables": {"t": {"columns": ["a"], "rows": [[1]]}}}))
    graphs.save(space.graph(), layout.graph)
    graphs.save(space.graph(genotype), layout.genotype_graph)
    np.savez(layout.snapshot("search", 7), operation=np.zeros((3, 2)), move=np.zeros(3))
    position = checkpoint.Position("mine", 7, 7, 0)
    checkpoint.save(
        layout.checkpoint("retrain", 7), position, {"network": {"a": torch.zeros(2)}, "history": [(1, "a")]}
    )
    return folder


def _run_readers(run):
    """The list of all runs and the record of one, where one of the run's files is hostile."""
    layout = RunLayout(run)
    files = (layout.experiment, layout.status, layout.events, layout.metrics, layout.graph)
    return [
        Reader(
            *(f"runs, {path.name}", 2, f"run-{path.stem}/run/{layout.name(path)}", [path.read_bytes()]),
            _listed(run, layout.name(path)),
            grammar=hostile.json_text,
            rebuild={".yaml": _other_yaml, ".json": _other_json}.get(path.suffix),
        )
        for path in files
    ]


def _listed(run, name):
    """Reads a run whose other files are whole. Args: name: of the hostile one."""

    def read(path):
        folder = path.parents[len(Path(name).parts) - 1]
        for whole in (*run.glob("*.*"), *run.glob("retrain/*.*")):
            copy = folder / whole.relative_to(run)
            if not copy.exists():
                copy.parent.mkdir(exist_ok=True)
                shutil.copy(whole, copy)
        (entry,) = list_runs(folder.parent)
        json.dumps(entry.faults)
        found = record.read(folder)
        for part in (text.head, text.what_was_run, text.times):
            list(part(found))

    return read


@click.command()
@click.option("--inputs", type=click.IntRange(1), default=2000, show_default=True, help="How many in all.")
@click.option("--seed", default=0, show_default=True)
@click.option("--only", default="", help="Readers whose names begin so.")
@click.option("--keep", type=click.Path(path_type=Path), help="Folder for the inputs that were at fault.")
@click.option("--most", default=12, show_default=True, help="How many distinct errors of a reader to show.")
def main(inputs, seed, only, keep, most):
    """Feed every reader with hostile inputs."""
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        known = readers(Path(folder))
        chosen = [reader for reader in known if reader.name.startswith(only)]
        shares = sum(reader.share for reader in chosen)
        tallies = {}
        for reader in chosen:
            rng = random.Random(f"{seed} {reader.name}")
            count = -(-inputs * reader.share // shares)
            tallies[reader.name] = feed(reader, Path(folder) / "in", rng, count, keep)
            _tell(reader.name, tallies[reader.name], most)
    _summary(tallies, keep)
    if any(tally.foreign or tally.slowest > SECONDS for tally in tallies.values()):
        raise SystemExit(1)


def _tell(name, tally, most):
    click.echo(f"\n{name}: {tally.inputs:,} inputs, {tally.read:,} read, slowest {tally.slowest:.3f} s")
    for kind, found in (("FOREIGN ", tally.foreign), ("", tally.refused)):
        click.echo("".join(f"  {kind}{count:7,}  {error}\n" for error, count in found.most_common(most)), nl=False)
    if len(tally.refused) > most:
        click.echo(f"  and {len(tally.refused) - most} more kinds")


def _summary(tallies, keep):
    click.echo(
        "\n| reader | inputs | read | refused | kinds of refusal | other errors | slowest input |\n| --- |"
        + " ---: |" * 6
    )
    for name, tally in tallies.items():
        numbers = tally.inputs, tally.read, tally.refused.total(), len(tally.refused), tally.foreign.total()
        click.echo(f"| {name} | {' | '.join(f'{number:,}' for number in numbers)} | {tally.slowest:.2f} s |")
    name, slowest = max(tallies.items(), key=lambda item: item[1].slowest)
    begins = slowest.worst[:60]
    click.echo(f"\nslowest of all: {name}, {slowest.slowest:.2f} s, {len(slowest.worst):,} bytes, {begins!r}")
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
        (keep / "slowest").write_bytes(slowest.worst)


if __name__ == "__main__":
    main()

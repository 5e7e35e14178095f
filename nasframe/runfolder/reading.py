"""Single files of a run folder, read when they are wanted, of a run that is over, going on or dead."""

from __future__ import annotations

import fcntl
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np

from nasframe.errors import RunFolderError
from nasframe.graph import from_json
from nasframe.runfolder.folder import EVENTS, EXPERIMENT, LOCK, STATUS
from nasframe.space import Task

GRAPH, GENOTYPE_GRAPH, SNAPSHOTS = "graph.json", "genotype.json", "snapshots"
TASK, COST = "task.json", "retrain/cost.json"
_CHANNELS = 3
"""Of images, where a run folder does not say it."""


def is_run(folder: Path) -> bool:
    """Whether a folder holds a run."""
    return any((folder / name).is_file() for name in (EXPERIMENT, STATUS, EVENTS))


def require_run(folder: Path) -> None:
    """Check that a folder holds a run.

    Raises:
        RunFolderError: it does not.
    """
    if is_run(folder):
        return
    found = "is a file" if folder.is_file() else "has no experiment.yaml" if folder.is_dir() else "does not exist"
    raise RunFolderError(f"{folder} is no run folder: it {found}; name the folder that 'nasframe run' printed")


def in_use(folder: Path) -> bool:
    """Whether a process is running in a run folder: it holds the lock."""
    try:
        lock = (folder / LOCK).open()
    except OSError:
        return False
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def read_graph(folder: Path) -> nx.DiGraph:
    """The graph of the run's whole space.

    Raises:
        RunFolderError: the folder is no run's, or has none, or it cannot be read.
    """
    require_run(folder)
    path = folder / GRAPH
    if not path.is_file():
        raise RunFolderError(f"{path} does not exist: the run has not begun its search, so there is nothing to show")
    return _graph(path)


def read_genotype_graph(folder: Path) -> nx.DiGraph | None:
    """The graph of the genotype that the run found; None: it has found none yet.

    Raises:
        RunFolderError: it cannot be read.
    """
    path = folder / GENOTYPE_GRAPH
    return _graph(path) if path.is_file() else None


def snapshot_steps(folder: Path) -> list[int]:
    """After which steps there are snapshots of the mixing weights, in order."""
    return sorted(int(path.stem) for path in (folder / SNAPSHOTS).glob("*.npz") if path.stem.isdigit())


def read_snapshot(folder: Path, step: int | None = None) -> tuple[int, Mapping[str, np.ndarray]]:
    """Step and mixing weights of a snapshot.

    Args:
        step: None: the last one that can be read; a run may have died while it wrote.

    Raises:
        RunFolderError: there is none, or it cannot be read.
    """
    steps = snapshot_steps(folder)
    if not steps:
        raise RunFolderError(
            f"{folder} has no snapshots: its strategy keeps no mixing weights, run.snapshots is 0, or the search has "
            "not come to the first one. There is nothing to decode"
        )
    if step is not None and step not in steps:
        near = sorted(sorted(steps, key=lambda there: abs(there - step))[:5])
        raise RunFolderError(
            f"{folder} has no snapshot of step {step}; the nearest are of {', '.join(map(str, near))} "
            f"({len(steps)} in all, the last of {steps[-1]})"
        )
    failures = []
    for candidate in reversed(steps) if step is None else [step]:
        path = folder / SNAPSHOTS / f"{candidate:08}.npz"
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return candidate, dict(arrays)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            failures.append(f"{path} cannot be read ({str(error).partition(chr(10))[0]})")
    raise RunFolderError(failures[0])


def read_task(folder: Path) -> Task | None:
    """What the run's final network has to do; None: the folder does not say."""
    task, cost = read_mapping(folder / TASK), read_mapping(folder / COST)
    try:
        if task:
            height, width = task["size"]
            return Task(task["in_channels"], task["num_classes"], (height, width), task["dense"])
        height, width = cost["size"]
        return Task(_CHANNELS, cost["classes"], (height, width))
    except (KeyError, TypeError, ValueError):
        return None


def read_mapping(path: Path) -> dict[str, Any]:
    """What a JSON file says; empty where it is missing, torn or holds something else."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _graph(path: Path) -> nx.DiGraph:
    try:
        return from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, nx.NetworkXError) as error:
        raise RunFolderError(
            f"{path} cannot be read ({type(error).__name__}: {error}); put a whole one back"
        ) from error

"""Reading a run folder: of a run that is over, going on or dead, file by file, as far as it is there."""

from __future__ import annotations

import fcntl
import os
import re
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, final

import networkx as nx
import numpy as np

from nasframe.errors import GraphError, NasframeError, RunFolderError, listed
from nasframe.files import plain_json, yaml_text
from nasframe.files.words import first_line, quantity
from nasframe.graph import NETWORK, edges, from_data, part
from nasframe.runfolder.checksums import Checksums
from nasframe.runfolder.layout import RunLayout
from nasframe.space import Task

T = TypeVar("T")
_UNREADABLE = (
    *(NasframeError, OSError, ValueError, LookupError, TypeError, AttributeError, EOFError),
    *(ArithmeticError, MemoryError, RuntimeError, SyntaxError),
    *(nx.NetworkXException, struct.error, tokenize.TokenError, zipfile.BadZipFile, zlib.error),
)
"""What reading a torn or foreign file may raise."""
_TYPES: dict[str, type] = {"event": str, "phase": str, "metrics": dict}
"""What of an event everybody reads."""
_CHANNELS = 3
"""Of images, where a run folder does not say it."""


def is_run(folder: Path) -> bool:
    """Whether a folder holds a run, as far as it can be looked into."""
    return any(os.path.isfile(path) for path in _signs(folder))


def require_run(folder: Path, *, or_else: str = "") -> RunLayout:
    """Check that a folder holds a run.

    Args:
        or_else: what might be named instead, such as ``", or an experiment file"``.

    Raises:
        RunFolderError: it does not.
    """
    layout = RunLayout(folder)
    if is_run(folder):
        return layout
    if folder.is_dir():
        try:
            names = sorted(path.name for path in folder.iterdir())
        except OSError as error:
            raise RunFolderError(f"{folder} cannot be read ({error.strerror}); give the right to read it") from error
        if not os.access(folder, os.X_OK, effective_ids=True):
            raise RunFolderError(f"{folder} cannot be looked into; give the right to (chmod +x)")
        found = f"holds {listed(names)}" if names else "is empty"
    else:
        found = "is a file" if folder.exists() else "does not exist"
    raise RunFolderError(
        f"{folder} is no run folder: it {found}. A run folder has {' or '.join(map(layout.name, _signs(folder)))}; "
        f"name the folder that 'nasframe run' printed{or_else}"
    )


def require_experiment(folder: Path, *, or_else: str = "") -> Path:
    """The experiment file of a run folder.

    Args:
        or_else: as for ``require_run``.

    Raises:
        RunFolderError: the folder holds no run, or one that has lost its experiment.
    """
    layout = require_run(folder, or_else=or_else)
    if not layout.experiment.is_file():
        lost = layout.name(layout.experiment)
        raise RunFolderError(f"{folder} is a run that has lost its {lost}: put it back, or name another run's folder")
    return layout.experiment


def in_use(folder: Path) -> bool:
    """Whether a process is running in a run folder: it holds the lock."""
    try:
        lock = RunLayout(folder).lock.open()
    except OSError:
        return False
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@final
class RunReader:
    """Reads files of a run folder: what is missing is empty or None, and so is what is torn, which is a fault."""

    def __init__(self, folder: Path) -> None:
        self.layout = RunLayout(folder)
        self._checksums = Checksums(self.layout)
        self.faults: list[tuple[Path, str]] = []
        """Files that are there but could not be read, and what is wrong with each."""

    def mapping(self, path: Path, parse: Callable[[str], Any] | None = None) -> dict[str, Any]:
        """A file that holds a mapping. Args: parse: of JSON, None: nothing else is asked of it; YAML has its own."""
        if path.suffix == ".yaml":
            return self._parsed(path, lambda: yaml_text.read_mapping(path)) or {}
        found = self._parsed(path, lambda: (parse or plain_json.parse)(_text(path)))
        if found is not None and not isinstance(found, dict):
            self.faults.append((path, f"should hold a mapping, but holds a {type(found).__name__}"))
        return found if isinstance(found, dict) else {}

    def events(self) -> tuple[dict[str, Any], ...]:
        """The events; a line that is torn is left out, and a fault unless it is the last one, as of a killed run."""
        path = self.layout.events
        records, torn = self._parsed(path, lambda: _records(_text(path))) or ([], [])
        if torn:
            lines = quantity(len(torn), "line")
            self.faults.append((path, f"has {lines} that cannot be read, the first at {torn[0]}; left out"))
        return tuple(records)

    def graph(self, path: Path) -> nx.DiGraph | None:
        """A graph whose nodes and edges have the attributes that every drawing needs."""
        return self._parsed(path, lambda: _checked(from_data(plain_json.parse(_text(path)))))

    def snapshots(self) -> dict[int, Path]:
        """The files of the search's snapshots by step, in order; not read yet."""
        files = (path for path in self.layout.snapshots.glob("*.npz") if re.fullmatch("[0-9]{1,18}", path.stem))
        found = {int(path.stem): path for path in files}
        return dict(sorted(found.items()))

    def arrays(self, path: Path) -> Mapping[str, np.ndarray] | None:
        """The mixing weights of a snapshot."""
        return self._parsed(path, lambda: _arrays(path))

    def task(self) -> Task | None:
        """What the run's final network has to do."""
        task, cost = self.mapping(self.layout.task), self.mapping(self.layout.cost)
        try:
            if task:
                height, width = task["size"]
                return Task(
                    task["in_channels"], task["num_classes"], (height, width), task["dense"], task.get("stride", 1)
                )
            height, width = cost["size"]
            return Task(_CHANNELS, cost["classes"], (height, width))
        except (KeyError, TypeError, ValueError):
            return None

    def _parsed(self, path: Path, read: Callable[[], T]) -> T | None:
        """What a file holds; None where it is missing or cannot be read."""
        if not os.path.isfile(path):
            if os.path.lexists(path):
                self.faults.append((path, "is no file, as it should be"))
            return None
        try:
            if fault := self._checksums.fault(path):
                self.faults.append((path, fault))
                return None
            return read()
        except NasframeError as error:
            self.faults.append((path, f"cannot be read ({_said(error, path)})"))
        except _UNREADABLE as error:
            self.faults.append((path, f"cannot be read ({type(error).__name__}: {first_line(error)})"))
        return None


def read_graph(folder: Path) -> nx.DiGraph:
    """The graph of the run's whole space.

    Raises:
        RunFolderError: the folder is no run's, or has none, or it cannot be read.
    """
    path = require_run(folder).graph
    if not path.is_file():
        raise RunFolderError(f"{path} does not exist: the run has not begun its search, so there is nothing to show")
    return _whole_graph(folder, path)


def read_genotype_graph(folder: Path) -> nx.DiGraph | None:
    """The graph of the genotype that the run found; None: it has found none yet.

    Raises:
        RunFolderError: it cannot be read.
    """
    path = RunLayout(folder).genotype_graph
    return _whole_graph(folder, path) if path.is_file() else None


def read_snapshot(folder: Path, step: int | None = None) -> tuple[int, Mapping[str, np.ndarray]]:
    """Step and mixing weights of a snapshot.

    Args:
        step: None: the last one that can be read; a run may have died while it wrote.

    Raises:
        RunFolderError: there is none, or it cannot be read.
    """
    reader = RunReader(folder)
    paths = reader.snapshots()
    steps = list(paths)
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
    for candidate in reversed(steps) if step is None else [step]:
        arrays = reader.arrays(paths[candidate])
        if arrays is not None:
            return candidate, arrays
    assert reader.faults, "what is there and gives no arrays is a fault"
    raise RunFolderError(" ".join(map(str, reader.faults[0])))


def _signs(folder: Path) -> tuple[Path, ...]:
    """The files of which a run folder has at least one."""
    layout = RunLayout(folder)
    return layout.experiment, layout.status, layout.events


def _said(error: NasframeError, path: Path) -> str:
    """The first thing that is wrong in a file, without the file's name."""
    first, *others = [line.strip() for line in str(error).splitlines()][-1 if "\n" not in str(error) else 1 :]
    more = f", and {len(others)} more" if others else ""
    return first.removeprefix(f"{path}:").strip() + more


def _whole_graph(folder: Path, path: Path) -> nx.DiGraph:
    reader = RunReader(folder)
    graph = reader.graph(path)
    if graph is None:
        assert reader.faults, "what is there and gives no graph is a fault"
        raise RunFolderError(f"{path} {reader.faults[0][1]}; put a whole one back")
    return graph


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _records(text: str) -> tuple[list[dict[str, Any]], list[int]]:
    """The records of lines, and the numbers of the lines but the last that are none."""
    records, torn = list[dict[str, Any]](), list[int]()
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        try:
            record = plain_json.parse(line)
        except ValueError:
            record = None
        if isinstance(record, dict) and all(isinstance(record.get(key), kind | None) for key, kind in _TYPES.items()):
            records.append(record)
        elif number < len(lines):
            torn.append(number)
    return records, torn


def _arrays(path: Path) -> Mapping[str, np.ndarray]:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return dict(arrays)


def _checked(graph: nx.DiGraph) -> nx.DiGraph:
    for node, data in graph.nodes(data=True):
        if missing := {"part", "kind", "layer", "level"} - data.keys():
            raise ValueError(f"node {node!r} lacks {', '.join(sorted(missing))}")
    for (a, b, *_), data in edges(graph):
        if "kind" not in data:
            raise ValueError(f"edge {a!r} to {b!r} lacks kind")
    try:
        part(graph, NETWORK)
    except GraphError as error:
        raise ValueError(str(error)) from error
    if not nx.is_directed_acyclic_graph(graph):
        raise ValueError("the graph has a cycle")
    return graph

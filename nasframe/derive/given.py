"""A search that another program made: its arrays, and a file that says what they are in a space of ours.

The file is YAML::

    space: autodeeplab
    options: {filters: 20}            # of the networks that are built; may be left out
    source: a search on two GPUs      # words for the genotype file; may be left out
    arrays:
      operation:                      # a name that the space's graph refers to (``weight``)
        file: search.pt               # .npy, .npz or .pt, from this file's folder on
        array: state_dict.alphas      # its name, where the file has several
        values: logits                # of which the softmax is taken; or weights
        primitives: [zero, skip, …]   # the columns
        edges: [[cell/h-2, cell/b1], …]   # the rows; left out: the space's own order
      move:
        file: betas.npy
        values: logits
        moves: [up, stay, down]       # the columns: to a finer level, the same, a coarser one
        nodes: [stem2, l1/s4, …]      # the rows: where moves begin; left out: see ``tables.fill_moves``
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import networkx as nx
import numpy as np

from nasframe.derive.arrays import Read, arrays_in
from nasframe.derive.entry import ArrayEntry, WrongError
from nasframe.derive.source import FinalSpace, Weighted
from nasframe.derive.tables import fill_moves, fill_operations
from nasframe.errors import ExperimentError, FileError, NasframeError, PluginError, did_you_mean, listed
from nasframe.experiment.run_options import RunOptions
from nasframe.experiment.sections import check_keys, check_options
from nasframe.files.yaml_text import Fault, Faults, Value, read_file, read_mapping
from nasframe.graph import Edge, edges
from nasframe.plugin.registry import Registry

_KEYS = {
    "space": (str, "the name of a space"),
    "arrays": (dict, "a mapping that says what each array is"),
    "options": (dict, "a mapping"),
    "source": (str, "words"),
}
_NEEDED = ("space", "arrays")
_COMMON = ("file", "array", "values")


def holds_arrays(path: Path) -> bool:
    """Whether a file is YAML that says what arrays are."""
    try:
        return path.is_file() and "arrays" in read_mapping(path)
    except NasframeError:
        return False


def read_given(path: Path, registry: Registry) -> tuple[Weighted, FinalSpace]:
    """A space with the mixing weights that a file says where to find, and the space that networks are built from.

    Raises:
        FileError: what is wrong, with its place in the file; of each array the first thing.
    """
    faults = Faults()
    try:
        top = read_file(path, faults)
    except ExperimentError as error:
        raise FileError(str(error)) from error
    _check_keys(top, faults)
    faults.raise_all(FileError)
    final = _final_space(top, registry, faults)
    faults.raise_all(FileError)
    assert final is not None, "what is wrong is a fault"
    graph = final.space.graph().copy()
    faults.extend(_fill(graph, top.members["arrays"], path.parent))
    faults.raise_all(FileError)
    source = str(top.members["source"].data) if "source" in top.members else f"the arrays of {path.name}"
    return Weighted(path, None, graph, None, source), final


def _check_keys(top: Value, faults: Faults) -> None:
    if not isinstance(top.data, dict):
        faults.add(top.place, "", f"found {top.shown()}, expected the keys {', '.join(_KEYS)}")
        return
    check_keys(top, _KEYS, "", faults)
    for key, (kind, words) in _KEYS.items():
        value = top.members.get(key)
        if value is None and key in _NEEDED:
            faults.add(top.place, key, f"missing; expected {words}")
        elif value is not None and not isinstance(value.data, kind):
            faults.add(value.place, key, f"found {value.shown()}, expected {words}")


def _final_space(top: Value, registry: Registry, faults: Faults) -> FinalSpace | None:
    name, options = top.members["space"], top.members.get("options", Value({}, top.place, top.place))
    try:
        found = registry.get("space", str(name.data))
    except PluginError as error:
        faults.add(name.place, "space", str(error))
        return None
    checked = check_options(found.value.Options, options, "options", faults)
    if checked is None:
        return None
    written = checked.model_dump(mode="json")
    return FinalSpace(
        found.value(checked), written, found.distribution, found.version, (RunOptions.model_validate({}), 0)
    )


def _fill(graph: nx.DiGraph, arrays: Value, folder: Path) -> list[Fault]:
    """Set ``value`` on every edge that refers to an array; returns what is wrong."""
    refer: dict[str, list[Edge]] = {}
    for edge, data in edges(graph):
        if "weight" in data:
            refer.setdefault(data["weight"][0], []).append(edge)
    faults = Faults()
    for name, inner in arrays.members.items():
        if name not in refer:
            message = f"the space's graph refers to no array {name!r}{did_you_mean(name, refer)}; it refers to "
            faults.add(inner.key, f"arrays.{name}", message + (listed(refer) or "none"))
    source = _Source(folder)
    for name, named in refer.items():
        try:
            _fill_one(graph, name, named, arrays, source)
        except WrongError as error:
            faults.extend([error.fault])
    return list(faults)


def _fill_one(graph: nx.DiGraph, name: str, named: list[Edge], arrays: Value, source: _Source) -> None:
    path, value = f"arrays.{name}", arrays.members.get(name)
    if value is None:
        raise WrongError(arrays.key, path, "missing; expected where this array of the space is")
    if not isinstance(value.data, dict):
        raise WrongError(value.place, path, f"found {value.shown()}, expected a mapping with {', '.join(_COMMON)}")
    entry = ArrayEntry(path, value)
    if all("operations" in graph.edges[edge] for edge in named):
        entry.require_keys((*_COMMON, "primitives", "edges"))
        fill_operations(graph, named, entry, source.read(entry))
    else:
        entry.require_keys((*_COMMON, "moves", "nodes"))
        fill_moves(graph, named, entry, source.read(entry))


class _Source:
    """The files that arrays are read from, each opened once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[Path, Mapping[str, Read]] = {}
        self.read_already: dict[tuple[Path, str], str] = {}

    def read(self, entry: ArrayEntry) -> np.ndarray:
        """The array that an entry names, in double precision.

        Raises:
            WrongError: it cannot be had, or another entry has it.
        """
        path = self.folder / Path(entry.text("file")).expanduser()
        try:
            if path not in self.files:
                self.files[path] = arrays_in(path)
            name = _chosen(entry, self.files[path], path)
            other = self.read_already.setdefault((path.resolve(), name), entry.path)
            if other != entry.path:
                key = "array" if "array" in entry.value.members else "file"
                raise entry.wrong(key, f"this array is given to {other} already; each has its own")
            return self.files[path][name]()
        except FileError as error:
            raise entry.wrong("file", str(error)) from error


def _chosen(entry: ArrayEntry, found: Mapping[str, Read], path: Path) -> str:
    """The name of the array that is meant."""
    if "array" in entry.value.members:
        name = entry.text("array")
        if name not in found:
            there = listed([one for one in found if one], repr) or "one array without a name: leave this key out"
            raise entry.wrong("array", f"{path} has no array {name!r}{did_you_mean(name, found)}; it has {there}")
        return name
    if len(found) == 1:
        return next(iter(found))
    raise entry.wrong(
        "array", f"missing, as {path} has {listed(found, repr) or 'no arrays'}; expected one of these names"
    )

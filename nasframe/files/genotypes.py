"""Genotype files: the YAML form of a genotype and of the options of its space."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from nasframe.errors import ExperimentError, GenotypeError
from nasframe.files import atomic
from nasframe.files.yaml_text import Fault, Faults, Value, dump, read_file
from nasframe.genotype import Genotype, GenotypeRecord

Scalar = (str, int, float, bool)


def read(path: str | Path) -> GenotypeRecord:
    """The genotype in a file with the keys ``space``, ``options`` and ``decisions``; other keys are allowed.

    Whether it is legal in its space is the business of ``nasframe.genotype.validate``.

    Raises:
        GenotypeError: the file cannot be read or is no genotype file; everything that is wrong, with its place.
    """
    return read_located(path)[0]


def read_located(path: str | Path) -> tuple[GenotypeRecord, Value]:
    """``read``, and the options with their places, for checking them."""
    faults = Faults()
    try:
        tree = read_file(Path(path), faults)
    except ExperimentError as error:
        raise GenotypeError(str(error)) from error
    return from_value(tree, faults)


def from_value(tree: Value, known: Iterable[Fault] = ()) -> tuple[GenotypeRecord, Value]:
    """The genotype that a mapping stands for, written like a genotype file, and the options with their places.

    Args:
        known: what is wrong already.

    Raises:
        GenotypeError: everything that is wrong, with its place.
    """
    faults = Faults()
    if not isinstance(tree.data, dict):
        faults.add(tree.place, "", f"found {tree.shown()}, expected the keys of a genotype: space, options, decisions")
        faults.raise_all(GenotypeError)
    empty = Value({}, tree.place, tree.place)
    options = tree.members.get("options", empty)
    options = empty if options.data is None else options
    faults.extend(known)
    _check(tree, options, faults)
    faults.raise_all(GenotypeError)
    source = tree.members.get("source", empty).data
    genotype = Genotype.from_dict(tree.plain())
    return GenotypeRecord(genotype, options.plain(), source if isinstance(source, str) else ""), options


def write(path: Path, record: GenotypeRecord, extra: Mapping[str, Any] | None = None) -> None:
    """Write a genotype file, atomically.

    Args:
        extra: more plain data for people to read, such as the plug-ins' versions.

    Raises:
        RunError: it cannot be written.
    """
    data = record.genotype.to_dict()
    head = {"space": data["space"], "options": dict(record.options)}
    source = {"source": record.source} if record.source else {}
    atomic.write_text(path, dump({**head, **source, **(extra or {}), "decisions": data["decisions"]}))


def _check(tree: Value, options: Value, faults: Faults) -> None:
    keys = tree.members
    for key, kind, words in (("space", str, "the name of a space"), ("decisions", dict, "answers by decision")):
        if key not in keys:
            faults.add(tree.place, key, f"missing; expected {words}")
        elif not isinstance(keys[key].data, kind):
            faults.add(keys[key].place, key, f"found {keys[key].shown()}, expected {words}")
    if not isinstance(options.data, dict):
        faults.add(options.place, "options", f"found {options.shown()}, expected a mapping")
    for name, answer in keys["decisions"].members.items() if "decisions" in keys else ():
        if not _is_answer(answer):
            message = f"found {answer.shown()}, expected a word, a number or a list of them"
            faults.add(answer.place, f"decisions.{name}", message)


def _is_answer(value: Value) -> bool:
    if isinstance(value.data, list):
        return all(_is_answer(inner) for inner in value.data)
    return isinstance(value.data, Scalar)

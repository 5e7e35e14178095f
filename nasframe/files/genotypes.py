"""Genotype files: the YAML form of a genotype and of the options of its space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nasframe.errors import ExperimentError, GenotypeError
from nasframe.files import atomic
from nasframe.files.located import Problem, Value, plain, raise_problems, shown
from nasframe.files.yaml_text import dump, read_file
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
    problems: list[Problem] = []
    try:
        tree = read_file(Path(path), problems)
    except ExperimentError as error:
        raise GenotypeError(str(error)) from error
    return from_value(tree, problems)


def from_value(tree: Value, problems: Sequence[Problem] = ()) -> tuple[GenotypeRecord, Value]:
    """The genotype that a mapping stands for, written like a genotype file, and the options with their places.

    Args:
        problems: what is already known to be wrong.

    Raises:
        GenotypeError: everything that is wrong, with its place.
    """
    if not isinstance(tree.data, dict):
        message = f"found {shown(plain(tree))}, expected the keys of a genotype: space, options, decisions"
        raise GenotypeError(str(Problem(tree.place, "", message)))
    empty = Value({}, tree.place, tree.place)
    options = tree.data.get("options", empty)
    options = empty if options.data is None else options
    raise_problems([*problems, *_faults(tree, tree.data, options)], GenotypeError)
    source = tree.data.get("source", empty).data
    genotype = Genotype.from_dict(plain(tree))
    return GenotypeRecord(genotype, plain(options), source if isinstance(source, str) else ""), options


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


def _faults(tree: Value, keys: Mapping[str, Value], options: Value) -> list[Problem]:
    faults = []
    for key, kind, words in (("space", str, "the name of a space"), ("decisions", dict, "answers by decision")):
        if key not in keys:
            faults.append(Problem(tree.place, key, f"missing; expected {words}"))
        elif not isinstance(keys[key].data, kind):
            faults.append(Problem(keys[key].place, key, f"found {shown(plain(keys[key]))}, expected {words}"))
    if not isinstance(options.data, dict):
        faults.append(Problem(options.place, "options", f"found {shown(plain(options))}, expected a mapping"))
    decisions = keys["decisions"].data if "decisions" in keys else None
    for name, answer in decisions.items() if isinstance(decisions, dict) else ():
        if not _is_answer(answer):
            message = f"found {shown(plain(answer))}, expected a word, a number or a list of them"
            faults.append(Problem(answer.place, f"decisions.{name}", message))
    return faults


def _is_answer(value: Value) -> bool:
    if isinstance(value.data, list):
        return all(_is_answer(inner) for inner in value.data)
    return isinstance(value.data, Scalar)

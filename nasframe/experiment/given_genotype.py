"""An experiment that gives its genotype, by the key ``genotype``, instead of a strategy that searches one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from nasframe.errors import GenotypeError, NasframeError
from nasframe.experiment.sections import Part, members
from nasframe.files import genotypes
from nasframe.files.located import Place, Problem, Value, merge, placed, plain, shown, type_differs
from nasframe.genotype import GenotypeRecord, validate
from nasframe.plugin.registry import Registry

KEY = "genotype"


def read_given(
    tree: Value, folder: Path, registry: Registry, problems: list[Problem]
) -> tuple[Value, GenotypeRecord | None]:
    """The genotype that an experiment gives, and the experiment with the genotype's space filled in.

    Args:
        tree: the whole experiment.
        folder: of the experiment's file, where a relative path starts.
        problems: gets what is wrong.

    Returns:
        The tree as it is and None if no genotype is given, or a wrong one.
    """
    value = members(tree).get(KEY)
    if value is None or value.data is None or value.problem:
        return tree, None
    try:
        record, options = find_genotype(value, folder, registry)
    except NasframeError as error:
        problems.append(Problem(value.place, KEY, str(error)))
        return tree, None
    for key, message in (
        (
            "strategy",
            "found beside the key 'genotype'; a genotype that is given is not searched: remove one of the two",
        ),
        ("retrain", "found null beside the key 'genotype'; a genotype that is given can only be retrained"),
    ):
        other = members(tree).get(key)
        if other is not None and (other.data is None) == (key == "retrain"):
            problems.append(Problem(other.place, key, message))
    return _with_space(tree, record, options, problems), record


def find_genotype(value: Value, folder: Path, registry: Registry) -> tuple[GenotypeRecord, Value]:
    """The genotype that a value means, and the options of its space with their places.

    Args:
        value: the name of a published genotype, a genotype file, or a mapping written like one.
        folder: where a relative path starts.

    Raises:
        NasframeError: it is none of these.
    """
    if isinstance(value.data, dict):
        return genotypes.from_value(value)
    if not isinstance(value.data, str):
        raise GenotypeError(f"found {shown(plain(value))}, expected a name, a file or a mapping with 'decisions'")
    if value.data in registry.names("genotype"):
        found = registry.get("genotype", value.data)
        place = Place(f"genotype {value.data!r} ({found.distribution} {found.version})")
        return found.value, placed(found.value.options, place)
    path = folder / Path(value.data).expanduser()
    if path.is_file():
        return genotypes.read_located(path)
    known = ", ".join(registry.names("genotype")) or "none"
    raise GenotypeError(f"found {value.data!r}, which is no file ({path}) and no published genotype (known: {known})")


def check_legal(given: GenotypeRecord, space: Part[Any], place: Place, path: str, problems: list[Problem]) -> None:
    """Check that a genotype is legal in the space that it is built in."""
    try:
        validate(space.cls(space.options), given.genotype)
    except GenotypeError as error:
        problems.append(Problem(place, path, str(error)))


def _with_space(tree: Value, record: GenotypeRecord, options: Value, problems: list[Problem]) -> Value:
    """The experiment with the genotype's space and its options under what is written in the section ``space``."""
    kind = placed(record.genotype.space, options.place)
    space = Value({"type": kind, **members(options)}, options.place, options.key)
    written = members(tree).get("space")
    if type_differs(space, written):
        assert written is not None, "None has no type"
        found = f"found {shown(plain(members(written)['type']))}, but the genotype is of {record.genotype.space!r}"
        problems.append(Problem(written.place, "space.type", f"{found}; remove this key, or give another genotype"))
    merged = space if written is None else merge(space, written)
    return replace(tree, data={**members(tree), "space": merged})

"""An experiment that gives its genotype, by the key ``genotype``, instead of a strategy that searches one."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from nasframe.errors import GenotypeError, NasframeError
from nasframe.experiment.sections import Part
from nasframe.files import genotypes
from nasframe.files.yaml_text import Faults, Place, Value, placed
from nasframe.genotype import GenotypeRecord, validate
from nasframe.plugin.registry import Registry

GENOTYPE = "genotype"
"""The key."""


def read_given(tree: Value, folder: Path, registry: Registry, faults: Faults) -> tuple[Value, GenotypeRecord | None]:
    """The genotype that an experiment gives, and the experiment with the genotype's space filled in.

    Args:
        tree: the whole experiment.
        folder: of the experiment's file, where a relative path starts.

    Returns:
        The tree as it is and None if no genotype is given, or a wrong one.
    """
    value = tree.members.get(GENOTYPE)
    if value is None or value.data is None or value.unknown:
        return tree, None
    try:
        record, options = find_genotype(value, folder, registry)
    except NasframeError as error:
        faults.add(value.place, GENOTYPE, str(error))
        return tree, None
    for key, message in (
        (
            "strategy",
            "found beside the key 'genotype'; a genotype that is given is not searched: remove one of the two",
        ),
        ("retrain", "found null beside the key 'genotype'; a genotype that is given can only be retrained"),
    ):
        other = tree.members.get(key)
        if other is not None and (other.data is None) == (key == "retrain"):
            faults.add(other.place, key, message)
    return _with_space(tree, record, options, faults), record


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
        raise GenotypeError(f"found {value.shown()}, expected a name, a file or a mapping with 'decisions'")
    if value.data in registry.names("genotype"):
        found = registry.get("genotype", value.data)
        place = Place(f"genotype {value.data!r} ({found.distribution} {found.version})")
        return found.value, placed(found.value.options, place)
    path = folder / os.path.expanduser(value.data)
    if os.path.isfile(path):
        return genotypes.read_located(path)
    known = ", ".join(registry.names("genotype")) or "none"
    raise GenotypeError(f"found {value.data!r}, which is no file ({path}) and no published genotype (known: {known})")


def check_legal(given: GenotypeRecord, space: Part[Any], place: Place, faults: Faults) -> None:
    """Check that a genotype is legal in the space that it is built in."""
    try:
        validate(space.cls(space.options), given.genotype)
    except GenotypeError as error:
        faults.add(place, GENOTYPE, str(error))


def _with_space(tree: Value, record: GenotypeRecord, options: Value, faults: Faults) -> Value:
    """The experiment with the genotype's space and its options under what is written in the section ``space``."""
    kind = placed(record.genotype.space, options.place)
    space = Value({"type": kind, **options.members}, options.place, options.key)
    written = tree.members.get("space")
    if written is not None and space.names_other_type(written):
        found = f"found {written.members['type'].shown()}, but the genotype is of {record.genotype.space!r}"
        faults.add(written.place, "space.type", f"{found}; remove this key, or give another genotype")
    merged = space if written is None else space.merge(written)
    return replace(tree, data={**tree.members, "space": merged})

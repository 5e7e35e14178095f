"""Genotypes and spaces as they are named on the command line, with overridden options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nasframe.errors import GenotypeError, PluginError
from nasframe.experiment.checking import load
from nasframe.experiment.composition import read_override
from nasframe.experiment.sections import check_options
from nasframe.files import genotypes
from nasframe.files.yaml_text import Faults, Place, Value, placed
from nasframe.genotype import Genotype, GenotypeRecord, validate
from nasframe.plugin.registry import Registry
from nasframe.space import SearchSpace


def find_genotype(registry: Registry, name_or_file: str, overrides: Sequence[str]) -> tuple[Genotype, SearchSpace]:
    """A genotype and its space.

    Args:
        overrides: texts like ``filters=8`` or ``space.filters=8``, over the options that come with the genotype.

    Raises:
        PluginError: nothing has that name, or the space is not installed.
        ExperimentError: everything that is wrong with the options, with its place.
        GenotypeError: the genotype is not legal in its space.
    """
    record, options = _record(registry, name_or_file)
    space = _space(registry, record.genotype.space, options, overrides)
    try:
        validate(space, record.genotype)
    except GenotypeError as error:
        raise GenotypeError(f"{name_or_file}: {error}") from error
    return record.genotype, space


def find_record(registry: Registry, name_or_file: str) -> GenotypeRecord:
    """A published genotype, or that of a file; nothing is checked against its space.

    Raises:
        PluginError: nothing has that name.
        GenotypeError: the file is no genotype file.
    """
    return _record(registry, name_or_file)[0]


def space_of(registry: Registry, name: str, options: Mapping[str, Any], overrides: Sequence[str]) -> SearchSpace:
    """A space by its name.

    Args:
        options: as plain data.
        overrides: texts like ``filters=8`` or ``space.filters=8``, over the options.

    Raises:
        PluginError: the space is not installed.
        ExperimentError: everything that is wrong with the options.
    """
    return _space(registry, name, placed(options, Place(f"space {name!r}")), overrides)


def find_space(registry: Registry, name_or_file: str, overrides: Sequence[str]) -> SearchSpace:
    """A space by its name, with its defaults, or that of an experiment file.

    Args:
        overrides: of a named space texts like ``filters=8`` or ``space.filters=8``; of a file as of any experiment.

    Raises:
        PluginError: nothing has that name.
        NasframeError: the options or the experiment are wrong.
    """
    if name_or_file not in registry.names("space") and Path(name_or_file).exists():
        part = load(name_or_file, overrides, registry).space
        return part.cls(part.options)
    try:
        found = registry.get("space", name_or_file)
    except PluginError as error:
        raise PluginError(f"{error}; nor is there an experiment file of that name") from error
    return space_of(registry, found.component.name, {}, overrides)


def _record(registry: Registry, name_or_file: str) -> tuple[GenotypeRecord, Value]:
    """The genotype and the located options of its space."""
    if name_or_file not in registry.names("genotype"):
        if Path(name_or_file).exists():
            return genotypes.read_located(name_or_file)
        try:
            registry.get("genotype", name_or_file)
        except PluginError as error:
            raise PluginError(f"{error}; nor is there a file of that name") from error
    found = registry.get("genotype", name_or_file)
    place = Place(f"genotype {name_or_file!r} ({found.distribution} {found.version})")
    return found.value, placed(found.value.options, place)


def _space(registry: Registry, name: str, options: Value, overrides: Sequence[str]) -> SearchSpace:
    faults = Faults()
    for text in overrides:
        override = read_override(text, faults)
        options = options.merge(override.members.get("space", override))
    faults.extend(options.unknown_values())
    faults.raise_all()
    space = registry.get("space", name).value
    checked = check_options(space.Options, options, "options", faults)
    faults.raise_all()
    return space(checked)

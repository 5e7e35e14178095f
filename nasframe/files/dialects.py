"""Genotypes as text: in the core's own forms, YAML and JSON, and in those that a space knows of other programs.

``hash_of`` tells genotypes of the same network by one short word, whatever text they were read from.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from nasframe.errors import CapabilityError, ExperimentError, GenotypeError, did_you_mean
from nasframe.files import genotypes
from nasframe.files.yaml_text import Faults, Place, dump, read_text
from nasframe.genotype import Genotype, GenotypeRecord, validate
from nasframe.graph import edges
from nasframe.space import Canonical, Dialect, SearchSpace, Translatable, canonical_form, stage_of

__all__ = ["OWN", "dialects_of", "hash_of", "own", "read", "write"]

OWN = ("yaml", "json")
"""The names of the core's own forms, in which each space's genotypes can be written, with their options."""
HASH_DIGITS = 32
"""Hexadecimal: 128 bits."""


def own(text: str, source: str) -> tuple[str, GenotypeRecord] | None:
    """The genotype of a text in one of the core's own forms, and the form's name; None: it is in none of them.

    Args:
        source: how errors call the text.

    Raises:
        GenotypeError: it is meant to be, having the keys ``space`` and ``decisions``, but something in it is wrong.
    """
    faults = Faults()
    try:
        tree = read_text(text, Place(source, 1, 1), faults)
    except ExperimentError:
        return None
    if not {"space", "decisions"} <= tree.members.keys():
        return None
    return "json" if text.lstrip().startswith("{") else "yaml", genotypes.from_value(tree, faults)[0]


def dialects_of(space: SearchSpace) -> Mapping[str, Dialect]:
    """The forms of other programs that a space knows; none, if it is not ``Translatable``."""
    return space.dialects() if isinstance(space, Translatable) else {}


def read(text: str, space: SearchSpace, name: str | None = None) -> tuple[GenotypeRecord, list[str]]:
    """The genotype that a text of another program stands for.

    Args:
        name: of the dialect; None: the first of the space's that the text fits.

    Returns:
        The genotype, and the names of the dialects that the text fits: the one that was taken, then the others.

    Raises:
        CapabilityError: the space has no such dialect.
        GenotypeError: the text is in none of them; says of each why.
    """
    known = _known(space, name)
    found: dict[str, GenotypeRecord] = {}
    reasons = list[str]()
    for one, dialect in known.items():
        try:
            found[one] = dialect.read(text)
        except GenotypeError as error:
            reasons.append(f"{one}: {error}")
    if not found:
        every = "".join(f"\n  {reason}" for reason in reasons)
        raise GenotypeError(
            reasons[0] if name else f"found a text that is in no dialect of space {space.name!r}:{every}"
        )
    return next(iter(found.values())), list(found)


def write(record: GenotypeRecord, space: SearchSpace, name: str) -> str:
    """The text for a genotype, with a line break at its end.

    Args:
        space: with the genotype's options.
        name: one of ``OWN``, or a dialect of the space.

    Raises:
        CapabilityError: the space has no such dialect.
        GenotypeError: the dialect cannot say it.
    """
    if name not in OWN:
        return _known(space, name)[name].write(record.genotype).rstrip("\n") + "\n"
    data = record.genotype.to_dict()
    options = space.options.model_dump(mode="json")
    source = {"source": record.source} if record.source else {}
    whole = {"space": data["space"], "options": options, **source, "decisions": data["decisions"]}
    return dump(whole) if name == "yaml" else json.dumps(whole, indent=1) + "\n"


def hash_of(space: SearchSpace, genotype: Genotype) -> str:
    """A word that all genotypes of the same network have in common, and in practice no others of the space.

    It is of the signature that the space gives (``nasframe.Canonical``), or else of the canonical form and of its
    graph's operations and links, which may depend on the space's options.

    Raises:
        GenotypeError: the genotype is not legal.
    """
    space = stage_of(space, genotype)
    validate(space, genotype)
    signature = space.signature(genotype) if isinstance(space, Canonical) else ""
    told = signature or _described(space, canonical_form(space, genotype))
    text = json.dumps([space.name, told], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_DIGITS]


def _described(space: SearchSpace, genotype: Genotype) -> list[Any]:
    """The decisions, and of the graph the edges and how its blocks combine, as plain data."""
    graph = space.graph(genotype)
    combines = sorted((node, how) for node, how in graph.nodes(data="combine") if how is not None)
    named = sorted([*name, data["kind"], data.get("operation") or ""] for name, data in edges(graph))
    return [genotype.to_dict()["decisions"], combines, named]


def _known(space: SearchSpace, name: str | None) -> Mapping[str, Dialect]:
    known = dialects_of(space)
    if name is None and not known:
        raise CapabilityError(
            f"space {space.name!r} knows no dialects of other programs (it is not nasframe.Translatable); its "
            f"genotypes are read and written as {' and '.join(OWN)}"
        )
    if name is not None and name not in known:
        names = (*OWN, *known)
        raise CapabilityError(
            f"space {space.name!r} has no dialect {name!r}{did_you_mean(name, names)}; it has {', '.join(names)}"
        )
    return known if name is None else {name: known[name]}

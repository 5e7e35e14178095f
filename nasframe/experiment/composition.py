"""One mapping from an experiment file: read with those it extends, variables filled in, merged, overridden."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nasframe.errors import ExperimentError
from nasframe.experiment.sections import SECTIONS
from nasframe.experiment.variables import fill_in
from nasframe.files.limits import DEEPEST
from nasframe.files.yaml_text import Faults, Place, Value, read_file, read_text

QUOTED = 1000
"""Of an override, how many characters a message shows at most."""
MOST_FILES = 100
"""That extend each other, counted each time one is read."""
OWN = "x-"
"""How top-level keys begin that mean nothing here: a file may keep in them what its anchors name."""


@dataclass(frozen=True)
class Source:
    """An experiment file as it was written, and the files that it extends."""

    tree: Value
    bases: tuple[Source, ...] = ()
    """Later ones win, the file itself most."""


def read(path: Path, faults: Faults) -> Source:
    """An experiment file and all that it extends.

    Args:
        faults: gets what is wrong in the way the files are put together.

    Raises:
        ExperimentError: a file cannot be read, is not YAML or is no mapping; they are too many.
    """
    return _read(path, faults, (), [])


def expand(source: Source) -> Source:
    """The files with their environment variables filled in."""
    return Source(fill_in(source.tree), tuple(map(expand, source.bases)))


def merge(source: Source) -> Value:
    """The whole experiment as one mapping: a file over those that it extends."""
    whole = Value({}, source.tree.place, source.tree.key)
    for base in source.bases:
        whole = _over(whole, merge(base))
    return _over(whole, _written_out(source.tree))


def override(tree: Value, texts: Sequence[str], faults: Faults) -> Value:
    """An experiment with overrides like ``strategy.epochs=2`` over it.

    Raises:
        ExperimentError: an override has no ``=``.
    """
    for text in texts:
        change = read_override(text, faults)
        if "extends" in change.members:
            raise ExperimentError(f"{change.place}: 'extends' can only stand in a file")
        tree = _over(tree, _written_out(change))
    return tree


def read_override(text: str, faults: Faults) -> Value:
    """``a.b=c`` as the mapping ``{a: {b: c}}``; ``c`` is YAML.

    Raises:
        ExperimentError: there is no ``=`` or no key before it, or ``c`` is not YAML.
    """
    place = Place(f"--set {text if len(text) <= QUOTED else text[:QUOTED] + '…'}")
    dotted, equals, written = text.partition("=")
    keys = [key.strip() for key in dotted.split(".")]
    if not equals or not all(keys) or len(keys) > DEEPEST:
        raise ExperimentError(f"{place}: expected KEY=VALUE, like strategy.epochs=2")
    value = replace(fill_in(read_text(written, place, faults)), key=place)
    for key in reversed(keys):
        value = Value({key: value}, place, place)
    return value


def _read(path: Path, faults: Faults, chain: Sequence[Path], known: list[Path]) -> Source:
    """``read``. Args: chain: the files that lead here; known: gets every file that is read, each time."""
    known.append(path)
    if len(known) > MOST_FILES:
        raise ExperimentError(f"{path}: more than {MOST_FILES} files extend each other; put some of them together")
    tree = read_file(path, faults)
    if not isinstance(tree.data, dict):
        found = "nothing" if tree.data is None else f"a {type(tree.data).__name__}"
        raise ExperimentError(
            f"{tree.place}: found {found}, expected the keys of an experiment: space, evaluator, strategy, …"
        )
    members = {key: inner for key, inner in tree.data.items() if not key.startswith(OWN)}
    extends = members.pop("extends", None)
    here = (*chain, path)
    bases = _bases(fill_in(extends), path, faults) if extends is not None else []
    leading = [base for base, place in bases if _leads_on(base, place, here, faults)]
    return Source(replace(tree, data=members), tuple(_read(base, faults, here, known) for base in leading))


def _leads_on(base: Path, place: Place, chain: Sequence[Path], faults: Faults) -> bool:
    if os.path.realpath(base) in [os.path.realpath(step) for step in chain]:
        names = " -> ".join(step.name for step in [*chain, base])
        faults.add(place, "extends", f"the files extend each other in a circle: {names}")
        return False
    if not os.path.isfile(base):
        faults.add(place, "extends", f"found '{base}', which is no file; the path is relative to this file")
        return False
    return True


def _bases(extends: Value, path: Path, faults: Faults) -> list[tuple[Path, Place]]:
    """The files that ``extends`` names, each with its place; relative ones start at the file's own folder."""
    if extends.data is None and not extends.unknown:
        return []
    bases: list[tuple[Path, Place]] = []
    for item in extends.data if isinstance(extends.data, list) else [extends]:
        if item.unknown:
            faults.add(item.place, "extends", item.unknown)
        elif not isinstance(item.data, str):
            found = f"found {item.plain()!r}, expected the path of a file, or a list of them"
            faults.add(item.place, "extends", found)
        else:
            bases.append((path.parent / item.data, item.place))
    return bases


def _over(base: Value, overlay: Value) -> Value:
    """Merge two experiments; where a section's component changes, the base's retraining overrides of it go too."""
    retrain = base.members.get("retrain")
    if retrain is not None and isinstance(retrain.data, dict):
        kept = {
            key: inner
            for key, inner in retrain.data.items()
            if key not in base.members or not base.members[key].names_other_type(overlay.members.get(key))
        }
        base = replace(base, data={**base.members, "retrain": replace(retrain, data=kept)})
    return base.merge(overlay)


def _written_out(tree: Value) -> Value:
    """The mapping with sections that are just a name, like ``strategy: random``, written out."""
    sections: dict[str, Value] = {
        key: replace(inner, data={"type": replace(inner, key=inner.place)})
        for key, inner in tree.members.items()
        if key in SECTIONS and isinstance(inner.data, str) and not inner.unknown
    }
    return replace(tree, data={**tree.members, **sections})

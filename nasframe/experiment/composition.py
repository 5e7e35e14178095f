"""One mapping from an experiment file, the files it extends, and overrides; later ones win."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nasframe.errors import ExperimentError
from nasframe.experiment.sections import Section
from nasframe.files.located import Place, Problem, Value, merge, plain, type_differs
from nasframe.files.variables import expand
from nasframe.files.yaml_text import read_file, read_text

SECTIONS: tuple[Section, ...] = ("space", "evaluator", "strategy")


def compose(path: Path, overrides: Sequence[str], problems: list[Problem]) -> Value:
    """The whole experiment as one located mapping; variables are filled in, ``extends`` is gone.

    Args:
        path: the experiment file.
        overrides: texts like ``strategy.epochs=2``.
        problems: gets what is wrong in the way the files are put together.

    Raises:
        ExperimentError: a file cannot be read, is not YAML or is no mapping; an override has no ``=``.
    """
    return override(_file(path, [], problems), overrides, problems)


def override(tree: Value, texts: Sequence[str], problems: list[Problem]) -> Value:
    """A composed experiment with overrides like ``strategy.epochs=2`` over it.

    Raises:
        ExperimentError: an override has no ``=``.
    """
    for text in texts:
        tree = _over(tree, _written_out(_experiment_override(text, problems)))
    return tree


def read_override(text: str, problems: list[Problem]) -> Value:
    """``a.b=c`` as the mapping ``{a: {b: c}}``; ``c`` is YAML.

    Raises:
        ExperimentError: there is no ``=`` or no key before it, or ``c`` is not YAML.
    """
    place = Place(f"--set {text}")
    dotted, equals, written = text.partition("=")
    keys = [key.strip() for key in dotted.split(".")]
    if not equals or not all(keys):
        raise ExperimentError(f"{place}: expected KEY=VALUE, like strategy.epochs=2")
    value = replace(expand(read_text(written, place, problems)), key=place)
    for key in reversed(keys):
        value = Value({key: value}, place, place)
    return value


def _experiment_override(text: str, problems: list[Problem]) -> Value:
    override = read_override(text, problems)
    if isinstance(override.data, dict) and "extends" in override.data:
        raise ExperimentError(f"{override.place}: 'extends' can only stand in a file")
    return override


def _file(path: Path, chain: list[Path], problems: list[Problem]) -> Value:
    """A file over the files it extends; the chain holds the files that lead here."""
    tree = _written_out(expand(read_file(path, problems)))
    if not isinstance(tree.data, dict):
        found = "nothing" if tree.data is None else f"a {type(tree.data).__name__}"
        raise ExperimentError(
            f"{tree.place}: found {found}, expected the keys of an experiment: space, evaluator, strategy, …"
        )
    extends = tree.data.pop("extends", None)
    whole = replace(tree, data={})
    for base, place in _bases(extends, path, problems):
        if _may_extend(base, place, [*chain, path], problems):
            whole = _over(whole, _file(base, [*chain, path], problems))
    return _over(whole, tree)


def _may_extend(base: Path, place: Place, chain: list[Path], problems: list[Problem]) -> bool:
    if base.resolve() in [step.resolve() for step in chain]:
        names = " -> ".join(step.name for step in [*chain, base])
        problems.append(Problem(place, "extends", f"the files extend each other in a circle: {names}"))
        return False
    if not base.is_file():
        problems.append(
            Problem(place, "extends", f"found '{base}', which is no file; the path is relative to this file")
        )
        return False
    return True


def _bases(extends: Value | None, path: Path, problems: list[Problem]) -> list[tuple[Path, Place]]:
    """The files that ``extends`` names, each with its place; relative ones start at the file's own folder."""
    if extends is None or (extends.data is None and not extends.problem):
        return []
    bases: list[tuple[Path, Place]] = []
    for item in extends.data if isinstance(extends.data, list) else [extends]:
        if item.problem:
            problems.append(Problem(item.place, "extends", item.problem))
        elif not isinstance(item.data, str):
            problems.append(
                Problem(item.place, "extends", f"found {plain(item)!r}, expected the path of a file, or a list of them")
            )
        else:
            bases.append((path.parent / item.data, item.place))
    return bases


def _over(base: Value, overlay: Value) -> Value:
    """Merge two experiments; where a section's component changes, the base's retraining overrides of it go too."""
    assert isinstance(base.data, dict) and isinstance(overlay.data, dict)
    retrain = base.data.get("retrain")
    if retrain is not None and isinstance(retrain.data, dict):
        kept = {
            key: inner
            for key, inner in retrain.data.items()
            if not type_differs(base.data.get(key), overlay.data.get(key))
        }
        base = replace(base, data={**base.data, "retrain": replace(retrain, data=kept)})
    return merge(base, overlay)


def _written_out(tree: Value) -> Value:
    """The mapping with sections that are just a name, like ``strategy: random``, written out."""
    if not isinstance(tree.data, dict):
        return tree
    sections: dict[str, Value] = {
        key: replace(inner, data={"type": replace(inner, key=inner.place)})
        for key, inner in tree.data.items()
        if key in SECTIONS and isinstance(inner.data, str) and not inner.problem
    }
    return replace(tree, data={**tree.data, **sections})

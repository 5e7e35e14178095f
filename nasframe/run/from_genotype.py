"""The experiment that retrains a genotype: a run's, or a published or written one by another experiment's recipe."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from nasframe.errors import ExperimentError, RunFolderError
from nasframe.experiment.checking import load
from nasframe.experiment.experiment import Experiment
from nasframe.experiment.given_genotype import GENOTYPE, find_genotype
from nasframe.experiment.sections import optional_mapping
from nasframe.experiment.terms import without_terms
from nasframe.files.yaml_text import Faults, Place, Value, placed
from nasframe.plugin.registry import Registry
from nasframe.runfolder.checksums import require_intact
from nasframe.runfolder.layout import RunLayout
from nasframe.runfolder.reading import require_experiment


def from_genotype(
    source: str,
    registry: Registry,
    *,
    recipe: Path | None = None,
    overrides: Sequence[str] = (),
    weights: Path | None = None,
) -> Experiment:
    """The experiment that trains a genotype by an experiment's retraining parts.

    Args:
        source: a run's folder, a genotype file or the name of a published genotype.
        recipe: the experiment file whose evaluator trains; None: that of the run. The genotype of a run is built with
            the retraining's options of the run's space; any other, or with a recipe, with the options that stand with
            it. What the recipe says of its search does not count.
        overrides: texts like ``evaluator.crop=129``, for retraining, for that is all that there is.
        weights: file of weights to start from.

    Raises:
        NasframeError: everything that is wrong, with its place; the run has no genotype yet.
    """
    registry.require_unambiguous()
    folder = Path(os.path.expanduser(source))
    is_run = os.path.isdir(folder)
    if recipe is None and not is_run:
        raise ExperimentError(
            f"{source!r} is no run's folder, so it does not say how to train: name an experiment by --experiment FILE, "
            "of which the evaluator is used"
        )
    file = recipe or require_experiment(folder)
    if is_run:
        given = placed(str(_genotype_of(folder, recipe is not None).absolute()), Place(str(folder)))
    else:
        given = placed(str(folder.absolute()) if os.path.isfile(folder) else source, Place(source))
    find_genotype(given, Path(), registry)  # says what is wrong with it by itself, not as part of an experiment
    start = placed({"weights": str(weights)} if weights else {}, Place(f"--weights {weights}"))
    adapt = partial(_retraining_alone, given=given, start=start, keep_space=recipe is None)
    return load(file, overrides, registry, adapt=adapt)


def _genotype_of(folder: Path, with_options: bool) -> Path:
    """The run's genotype file; with the options of its final network where they count and are known."""
    files = RunLayout(folder)
    for path in (files.final_genotype, files.genotype) if with_options else (files.genotype,):
        if path.is_file():
            require_intact(path)
            return path
    raise RunFolderError(
        f"{folder} has found no genotype yet: there is no {files.name(files.genotype)}. Finish its search by "
        f"'nasframe run --resume {folder}'"
    )


def _retraining_alone(tree: Value, faults: Faults, *, given: Value, start: Value, keep_space: bool) -> Value:
    """The experiment without its search: the retraining's options over the search's, a genotype, no strategy.

    Args:
        start: the new section ``retrain``.
    """
    top = dict(without_terms(tree).members)
    retrain = optional_mapping("retrain", tree, "retrain", faults)
    for section in ("space", "evaluator"):
        own = retrain.members.get(section)
        if section in top and own is not None and isinstance(own.data, dict):
            top[section] = top[section].merge(own)
    if not keep_space:
        top.pop("space", None)
    top.pop("strategy", None)
    name = top["name"].data if "name" in top else Path(tree.place.source).stem
    suffix = "" if str(name).endswith("-retrained") else "-retrained"
    top |= {"name": placed(f"{name}{suffix}", tree.place), "retrain": start, GENOTYPE: given}
    return Value(top, tree.place, tree.key)

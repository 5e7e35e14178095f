"""What a run left behind of a trained network: which files, which parts with which options; nothing is built yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from nasframe.errors import FileError, GenotypeError, RunFolderError
from nasframe.evaluator import Evaluator
from nasframe.experiment.checking import load
from nasframe.experiment.composition import read_override
from nasframe.experiment.run_options import RunOptions
from nasframe.experiment.sections import Part, check_keys, check_options
from nasframe.files import genotypes
from nasframe.files.yaml_text import Faults, Place, Value, placed
from nasframe.genotype import GenotypeRecord, validate
from nasframe.options import Options
from nasframe.plugin.registry import Registry
from nasframe.runfolder.checksums import require_intact
from nasframe.runfolder.layout import RunLayout
from nasframe.runfolder.reading import RunReader, require_experiment
from nasframe.space import SearchSpace

O = TypeVar("O", bound=Options)  # noqa: E741
OVERRIDDEN = ("space", "evaluator", "run")


@dataclass(frozen=True)
class Saved:
    """A trained network in files, and the parts that it was trained with; no data was touched."""

    source: Path
    """The run folder, or the experiment file."""
    record: GenotypeRecord
    weights: Path
    space: SearchSpace
    """With the options of the genotype's file."""
    evaluator: Part[Evaluator]
    """The retraining's."""
    run: RunOptions
    seed: int


def find_saved(
    source: Path,
    registry: Registry,
    overrides: Sequence[str] = (),
    *,
    genotype: Path | None = None,
    weights: Path | None = None,
) -> Saved:
    """Find a trained network.

    Args:
        source: a run's folder; or an experiment file, which says how to evaluate, with ``genotype`` and ``weights``.
        overrides: texts like ``evaluator.workers=0``, ``run.device=cpu`` or ``space.…``, over what the network
            was trained with.
        genotype: another genotype file than the run's.
        weights: another file of weights than the run's.

    Raises:
        RunFolderError: it is no run's folder, or nothing was trained there yet.
        FileError: there is no file of weights, or a file is not what the run wrote.
        ExperimentError, GenotypeError: everything that is wrong in the files or the overrides, with its place.
    """
    file = source if source.is_file() else require_experiment(source, or_else=", or an experiment file")
    left = RunLayout(source)
    genotype = genotype or _left_by_run(left, left.final_genotype, "--genotype")
    weights = weights or _left_by_run(left, left.weights, "--weights")
    if not weights.is_file():
        raise FileError(f"{weights} is no file; expected the weights of a network, as retraining writes them")
    for path in (file, genotype, weights):
        require_intact(path)
    experiment = load(file, registry=registry)
    evaluator = (experiment.retrain or experiment).evaluator
    record, located = genotypes.read_located(genotype)
    cls = registry.get("space", record.genotype.space).value
    faults = Faults()
    change = _overrides(overrides, faults)
    space_options = _changed(cls.Options, located, "space", change, faults)
    evaluator_options = _changed(evaluator.cls.Options, _written(evaluator.options, file), "evaluator", change, faults)
    run = _changed(RunOptions, _written(experiment.run, file), "run", change, faults)
    faults.raise_all()
    assert evaluator_options is not None and run is not None, "options without faults are there"
    space = cls(space_options)
    _require_legal(space, record, genotype)
    record = replace(record, options=space.options.model_dump(mode="json"))
    return Saved(source, record, weights, space, replace(evaluator, options=evaluator_options), run, experiment.seed)


def _require_legal(space: SearchSpace, record: GenotypeRecord, file: Path) -> None:
    try:
        validate(space, record.genotype)
    except GenotypeError as error:
        raise GenotypeError(f"{file}: {error}") from error


def _written(options: Options, file: Path) -> Value:
    return placed(options.model_dump(mode="json"), Place(str(file)))


def _left_by_run(run: RunLayout, path: Path, option: str) -> Path:
    """A file of the retraining, if it is there."""
    source = run.folder
    if source.is_file():
        raise RunFolderError(
            f"{source} is an experiment file, which holds no trained network: name its files by --genotype and "
            f"--weights ({option} is missing), or give the folder of a run"
        )
    if path.is_file():
        return path
    state = RunReader(source).mapping(run.status).get("state", "unknown")
    raise RunFolderError(
        f"{source} holds no trained network: there is no {run.name(path)} (the run's state: {state}). Finish the run "
        f"by 'nasframe run --resume {source}', or name the file by {option}"
    )


def _overrides(texts: Sequence[str], faults: Faults) -> Value:
    """All overrides as one mapping with the keys ``space``, ``evaluator`` and ``run``."""
    start = Place("--set")
    whole = Value({}, start, start)
    for text in texts:
        override = read_override(text, faults)
        check_keys(override, OVERRIDDEN, "", faults)
        whole = whole.merge(override)
    faults.extend(whole.unknown_values())
    return whole


def _changed(model: type[O], written: Value, key: str, change: Value, faults: Faults) -> O | None:
    """Options with the overrides of their section; None if any is wrong."""
    override = change.members.get(key)
    return check_options(model, written.merge(override) if override else written, key, faults)

"""Networks that start from what a supernet has learned: kept at the end of the search, taken when retraining begins."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nasframe.errors import CapabilityError
from nasframe.evaluator import Trainable
from nasframe.files import atomic
from nasframe.files.words import quantity
from nasframe.genotype import Genotype, sample
from nasframe.run.journal import Journal
from nasframe.runfolder.layout import RunLayout
from nasframe.runfolder.weights import Match, compare, read_tensors, read_weights, start_from
from nasframe.space import Inheriting
from nasframe.strategy import Problem, Strategy, TrainsSupernet
from nasframe.training.batches import BatchStream
from nasframe.training.running_statistics import recalibrate

SOURCE = "the supernet"
BATCHES = 20
"""Of ``train``, from which norms take their statistics anew for the network as a whole; as many as one-shot strategies
take for a candidate."""


def preview(strategy: Strategy, problem: Problem) -> str:
    """What a network would start with, in a sentence, told by a genotype that is drawn at random.

    Args:
        problem: of the retraining.

    Raises:
        RunError: with nothing.
        CapabilityError: the space of the strategy hands on nothing.
    """
    genotype = sample(problem.space, np.random.default_rng(problem.runtime.seed))
    with torch.device("meta"):
        network = problem.space.build(genotype, problem.evaluator.task)
    found = compare(network, inherited(strategy, genotype, problem), SOURCE)
    return (
        f"Retraining starts from the supernet: of the network of a genotype drawn at random {len(found.matched)} of "
        f"{quantity(found.tensors, 'tensor')} would, {found.share:.0%} of its parameters."
    )


def inherited(strategy: Strategy, genotype: Genotype, problem: Problem) -> dict[str, Tensor]:
    """What a strategy's supernet hands on to a genotype's network in the retraining, on the CPU."""
    trains, space = require_supernet(strategy, problem)
    return {name: tensor.cpu() for name, tensor in space.inherited(trains.supernet, genotype).items()}


def require_supernet(strategy: Strategy, problem: Problem) -> tuple[TrainsSupernet, Inheriting]:
    """The strategy and the space as what they have to be, which an experiment's check has seen to.

    Raises:
        CapabilityError: they are not.
    """
    if isinstance(strategy, TrainsSupernet) and isinstance(problem.space, Inheriting):
        return strategy, problem.space
    raise CapabilityError(
        f"strategy {strategy.name!r} has no supernet, or space {problem.space.name!r} hands on nothing of it: for "
        "retraining to start from it they have to be a TrainsSupernet and an Inheriting one"
    )


def keep_inherited(strategy: Strategy, genotypes: Sequence[Genotype], problem: Problem, files: RunLayout) -> None:
    """Write what the network of each genotype that a search has named would start from; see ``RunLayout``."""
    for rank, genotype in enumerate(genotypes, start=1):
        buffer = io.BytesIO()
        torch.save(inherited(strategy, genotype, problem), buffer)
        path = files.inherited if len(genotypes) == 1 else files.inherited_by(rank)
        atomic.write_bytes(path, buffer.getbuffer())


def choose_inherited(rank: int, files: RunLayout) -> None:
    """The genotype of this rank among several is what was found: its file is that of the retraining."""
    atomic.write_bytes(files.inherited, files.inherited_by(rank).read_bytes())


def start_from_supernet(problem: Problem, network: nn.Module, journal: Journal) -> None:
    """Let a network on its device take over what the run has kept, and say what that is.

    Raises:
        FileError: the file is lost.
        RunError: nothing matches.
    """
    files = journal.folder.layout
    found = take_over(problem, network, read_weights(files.inherited))
    told(found, {"file": files.name(files.inherited), "supernet": True, "batches": BATCHES}, SOURCE, journal)


def start_from_file(path: Path, problem: Problem, network: nn.Module, journal: Journal) -> None:
    """Let a network on its device take over weights from a file, and say which.

    Its running statistics are taken anew if not all of its tensors are in the file.

    Raises:
        FileError: the file cannot be read as weights.
        RunError: none matches.
    """
    found = start_from(network, read_tensors(path), str(path))
    whole = len(found.matched) == found.tensors
    if not whole:
        renew_statistics(problem, network)
    told(found, {"file": str(path), "batches": 0 if whole else BATCHES}, str(path), journal)


def take_over(problem: Problem, network: nn.Module, tensors: Mapping[str, Tensor]) -> Match:
    """Copy tensors that match into a network on its device, and take its running statistics anew."""
    found = start_from(network, tensors, SOURCE)
    renew_statistics(problem, network)
    return found


def renew_statistics(problem: Problem, network: nn.Module) -> None:
    """Take the running statistics of a network's norms anew, from batches of ``train``."""
    assert isinstance(problem.evaluator, Trainable), "what starts from weights is trained"
    batches = BatchStream(problem.evaluator, "train")
    recalibrate(network, (batches[number] for number in range(BATCHES)), problem.runtime)


def told(found: Match, facts: Mapping[str, Any], source: str, journal: Journal) -> None:
    """Write, record and show what a network starts from."""
    atomic.write_json(journal.folder.layout.start, {**facts, **found.facts()})
    counts = {"matched": len(found.matched), "missing": len(found.missing), "other_shape": len(found.other_shape)}
    journal.record("start", 0, source=source, **counts, share=found.share)
    for line in found.lines(source):
        journal.progress.say(line)

"""Retraining: a found genotype becomes a full network, is trained by the evaluator's recipe and measured."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from nasframe.cost import counting
from nasframe.evaluator import Candidate, Evaluation, Evaluator, HoldsOut, Trainable
from nasframe.files import atomic
from nasframe.genotype import Genotype, validate
from nasframe.inference import Illustrating
from nasframe.run.journal import Journal
from nasframe.run.loop import run_steps
from nasframe.strategy import Problem
from nasframe.training.finite import require_finite_numbers
from nasframe.training.seeding import seed_all
from nasframe.training.sgd import concluded

if TYPE_CHECKING:
    from nasframe.experiment.run_options import RunOptions

Start = Callable[[nn.Module, Journal], None]
"""Gives a network on its device weights to start from, and says which."""


def retrain(
    problem: Problem, genotype: Genotype, journal: Journal, options: RunOptions, start: Start | None = None
) -> Evaluation:
    """The score of a genotype at the evaluator's full recipe; writes the folder ``retrain`` of the run.

    A ``Trainable`` evaluator's training is run by the loop, with checkpoints; another evaluator is just asked.

    Args:
        start: called before the training begins, to give the network weights to start from; not once there is a
            checkpoint.

    Raises:
        GenotypeError: the genotype is not legal in the problem's space.
        RunError: see ``run_steps``; or what was measured is not finite.
    """
    validate(problem.space, genotype)
    task, seed, files = problem.evaluator.task, problem.runtime.seed, journal.folder.layout
    count = counting.count(problem.space, genotype, task)
    atomic.write_json(
        files.cost,
        {"params": count.params, "macs": count.macs, "size": list(task.size), "classes": task.num_classes},
    )
    atomic.write_json(files.retrain_evaluator, dict(problem.evaluator.record()))
    seed_all(seed, "retrain", "build")
    if isinstance(problem.evaluator, Trainable):
        network = problem.space.build(genotype, task)
        network.to(problem.runtime.device)
        if start and not journal.has_begun:
            start(network, journal)
        training = problem.evaluator.training(network)
        run_steps(training, journal, seed, options)
        seed_all(seed, "retrain", "measure")
        result = concluded(training, problem.evaluator.measure(network))
        held_out = _measure_holdout(problem.evaluator, network)
        _save_weights(files.weights, network)
        if isinstance(problem.evaluator, Illustrating) and options.pictures:
            _draw(problem.evaluator, network.eval(), options.pictures, files.pictures)
    else:
        journal.begin(1, None)
        held_out = {}
        build = partial(problem.space.build, genotype, task)
        result = problem.evaluator.evaluate(Candidate(genotype, build))
    require_finite_numbers(result)
    atomic.write_json(files.metrics, {**result.to_dict("score", "metrics", "tables"), **held_out})
    journal.record("evaluation", journal.steps, score=result.score, metrics=dict(result.metrics))
    return result


def _measure_holdout(evaluator: Evaluator, network: nn.Module) -> dict[str, Any]:
    """The score on what is set aside, if anything is, as a part of the metrics' file."""
    found = evaluator.measure_holdout(network) if isinstance(evaluator, HoldsOut) else None
    return {} if found is None else {"holdout": found.to_dict("score", "metrics", "tables")}


def _save_weights(path: Path, network: nn.Module) -> None:
    buffer = io.BytesIO()
    torch.save({name: tensor.cpu() for name, tensor in network.state_dict().items()}, buffer)
    atomic.write_bytes(path, buffer.getbuffer())


def _draw(evaluator: Illustrating, network: nn.Module, count: int, folder: Path) -> None:
    from matplotlib.image import imsave

    for name, picture in evaluator.pictures(network, count):
        buffer = io.BytesIO()
        imsave(buffer, picture, format="png")
        atomic.write_bytes(folder / f"{name.replace('/', '_')}.png", buffer.getbuffer())

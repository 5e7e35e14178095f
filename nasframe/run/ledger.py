"""The gap ledger: the supernet, the found genotype alone in it, and its network after a short training from there.

All scores are the retraining's evaluator's on ``val``: what is held out for the final score is left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nasframe.errors import RunError
from nasframe.evaluator import Trainable
from nasframe.experiment.ledger import Ledger
from nasframe.files import atomic, plain_json
from nasframe.files.words import first_line
from nasframe.genotype import Genotype
from nasframe.run.inheriting import renew_statistics, require_supernet, take_over
from nasframe.run.journal import Journal
from nasframe.run.loop import run_steps
from nasframe.runfolder.layout import RunLayout
from nasframe.runfolder.weights import read_weights
from nasframe.strategy import Problem, Strategy
from nasframe.supernet import Supernet
from nasframe.training.seeding import seed_all

if TYPE_CHECKING:
    from nasframe.experiment.run_options import RunOptions


def measure_supernet(strategy: Strategy, genotypes: Sequence[Genotype], problem: Problem, files: RunLayout) -> None:
    """Write what a search's supernet scores: mixed, if it mixes, and as each genotype that the search has named.

    Statistics of norms are taken anew for each genotype, which may change those of the supernet.
    """
    trains, space = require_supernet(strategy, problem)
    evaluator, supernet = problem.evaluator, trains.supernet
    assert isinstance(evaluator, Trainable), "what starts from a supernet is trained"
    seed_all(problem.runtime.seed, "ledger", "supernet")
    with trains.hold_mixing():
        mixed = evaluator.measure(supernet).score if isinstance(supernet, Supernet) else None
    alone = []
    for genotype in genotypes:
        network = space.one_hot(supernet, genotype)
        renew_statistics(problem, network)
        alone.append(evaluator.measure(network).score)
    atomic.write_json(files.supernet_scores, {"mixed": mixed, "one_hot": alone})


def keep_ledger(
    problem: Problem, genotype: Genotype, rank: int, journal: Journal, options: tuple[Ledger, RunOptions]
) -> None:
    """Train the network of what was found for a short while from the supernet's weights, and write the ledger.

    Args:
        problem: of the retraining.
        rank: of the genotype among those that the search named; the best is 1.

    Raises:
        RunError: see ``run_steps``; what was measured of the supernet is lost.
        FileError: what is started from is lost.
    """
    ledger, of_run = options
    files, seed = journal.folder.layout, problem.runtime.seed
    assert isinstance(problem.evaluator, Trainable), "what starts from a supernet is trained"
    scores = _read(files)
    seed_all(seed, "ledger", "build")
    network = problem.space.build(genotype, problem.evaluator.task).to(problem.runtime.device)
    if not journal.has_begun:
        take_over(problem, network, read_weights(files.inherited))
    run_steps(problem.evaluator.training(network, ledger.budget), journal, seed, of_run)
    seed_all(seed, "ledger", "measure")
    short = problem.evaluator.measure(network).score
    found = {"mixed": scores["mixed"], "one_hot": scores["one_hot"][rank - 1], "short": short, "budget": ledger.budget}
    atomic.write_json(files.ledger, found)
    journal.record("ledger", journal.steps, **found)


def _read(files: RunLayout) -> dict[str, Any]:
    try:
        return dict(plain_json.parse(files.supernet_scores.read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError) as error:
        raise RunError(
            f"the search is over, but what was measured of its supernet is lost: {files.supernet_scores} "
            f"({first_line(error)}). Put the file back, or delete the folders {files.ledger_checkpoints} and "
            f"{files.finalists.parent} to measure it again"
        ) from error

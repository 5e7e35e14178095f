"""The loop: runs any ``Stepper``, a search or a training, so that it can be killed at any instant and go on exactly."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import torch

from nasframe.errors import RunError
from nasframe.files.words import first_line, quantity
from nasframe.run.interrupt import Interrupted, defer_signals
from nasframe.run.journal import Journal
from nasframe.stepper import EndsEarly, Stepper
from nasframe.training.seeding import seed_all

if TYPE_CHECKING:
    from nasframe.experiment.run_options import RunOptions


def run_steps(stepper: Stepper, journal: Journal, seed: int, options: RunOptions) -> None:
    """Do all steps that the phase's last checkpoint has not done.

    Torch's generators and ``rng`` are made anew before each step from (seed, phase, index), so a resumed phase
    does the same steps as one that was never stopped.

    Raises:
        RunError: a loss or a metric is not finite, the memory or the disk is full, or no checkpoint is usable.
        Interrupted: the user asked to stop; the state after the last step is saved.
    """
    done = _restore(stepper, journal)
    most = 60 * options.search_cpu_minutes if options.search_cpu_minutes and journal.phase == "search" else math.inf

    def ended() -> bool:
        return journal.processor_seconds >= most or (isinstance(stepper, EndsEarly) and stepper.ended)

    if done == 0:
        journal.checkpoint(0, stepper.state_dict(), options.keep_checkpoints)
    snapshot_every = math.ceil(stepper.steps / options.snapshots) if options.snapshots else stepper.steps
    saved = time.monotonic()
    with defer_signals() as stop:
        for index in range(done, stepper.steps):
            if done and ended():
                return
            done = index + 1
            journal.step(done, _step(stepper, index, journal, seed))
            last = done == stepper.steps or ended()
            if last and done < stepper.steps:
                journal.record("ended_early", done)
            if done % snapshot_every == 0 or last:
                journal.snapshot(done, stepper.snapshot())
            due = time.monotonic() - saved >= 60 * options.checkpoint_minutes
            if due or stop.requested or last:
                journal.checkpoint(done, stepper.state_dict(), options.keep_checkpoints)
                saved = time.monotonic()
            if stop.requested:
                raise Interrupted(f"stopped after step {done} of {stepper.steps} of the {journal.phase}")


def _restore(stepper: Stepper, journal: Journal) -> int:
    """Load the last checkpoint into the stepper, if there is one; how many steps are done."""
    found = journal.restore()
    if found is None:
        journal.begin(stepper.steps, None)
        return 0
    if found.position.steps != stepper.steps:
        raise RunError(
            f"{found.path} is of a {journal.phase} of {quantity(found.position.steps, 'step')}, which now has "
            f"{stepper.steps}: have the data or a plug-in changed? Put them back, or start a new run"
        )
    stepper.load_state_dict(found.state)
    journal.begin(stepper.steps, found)
    return found.position.step


def _step(stepper: Stepper, index: int, journal: Journal, seed: int) -> dict[str, float]:
    """One step and its metrics, or an error that says where it happened and what is saved."""
    rng = seed_all(seed, journal.phase, index)
    try:
        metrics = {name: float(value) for name, value in stepper.step(index, rng).items()}
        wrong = [f"{name} is {value}" for name, value in metrics.items() if not math.isfinite(value)]
        if wrong:
            raise RunError(f"{', '.join(wrong)}; metrics must be finite")
        return metrics
    except RunError as error:
        raise _located(str(error), index, stepper, journal) from error
    except torch.OutOfMemoryError as error:
        found = first_line(error)
        reason = f"the device has not enough memory ({found}); try a smaller batch or crop, or precision: bfloat16"
        raise _located(reason, index, stepper, journal) from error


def _located(reason: str, index: int, stepper: Stepper, journal: Journal) -> RunError:
    return RunError(
        f"{journal.phase}, step {index + 1} of {stepper.steps}: {reason}. "
        f"The last good checkpoint is {journal.last_checkpoint}"
    )

"""What to change when a run does not fit: overrides that its parts accept, each measured before it is advised.

Memory is saved by what the options of a space and of an evaluator call ``lighter``. Time is saved by fewer steps, which
need no measurement.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nasframe.experiment.experiment import Experiment
from nasframe.plan.forecasting import SECONDS, Forecast, MeasurePhase, PhaseForecast
from nasframe.runfolder.layout import Phase

MOST_TRIES = 5
"""How many changes are put on top of each other before it is given up."""


@dataclass(frozen=True)
class Room:
    """What there is of memory and time."""

    memory: int | None = None
    """Bytes."""
    seconds: float | None = None

    def too_large(self, phase: PhaseForecast) -> bool:
        """Whether a phase needs more memory than there is."""
        return bool(phase.full) or (self.memory is not None and phase.memory > self.memory)

    def kept_by(self, found: Forecast) -> bool:
        """Whether a run stays within it."""
        if not found.fits or any(self.too_large(phase) for phase in found.phases):
            return False
        return self.seconds is None or found.seconds <= self.seconds


@dataclass(frozen=True)
class Remedy:
    """Overrides that go together, and what they give."""

    phase: Phase
    overrides: tuple[str, ...]
    measured: PhaseForecast

    @property
    def text(self) -> str:
        """As they are typed."""
        return " ".join(f"--set '{override}'" for override in self.overrides)


def find_remedies(
    experiment: Experiment,
    found: Forecast,
    room: Room,
    reload: Callable[[tuple[str, ...]], Experiment | None],
    measure: MeasurePhase,
) -> list[Remedy]:
    """For each phase that is too large, changes on top of each other until it fits, or as far as that goes.

    Args:
        reload: makes the experiment with more overrides; None: its parts refuse them.
    """
    remedies = []
    for phase in filter(room.too_large, found.phases):
        made: tuple[str, ...] = ()
        current, now = experiment, phase
        for _ in range(MOST_TRIES):
            if not room.too_large(now):
                break
            tried = ((made + change, reload(made + change)) for change in lighter(current, phase.phase))
            accepted = next(((changes, after) for changes, after in tried if after is not None), None)
            if accepted is None:
                break
            made, current = accepted
            now = PhaseForecast(phase.phase, measure(current, phase.phase, SECONDS / 3))
        if made:
            remedies.append(Remedy(phase.phase, _latest(made), now))
    return remedies


def lighter(experiment: Experiment, phase: Phase) -> Iterator[tuple[str, ...]]:
    """The changes that a phase's space and evaluator know to save memory, as overrides; the space's first."""
    retrains = phase in ("ledger", "retrain")
    own = experiment.retrain if retrains and experiment.genotype is None else None
    prefix, parts = ("retrain.", own) if own else ("", experiment)
    for section, part in (("space", parts.space), ("evaluator", parts.evaluator)):
        for change in part.options.lighter("retrain" if retrains else "search"):
            yield tuple(f"{prefix}{section}.{option}={json.dumps(value)}" for option, value in change.items())


def shorter(resolved: Mapping[str, Any], found: Forecast, limit: float) -> list[str]:
    """Overrides that make a run as long as the limit, all its phases by the same share."""
    variable = found.seconds - found.before
    share = (limit - found.before) / variable if variable > 0 else 1.0
    if not 0 < share < 1:
        return []
    made: list[str] = []
    strategy = resolved.get("strategy") or {}
    made += _lengths("strategy.", strategy, share)
    retrain = resolved.get("retrain") or {}
    training = retrain.get("evaluator", {}).get("training", {})
    if isinstance(training, Mapping):
        given = "" if resolved.get("genotype") else "retrain."
        made += _lengths(f"{given}evaluator.training.", training, share)
    return made


def _latest(overrides: tuple[str, ...]) -> tuple[str, ...]:
    """Of several overrides of one key the last."""
    return tuple({override.partition("=")[0]: override for override in overrides}.values())


def _lengths(prefix: str, options: Mapping[str, Any], share: float) -> list[str]:
    """The first of the options that say how long something is, shortened."""
    for name in ("steps", "samples", "epochs"):
        value = options.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return [f"{prefix}{name}={max(1, int(value * share))}"]
        if isinstance(value, float):
            return [f"{prefix}{name}={value * share:.3g}"]
    return []

"""What to change when a run does not fit: overrides that its parts accept, each measured before it is advised.

Memory is saved through options that go by the same names in many components: ``checkpoint`` (true: recompute
activations) of a space, ``batch``, ``crop`` and ``training.accumulate`` of an evaluator. A part that lacks one is
left alone. Time is saved by fewer steps, which need no measurement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nasframe.experiment.experiment import Experiment
from nasframe.plan.forecasting import SECONDS, Forecast, MeasurePhase, PhaseForecast
from nasframe.runfolder.layout import Phase

MOST_TRIES = 5
"""How many changes are put on top of each other before it is given up."""
SMALLER = 0.75
"""By what a crop is shrunk at a time."""
SMALLEST_CROP = 33


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
            tried = ((made + change, reload(made + change)) for change in smaller(current.resolved(), phase.phase))
            accepted = next(((changes, after) for changes, after in tried if after is not None), None)
            if accepted is None:
                break
            made, current = accepted
            now = PhaseForecast(phase.phase, measure(current, phase.phase, SECONDS / 3))
        if made:
            remedies.append(Remedy(phase.phase, _latest(made), now))
    return remedies


def smaller(resolved: Mapping[str, Any], phase: Phase) -> Iterator[tuple[str, ...]]:
    """Changes that save memory in a phase, the gentlest first: none changes what is learned from, but the crop.

    Args:
        resolved: the experiment as plain data, with the changes that are already made.
    """
    prefix = "" if phase == "search" or resolved.get("genotype") else "retrain."
    section = resolved if not prefix else resolved["retrain"]
    space, evaluator = section["space"], section["evaluator"]
    if phase == "search" and space.get("checkpoint") is False:
        yield (f"{prefix}space.checkpoint=true",)
    batch = evaluator.get("batch")
    if isinstance(batch, int) and batch > 1:
        half: tuple[str, ...] = (f"{prefix}evaluator.batch={batch // 2}",)
        training = evaluator.get("training")
        if phase == "retrain" and isinstance(training, Mapping) and isinstance(training.get("accumulate"), int):
            half += (f"{prefix}evaluator.training.accumulate={training['accumulate'] * (batch // (batch // 2))}",)
        yield half
    crop = evaluator.get("crop")
    sides = [crop] if isinstance(crop, int) else crop if isinstance(crop, Sequence) else []
    shrunk = [shrink(side) for side in sides if isinstance(side, int)]
    if shrunk and shrunk != list(sides):
        yield (f"{prefix}evaluator.crop={shrunk[0] if isinstance(crop, int) else shrunk}",)


def shrink(side: int) -> int:
    """A smaller side of 32·n + 1 pixels, which strided networks like; no less than 33."""
    return max(min(side, SMALLEST_CROP), int(side * SMALLER - 1) // 32 * 32 + 1)


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

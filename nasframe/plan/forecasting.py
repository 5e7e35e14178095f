"""What a run will need: each phase measured in a process of its own, and the measurements multiplied out."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from nasframe import errors
from nasframe.errors import NasframeError, RunError
from nasframe.experiment.experiment import Experiment
from nasframe.files import yaml_text
from nasframe.plugin.registry import DISABLE_VARIABLE
from nasframe.runfolder.layout import Phase

Measurement = dict[str, Any]
"""A ``nasframe.plan.probe.Probe`` as plain data; ``{"full": reason}``: the memory was not enough."""
MeasurePhase = Callable[[Experiment, Phase, float], Measurement]
SECONDS = 6.0
"""About how long each kind of step is measured."""


@dataclass(frozen=True)
class PhaseForecast:
    """One phase of a run."""

    phase: Phase
    measured: Measurement

    @property
    def full(self) -> str:
        """Why the phase cannot run at all; empty: it can."""
        return str(self.measured.get("full", ""))

    @property
    def seconds(self) -> float:
        """Of the whole phase; NaN: it cannot run."""
        return self._whole("seconds", "after")

    @property
    def processor(self) -> float:
        """Processor seconds of the whole phase, of all its threads; NaN: it cannot run."""
        return self._whole("processor", "processor_after")

    @property
    def processor_by_kind(self) -> dict[str, float]:
        """Processor seconds of all steps of each kind."""
        return {kind: count * self.measured["processor"][kind] for kind, count in self.measured["counts"].items()}

    @property
    def remarks(self) -> list[str]:
        """What the strategy says of the search, before it begins."""
        return [str(remark) for remark in self.measured.get("remarks", ())]

    @property
    def memory(self) -> int:
        """Bytes of memory at the peak."""
        return int(self.measured.get("memory", 0))

    def _whole(self, each: str, after: str) -> float:
        if self.full:
            return float("nan")
        steps = sum(count * self.measured[each][kind] for kind, count in self.measured["counts"].items())
        return float(steps + self.measured[after])


@dataclass(frozen=True)
class Forecast:
    """A whole run."""

    phases: tuple[PhaseForecast, ...]

    @property
    def fits(self) -> bool:
        """Whether every phase could do its steps."""
        return not any(phase.full for phase in self.phases)

    @property
    def before(self) -> float:
        """Seconds until the first step."""
        return float(self.phases[0].measured.get("before", 0)) if self.phases else 0.0

    @property
    def seconds(self) -> float:
        """From the start to the end, but for the report."""
        return self.before + sum(phase.seconds for phase in self.phases)

    @property
    def trainings(self) -> float:
        """How many retrainings cost as much processor time as the search does; NaN: one of the two is not there."""
        processor = {phase.phase: phase.processor for phase in self.phases}
        search, retrain = (processor.get(phase, math.nan) for phase in ("search", "retrain"))
        return search / retrain if retrain else math.nan

    @property
    def memory(self) -> int:
        """Peak in bytes: that of the hungriest phase, for they follow each other."""
        return max((phase.memory for phase in self.phases), default=0)


def phases_of(experiment: Experiment) -> tuple[Phase, ...]:
    """What an experiment consists of."""
    there = {
        "search": experiment.strategy is not None,
        "finalists": experiment.finalists is not None,
        "ledger": experiment.ledger is not None,
        "retrain": experiment.retrain is not None,
    }
    return tuple(phase for phase in get_args(Phase) if there[phase])


def forecast(
    experiment: Experiment,
    phases: Iterable[Phase] | None = None,
    *,
    seconds: float = SECONDS,
    measure: MeasurePhase | None = None,
) -> Forecast:
    """Measure an experiment.

    Args:
        phases: None: all that it has.
        seconds: about how long each kind of step is measured.
        measure: how a phase is measured; None: in a process of its own.

    Raises:
        NasframeError: what the run itself would raise: data are missing, a loss is not finite.
    """
    chosen = phases_of(experiment) if phases is None else phases
    found = measure or in_own_process
    return Forecast(tuple(PhaseForecast(phase, found(experiment, phase, seconds)) for phase in chosen))


def in_own_process(experiment: Experiment, phase: Phase, seconds: float, disabled: Iterable[str] = ()) -> Measurement:
    """A phase measured in a fresh process, so that its peak of memory is its own.

    Args:
        disabled: plug-ins to leave out.
    """
    listed = ",".join(filter(None, (os.environ.get(DISABLE_VARIABLE, ""), *disabled)))
    with tempfile.TemporaryDirectory(prefix="nasframe-plan-") as folder:
        file = Path(folder) / "experiment.yaml"
        file.write_text(yaml_text.dump(experiment.resolved()), encoding="utf-8")
        command = [sys.executable, "-m", "nasframe.plan.probe", str(file), phase, str(seconds), str(time.time())]
        done = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, DISABLE_VARIABLE: listed}, check=False
        )
    if done.returncode == -signal.SIGKILL:
        return {"full": "the system killed the process, as it does when the memory is full"}
    try:
        answer = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError) as error:
        raise RunError(f"measuring the {phase} failed: {_last_line(done.stderr)}") from error
    if "error" in answer:
        kinds = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type)}
        raise kinds.get(answer["kind"], NasframeError)(answer["error"])
    return dict(answer.get("probe") or answer)


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1]

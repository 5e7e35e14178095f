"""What a folder of runs holds, one entry a run: read from small files, nothing is built."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from nasframe.errors import RunFolderError
from nasframe.runfolder.reading import RunReader, in_use, is_run

CRASHED = "crashed"
_RUNNING = ("searching", "retraining")
_BEST = "best_score"
LATEST = 2.5e11
"""Seconds from 1970 to about the year 9900."""


@dataclass(frozen=True)
class RunEntry:
    """One run; what is not known is None."""

    name: str
    """Of its folder."""
    state: str
    """As ``status.json`` says; ``crashed``: it says that the run goes on, but no process holds its lock."""
    phase: str | None
    step: int | None
    steps: int | None
    score: float | None
    """Of the retrained network, on what was set aside if anything was; of a search without retraining yet its best."""
    final: bool
    """Whether the score is of the retrained network."""
    minutes: float
    """Of work, without the time between a stop and a resumption."""
    space: str | None
    strategy: str | None
    evaluator: str | None
    started: str | None
    """Local time, ``2026-01-31 13:45``."""
    faults: tuple[str, ...]
    """Files that are there but cannot be read, and why; what they hold is not known."""


def list_runs(folder: Path) -> list[RunEntry]:
    """The runs in a folder, in the order in which they were started; a run's own folder is listed alone.

    Raises:
        RunFolderError: there is no such folder, or it cannot be read.
    """
    if is_run(folder):
        return [read_entry(folder)]
    if not folder.is_dir():
        raise RunFolderError(f"{folder} is no folder; runs are where run.folder of their experiment says ('runs')")
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise RunFolderError(f"{folder} cannot be read: {error.strerror or error}") from error
    entries = [read_entry(path) for path in paths if is_run(path)]
    return sorted(entries, key=lambda entry: (entry.started or "", entry.name))


def read_entry(folder: Path) -> RunEntry:
    """The row of one run."""
    reader = RunReader(folder)
    layout, events = reader.layout, reader.events()
    status, experiment, metrics = map(reader.mapping, (layout.status, layout.experiment, layout.metrics))
    held_out = metrics.get("holdout")
    final = held_out if isinstance(held_out, dict) else metrics
    score = final.get("score", _best_score(events))
    first = next((time for event in events if (time := _time(event)) is not None), None)
    return RunEntry(
        name=folder.resolve().name,
        state=state_of(folder, status),
        phase=_of(status, "phase", str),
        step=_of(status, "step", int),
        steps=_of(status, "steps", int),
        score=score if isinstance(score, int | float) else None,
        final="score" in metrics,
        minutes=worked_seconds(events) / 60,
        **{part: _type(experiment.get(part)) for part in ("space", "strategy", "evaluator")},
        started=None if first is None else datetime.fromtimestamp(first).strftime("%Y-%m-%d %H:%M"),
        faults=tuple(f"{path} {fault}" for path, fault in reader.faults),
    )


def state_of(folder: Path, status: Mapping[str, Any]) -> str:
    """The state of a run, in the light of whether its process lives."""
    state = status.get("state", "searching")
    return CRASHED if state in _RUNNING and not in_use(folder) else str(state)


def worked_seconds(events: Iterable[Mapping[str, Any]], phase: str | None = None) -> float:
    """How long a run, or one of its phases, has worked, by the times of its events."""
    seconds, before = 0.0, None
    for event in events:
        now = _time(event)
        if now is None or (phase is not None and event.get("phase") != phase):
            continue
        if before is not None and event.get("event") not in ("started", "resumed"):
            seconds += max(0.0, now - before)
        before = now
    return seconds


def _time(event: Mapping[str, Any]) -> float | None:
    """When an event happened; None: it does not say it, or says what no clock shows."""
    time = event.get("time")
    return float(time) if isinstance(time, int | float) and 0 <= time < LATEST else None


def _best_score(events: Iterable[Mapping[str, Any]]) -> float | None:
    """The best score that the search told of."""
    told = [metrics for event in events if isinstance(metrics := event.get("metrics"), dict)]
    scores = [metrics[name] for metrics in told for name in (_BEST, "score") if isinstance(metrics.get(name), float)]
    return max(scores, default=None)


def _of(status: Mapping[str, Any], key: str, kind: type) -> Any:
    return status[key] if isinstance(status.get(key), kind) else None


def _type(section: object) -> str | None:
    return str(section["type"]) if isinstance(section, dict) and "type" in section else None

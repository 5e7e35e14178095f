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


def list_runs(folder: Path) -> list[RunEntry]:
    """The runs in a folder, in the order in which they were started; a run's own folder is listed alone.

    Raises:
        RunFolderError: there is no such folder.
    """
    if is_run(folder):
        return [read_entry(folder)]
    if not folder.is_dir():
        raise RunFolderError(f"{folder} is no folder; runs are where run.folder of their experiment says ('runs')")
    entries = [read_entry(path) for path in sorted(folder.iterdir()) if is_run(path)]
    return sorted(entries, key=lambda entry: (entry.started or "", entry.name))


def read_entry(folder: Path) -> RunEntry:
    """The row of one run."""
    reader = RunReader(folder)
    layout, events = reader.layout, reader.events()
    status, experiment, metrics = map(reader.mapping, (layout.status, layout.experiment, layout.metrics))
    held_out = metrics.get("holdout")
    final = held_out if isinstance(held_out, dict) else metrics
    score = final.get("score", _best_score(events))
    first = next((event["time"] for event in events if isinstance(event.get("time"), int | float)), None)
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
    )


def state_of(folder: Path, status: Mapping[str, Any]) -> str:
    """The state of a run, in the light of whether its process lives."""
    state = status.get("state", "searching")
    return CRASHED if state in _RUNNING and not in_use(folder) else str(state)


def worked_seconds(events: Iterable[Mapping[str, Any]], phase: str | None = None) -> float:
    """How long a run, or one of its phases, has worked, by the times of its events."""
    seconds, before = 0.0, None
    for event in events:
        now = event.get("time")
        if not isinstance(now, int | float) or (phase is not None and event.get("phase") != phase):
            continue
        if before is not None and event.get("event") not in ("started", "resumed"):
            seconds += max(0.0, now - before)
        before = now
    return seconds


def _best_score(events: Iterable[Mapping[str, Any]]) -> float | None:
    """The best score that the search told of."""
    told = [metrics for event in events if isinstance(metrics := event.get("metrics"), dict)]
    scores = [metrics[name] for metrics in told for name in (_BEST, "score") if isinstance(metrics.get(name), float)]
    return max(scores, default=None)


def _of(status: Mapping[str, Any], key: str, kind: type) -> Any:
    return status[key] if isinstance(status.get(key), kind) else None


def _type(section: object) -> str | None:
    return str(section["type"]) if isinstance(section, dict) and "type" in section else None

"""What a run shows while it runs: a bar on a terminal, a line now and then elsewhere, or nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Protocol, cast, final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from typing_extensions import override

from nasframe.files.words import clock, quantity
from nasframe.run.lasting_output import LastingOutput

ALWAYS_SHOWN = ("loss", "score", "best_score")
MEASURED = "val_"
"""How the names of what the evaluator measures on the way begin; its first metric has room on a line."""
LINE_SECONDS = 10.0


class Progress(Protocol):
    """Shows how a run goes on; phases follow each other."""

    def begin(self, phase: str, steps: int, done: int) -> None:
        """A phase of so many steps begins, some of them already done."""

    def advance(self, step: int, metrics: Mapping[str, float]) -> None:
        """So many steps are done; metrics of the last one."""

    def workers(self, doing: Sequence[str]) -> None:
        """What each worker does, in a few words; comes often."""

    def end(self) -> None:
        """The phase is over, or the run has failed; may be called twice."""

    def say(self, line: str) -> None:
        """Show a sentence."""

    def take_loss(self) -> str:
        """Why nothing can be shown any more, said once; empty: it can."""
        return ""


def choose_progress(quiet: bool, *, stderr: bool = False) -> Progress:
    """A bar if stdout (or stderr) is a terminal, else lines there; nothing if quiet."""
    if quiet:
        return NullProgress()
    output = LastingOutput(sys.stderr if stderr else sys.stdout)
    console = Console(file=cast("IO[str]", output), highlight=False, soft_wrap=True)
    return BarProgress(console) if console.is_terminal else LineProgress(console)


@contextmanager
def show_progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A function that is called with ``done, total`` and shows it on stderr, where it disturbs no output."""
    progress = choose_progress(quiet=False, stderr=True)
    begun = False

    def show(done: int, total: int) -> None:
        nonlocal begun
        if not begun:
            progress.begin(what, total, 0)
            begun = True
        progress.advance(done, {})

    try:
        yield show
    finally:
        progress.end()


@final
class NullProgress(Progress):
    """Shows nothing."""

    @override
    def begin(self, phase: str, steps: int, done: int) -> None:
        pass

    @override
    def advance(self, step: int, metrics: Mapping[str, float]) -> None:
        pass

    @override
    def workers(self, doing: Sequence[str]) -> None:
        pass

    @override
    def end(self) -> None:
        pass

    @override
    def say(self, line: str) -> None:
        pass


@final
class LineProgress(Progress):
    """A line at the start and the end of a phase and about every ten seconds between."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._phase, self._steps, self._step, self._done = "", 0, 0, 0
        self._began = self._shown = 0.0
        self._latest: dict[str, float] = {}
        self._told = 0.0

    @override
    def workers(self, doing: Sequence[str]) -> None:
        """A line, if the last one is old enough."""
        now = time.monotonic()
        if now - max(self._told, self._began) >= LINE_SECONDS:
            self._told = now
            self.say(f"workers: {' | '.join(doing)}")

    @override
    def begin(self, phase: str, steps: int, done: int) -> None:
        self._phase, self._steps, self._step, self._done = phase, steps, done, done
        self._began = self._shown = time.monotonic()
        self._latest = {}
        self.say(f"{phase}: {quantity(steps, 'step')}" + (f", {done} done" if done else ""))

    @override
    def advance(self, step: int, metrics: Mapping[str, float]) -> None:
        """A line, if the last one is old enough or this is the last step."""
        self._step = step
        self._latest |= metrics
        now = time.monotonic()
        if step == self._steps or now - self._shown >= LINE_SECONDS:
            self._shown = now
            left = (now - self._began) / max(1, step - self._done) * (self._steps - step)
            self.say(f"{self._phase} {step}/{self._steps}  {describe(self._latest)}  {clock(left)} left")

    @override
    def end(self) -> None:
        """Nothing: the last step has its line."""

    @override
    def say(self, line: str) -> None:
        self._console.print(line, markup=False)

    @override
    def take_loss(self) -> str:
        return _take_loss(self._console)


@final
class BarProgress(Progress):
    """A bar with the time left."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar: Bar | None = None
        self._latest: dict[str, float] = {}

    @override
    def workers(self, doing: Sequence[str]) -> None:
        """A line each, below the bar."""
        if self._bar is None:
            return
        for place, text in enumerate(doing, start=1):
            if len(self._bar.task_ids) <= place:
                self._bar.add_task("", total=None, metrics="")
            self._bar.update(self._bar.task_ids[place], description=f"  worker {place}: {text}")

    @override
    def begin(self, phase: str, steps: int, done: int) -> None:
        """Show a new bar."""
        self.end()
        self._latest = {}
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[metrics]}"),
        )
        self._bar = Bar(*columns, TimeRemainingColumn(), console=self._console)
        self._bar.add_task(phase, total=steps, completed=done, metrics="")
        self._bar.start()

    @override
    def advance(self, step: int, metrics: Mapping[str, float]) -> None:
        self._latest |= metrics
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=step, metrics=describe(self._latest))

    @override
    def end(self) -> None:
        """Leave the bar where it is."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    @override
    def say(self, line: str) -> None:
        """A line above the bar."""
        self._console.print(line, markup=False)

    @override
    def take_loss(self) -> str:
        return _take_loss(self._console)


def _take_loss(console: Console) -> str:
    return console.file.take_loss() if isinstance(console.file, LastingOutput) else ""


def describe(metrics: Mapping[str, float]) -> str:
    """The metrics that have room on a line: the loss, the scores, and the first that was measured on ``val``."""
    measured = [name for name in metrics if name.startswith(MEASURED)][:1]
    return "  ".join(f"{name} {metrics[name]:.4g}" for name in (*ALWAYS_SHOWN, *measured) if name in metrics)

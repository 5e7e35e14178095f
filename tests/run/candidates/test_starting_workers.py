"""The server that starts workers may be killed: it is started again, and if that does not help the run says why."""

from multiprocessing.context import ForkServerProcess

import pytest

from nasframe import RunError
from nasframe.run.candidates import processes
from nasframe.run.candidates.crew import ATTEMPTS

FOUR = ("run.outstanding=4", "strategy.samples=4", "cache={reuse: false}")

pytestmark = pytest.mark.usefixtures("path_of_workers")


def failing(times, monkeypatch):
    """The next so many starts of a process find the server gone; returns the list of all starts."""
    starts, start = [], ForkServerProcess.start

    def started(self):
        starts.append(self.name)
        if len(starts) <= times:
            raise EOFError("unexpected EOF")
        start(self)

    monkeypatch.setattr(ForkServerProcess, "start", started)
    monkeypatch.setattr(processes, "DYING", 0)
    return starts


def test_a_server_that_was_killed_once_is_started_again(runs, monkeypatch):
    starts = failing(1, monkeypatch)
    runs.run("once", *FOUR, "run.workers=2")
    assert len(starts) == 3 and len(runs.events("once")) == 4


def test_a_server_that_is_killed_each_time_ends_the_run_with_what_happened(runs, monkeypatch):
    failing(ATTEMPTS, monkeypatch)
    said = r"worker 1 cannot be started in 3 attempts: .*unexpected EOF.*may have been killed.*--resume goes on"
    with pytest.raises(RunError, match=said):
        runs.run("never", *FOUR, "run.workers=2")
    monkeypatch.undo()

"""Ctrl-C and SIGTERM: between two steps at once, within a step after it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from nasframe.errors import NasframeError

STOPPING = (signal.SIGINT, signal.SIGTERM)
Handler = Callable[[int, FrameType | None], Any]


class Interrupted(NasframeError):
    """The user stopped the run, which can be resumed."""

    exit_code = 130


class StopRequest:
    """Whether a signal has asked to stop."""

    requested = False


@contextmanager
def defer_signals() -> Iterator[StopRequest]:
    """The first SIGINT or SIGTERM only sets ``requested``; a second one raises KeyboardInterrupt at once."""
    request = StopRequest()

    def handle(number: int, frame: FrameType | None) -> None:
        if request.requested:
            raise KeyboardInterrupt
        request.requested = True

    with _handling(handle):
        yield request


@contextmanager
def raise_at_signals() -> Iterator[None]:
    """SIGINT and SIGTERM both raise KeyboardInterrupt; a terminal that is closed does nothing."""

    def handle(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with outlast_terminal(), _handling(handle):
        yield


@contextmanager
def outlast_terminal() -> Iterator[None]:
    """SIGHUP, of a terminal that is closed, does nothing, neither here nor in processes that are started within."""
    with _handling(signal.SIG_IGN, (signal.SIGHUP,)):
        yield


@contextmanager
def ignore_signals() -> Iterator[None]:
    """SIGINT and SIGTERM do nothing; for the moment in which it is written down how a run has ended."""
    with _handling(signal.SIG_IGN):
        yield


@contextmanager
def _handling(handler: Handler | signal.Handlers, numbers: Sequence[signal.Signals] = STOPPING) -> Iterator[None]:
    """Set the handlers and set them back; outside the main thread, where Python allows none, do nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)

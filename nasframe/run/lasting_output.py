"""Output that may be lost without harm: a terminal that is closed, a pipe nobody reads, a full disk."""

from __future__ import annotations

import os
from typing import TextIO, final


@final
class LastingOutput:
    """A stream like another, as far as rich's console uses it; once that fails, what is written vanishes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lost = False
        self._reason = ""

    @property
    def encoding(self) -> str:
        """Of the stream."""
        return self._stream.encoding

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Of the stream."""
        return self._stream.fileno()

    def write(self, text: str) -> int:
        """Write, as long as that works."""
        if not self._lost:
            try:
                self._stream.write(text)
            except (OSError, ValueError) as error:  # ValueError: it is closed
                self._lose(error)
        return len(text)

    def flush(self) -> None:
        """Flush, as long as that works."""
        if not self._lost:
            try:
                self._stream.flush()
            except (OSError, ValueError) as error:
                self._lose(error)

    def take_loss(self) -> str:
        """Why it has failed, said once; empty: it has not."""
        reason, self._reason = self._reason, ""
        return reason

    def _lose(self, error: Exception) -> None:
        self._lost, self._reason = True, str(error) or type(error).__name__
        drop(self._stream)


def drop(stream: TextIO) -> None:
    """Let what a stream still holds vanish, or Python would fail when it writes that at its end."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):  # it is no file, or closed
        pass

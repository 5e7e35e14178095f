"""Standard output and error, made fit for what terminals, pipes and locales there are."""

from __future__ import annotations

import codecs
import io
import sys

PLAIN = {"×": "x", "–": "-", "…": "...", "→": "->", "·": "-", "≥": ">=", "≤": "<=", "±": "+-", "°": " deg"}
"""What stands for a character of ours where the locale has none."""
_HANDLER = "nasframe_plain"


def fit_streams() -> None:
    """Let no character fail for want of a place in the locale's encoding: it is written plainly, or as an escape."""
    codecs.register_error(_HANDLER, _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors=_HANDLER)


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(PLAIN.get(one) or one.encode("ascii", "backslashreplace").decode() for one in text), error.end

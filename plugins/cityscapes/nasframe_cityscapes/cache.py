"""The folder for what can be made again: checks already done, street scenes already drawn."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """``NASFRAME_CACHE``, else ``XDG_CACHE_HOME/nasframe``, else ``~/.cache/nasframe``; it may not exist yet."""
    if chosen := os.environ.get("NASFRAME_CACHE"):
        return Path(os.path.expanduser(chosen))
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.path.expanduser(base)) / "nasframe"

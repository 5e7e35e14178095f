"""What a folder of trainings or runs is of, noted when it is begun, so that nothing else is mixed in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasframe.errors import RunFolderError
from nasframe.files import atomic


def fingerprint(described: Any) -> str:
    """A short text that is another for other plain data."""
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:16]


def settle(path: Path, settings: Mapping[str, Any], holds: str) -> None:
    """Write the settings into a file, or see that those in it are the same.

    Args:
        settings: plain data.
        holds: what the folder holds, such as ``trainings``.

    Raises:
        RunFolderError: they are others.
    """
    told = json.loads(json.dumps(settings))
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_json(path, told)
        return
    known = json.loads(path.read_text(encoding="utf-8"))
    if changed := [key for key in told if known.get(key) != told[key]]:
        raise RunFolderError(
            f"{path.parent} holds {holds} of other {' and '.join(changed)}; go on with the same file and options, or "
            "name another folder by --into"
        )

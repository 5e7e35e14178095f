"""What a folder of trainings or runs is of, noted when it is begun, so that nothing else is mixed in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasframe.errors import RunFolderError
from nasframe.files import atomic
from nasframe.files.plain_json import parse
from nasframe.files.words import first_line


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
    try:
        known = dict(parse(path.read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError) as error:
        raise RunFolderError(
            f"{path} cannot be read ({first_line(error)}); it says what the {holds} beside it are of. Put the original "
            "back, or name another folder by --into"
        ) from error
    if changed := [key for key in told if known.get(key) != told[key]]:
        raise RunFolderError(
            f"{path.parent} holds {holds} of other {' and '.join(changed)}; go on with the same file and options, or "
            "name another folder by --into"
        )

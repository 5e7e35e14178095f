"""What identifies files by their content: so that a run notices that its data have changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from nasframe.errors import listed
from nasframe.files.words import quantity

__all__ = ["changes", "fingerprint_of", "sha256_of"]


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint_of(size: int, sha256: str = "") -> str:
    """What identifies a file's content, for ``Evaluator.fingerprint``: its size in bytes and its SHA-256, if known."""
    return f"size {size};" + (f" sha256 {sha256}" if sha256 else "")


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """How two fingerprints by file name differ, as ``1 file changed: a.png``; empty: they do not.

    A file whose content was looked at in one of them alone counts as equal if its size is.
    """
    common = [name for name in before if name in now]
    changed = [
        name for name in common if not (before[name].startswith(now[name]) or now[name].startswith(before[name]))
    ]
    kinds = {
        "changed": changed,
        "missing": [name for name in before if name not in now],
        "added": [name for name in now if name not in before],
    }
    return [f"{quantity(len(names), 'file')} {what}: {listed(names)}" for what, names in kinds.items() if names]

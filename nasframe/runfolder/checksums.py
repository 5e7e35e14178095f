"""``SHA256SUMS``: the checksums of a run's files that are written once, as ``sha256sum -c`` reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import final

from nasframe.errors import FileError, RunError
from nasframe.files import atomic
from nasframe.files.fingerprints import sha256_of
from nasframe.runfolder.layout import RunLayout

_LINE = re.compile(r"([0-9a-f]{64})  (.+)")
_DEEPEST = 2
"""How many folders below the run's own its files lie at most."""


@final
class Checksums:
    """The checksums of a run's files, as far as there are any: one of an older version has none."""

    def __init__(self, layout: RunLayout) -> None:
        self._layout = layout
        try:
            lines = layout.checksums.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            lines = []
        self._known = {match[2]: match[1] for line in lines if (match := _LINE.fullmatch(line))}

    def add(self, files: Iterable[Path]) -> None:
        """Note the checksums of files and of what folders hold, but of those that are known already.

        Args:
            files: what is not there is passed over.

        Raises:
            RunError: they cannot be written, or a file cannot be read.
        """
        found = {self._layout.name(path): path for path in _files(files)}
        try:
            self._known |= {name: sha256_of(path) for name, path in found.items() if name not in self._known}
        except OSError as error:
            raise RunError(f"{error.filename} cannot be read ({error.strerror}): its checksum is not known") from error
        self._write()

    def keep(self, files: Iterable[Path]) -> None:
        """Forget the checksums of all other files, which are to be written anew.

        Raises:
            FileError: one of those that are kept is not what the run wrote.
        """
        paths = [path for path in _files(files) if self._layout.name(path) in self._known]
        for path in paths:
            require_intact(path)
        kept = {self._layout.name(path) for path in paths}
        if self._known.keys() - kept:
            self._known = {name: checksum for name, checksum in self._known.items() if name in kept}
            self._write()

    def fault(self, path: Path) -> str:
        """What is wrong with one of the run's files, as its predicate; empty: nothing, as far as is known.

        Raises:
            OSError: it cannot be read.
        """
        expected = self._known.get(self._layout.name(path))
        if expected is None or sha256_of(path) == expected:
            return ""
        return (
            f"is not what the run wrote (its checksum in {self._layout.checksums} differs): it was changed or damaged "
            "afterwards. Put the original back, or delete its line there to take it as it is"
        )

    def _write(self) -> None:
        lines = [f"{checksum}  {name}\n" for name, checksum in sorted(self._known.items())]
        atomic.write_text(self._layout.checksums, "".join(lines))


def _files(given: Iterable[Path]) -> list[Path]:
    return sorted(path for file in given for path in (file.rglob("*") if file.is_dir() else [file]) if path.is_file())


def require_intact(path: Path) -> None:
    """See that a file, if it is one of a run's with a checksum, is what the run wrote.

    Raises:
        FileError: it is not.
    """
    folder = next((up for up in list(path.absolute().parents)[:_DEEPEST] if RunLayout(up).checksums.is_file()), None)
    if folder is None:
        return
    try:
        fault = Checksums(RunLayout(folder)).fault(path.absolute())
    except OSError as error:
        raise FileError(f"{path} cannot be read ({error.strerror})") from error
    if fault:
        raise FileError(f"{path} {fault}")

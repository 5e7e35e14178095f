"""Compiles the kernels once for this machine and keeps the result.

They are plain C functions without a line of torch's C++, so a build takes seconds and outlives torch's versions.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import torch

SOURCES = ("depthwise.cpp", "mixing.cpp", "pooling.cpp")
HEADERS = ("planes.hpp",)
FLAGS = ("-std=c++17", "-O3", "-march=native", "-fopenmp", "-fno-math-errno", "-fPIC", "-w")
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
HERE = Path(__file__).parent


class BuildError(Exception):
    """The kernels cannot be built here; the message says why."""


def library() -> Path:
    """The compiled kernels, built if they are not there yet, or are not those that were built.

    The name of a built file has its checksum, and it is loaded only if nobody but this user and root could have written
    it. Two processes may build at once: each writes a file of its own and then gives it the final name.

    Raises:
        BuildError: there is no compiler, it fails, or the cache cannot be written or can be written by others.
    """
    compiler = _compiler()
    folder, name = _folder(), f"kernels-{_key(compiler)}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _require_own(folder)
        for found in sorted(folder.glob(f"{name}-*.so")):
            if _is_own(found) and found.stem.rpartition("-")[2] == _checksum(found):
                return found
            found.unlink()
        with tempfile.TemporaryDirectory(dir=folder, prefix="building-") as place:
            fresh = Path(place) / f"{name}.so"
            _compile(compiler, fresh)
            fresh.chmod(0o700)
            return _kept(fresh, folder / f"{name}-{_checksum(fresh)}.so")
    except OSError as error:
        raise BuildError(f"{folder} cannot be written ({error})") from error


def _compiler() -> list[str]:
    """The compiler and what comes before all other arguments."""
    chosen = os.environ.get("CXX")
    found = [path for path in map(shutil.which, ("c++", "g++")) if path]
    try:
        command = shlex.split(chosen) if chosen else found[:1]
    except ValueError as error:
        raise BuildError(f"CXX is {chosen!r}, which is no command ({error})") from error
    if not command:
        raise BuildError("there is no C++ compiler (c++ or g++, or one named by CXX)")
    return command


def _require_own(folder: Path) -> None:
    """See that nobody else can write in a folder, and shut it where it is this user's.

    Raises:
        BuildError: somebody can.
    """
    status = folder.stat()
    if status.st_uid == os.geteuid() and status.st_mode & OTHERS_WRITE:
        folder.chmod(stat.S_IMODE(status.st_mode) & ~OTHERS_WRITE)
    if not _is_own(folder):
        raise BuildError(
            f"{folder} belongs to another user, or others can write there, so that what lies there cannot be trusted; "
            "set NASFRAME_CACHE to a folder of your own"
        )


def _is_own(path: Path) -> bool:
    """Whether a file or folder is no link, and only this user and root can have written it."""
    status = path.lstat()
    owned = status.st_uid in (os.geteuid(), 0) and not status.st_mode & OTHERS_WRITE
    return owned and not stat.S_ISLNK(status.st_mode)


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _kept(fresh: Path, path: Path) -> Path:
    """A file under its final name, wholly on the disk before it has it."""
    for written in (fresh, fresh.parent):
        _sync(written)
    fresh.replace(path)
    _sync(path.parent)
    return path


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _compile(compiler: list[str], output: Path) -> None:
    # The threads are those of torch's own OpenMP library, which is loaded already; linking another would start more.
    torch_library = Path(torch.__file__).parent / "lib"
    objects = []
    for source in SOURCES:
        objects.append(str(output.parent / f"{source}.o"))
        _run([*compiler, *FLAGS, "-c", str(HERE / source), "-o", objects[-1]])
    _run([*compiler, "-shared", *objects, f"-L{torch_library}", "-Wl,--no-as-needed", "-ltorch_cpu", "-o", str(output)])


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise BuildError(f"the compiler {command[0]!r} is not there") from error
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or ["it says nothing"]
        raise BuildError(f"{command[0]} fails: {lines[0]}") from error


def _folder() -> Path:
    """Where compiled kernels are kept: ``NASFRAME_CACHE``, else ``XDG_CACHE_HOME/nasframe``, else ``~/.cache``."""
    if chosen := os.environ.get("NASFRAME_CACHE"):
        return Path(chosen).expanduser() / "kernels"
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "nasframe" / "kernels"


def _key(compiler: list[str]) -> str:
    """Names what a build depends on: sources, flags, compiler, processor, torch."""
    digest = hashlib.sha256()
    for name in (*SOURCES, *HEADERS):
        digest.update((HERE / name).read_bytes())
    for text in (*FLAGS, shlex.join(compiler), _version(compiler), platform.machine(), _processor(), torch.__version__):
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()[:16]


def _version(compiler: list[str]) -> str:
    try:
        return subprocess.run([*compiler, "--version"], check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise BuildError(f"the compiler {shlex.join(compiler)!r} does not run ({error})") from error


def _processor() -> str:
    """What instructions there are: a cache may be shared by different machines."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), platform.processor())

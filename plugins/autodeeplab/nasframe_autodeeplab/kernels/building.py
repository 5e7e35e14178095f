"""Compiles the kernels once for this machine and keeps the result.

They are plain C functions without a line of torch's C++, so a build takes seconds and outlives torch's versions.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

import torch

SOURCES = ("depthwise.cpp", "mixing.cpp", "pooling.cpp")
HEADERS = ("planes.hpp",)
FLAGS = ("-std=c++17", "-O3", "-march=native", "-fopenmp", "-fno-math-errno", "-fPIC", "-w")
HERE = Path(__file__).parent


class BuildError(Exception):
    """The kernels cannot be built here; the message says why."""


def library() -> Path:
    """The compiled kernels, built if they are not there yet.

    Two processes may build at once: each writes a file of its own and then gives it the final name.

    Raises:
        BuildError: there is no compiler, it fails, or the cache cannot be written.
    """
    compiler = os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++")
    if compiler is None:
        raise BuildError("there is no C++ compiler (c++ or g++, or one named by CXX)")
    built = _folder() / f"kernels-{_key(compiler)}.so"
    if built.exists():
        return built
    try:
        built.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=built.parent, prefix="building-") as folder:
            fresh = Path(folder) / built.name
            _compile(compiler, fresh)
            fresh.replace(built)
    except OSError as error:
        raise BuildError(f"{built.parent} cannot be written ({error})") from error
    return built


def _compile(compiler: str, output: Path) -> None:
    # The threads are those of torch's own OpenMP library, which is loaded already; linking another would start more.
    torch_library = Path(torch.__file__).parent / "lib"
    objects = []
    for source in SOURCES:
        objects.append(str(output.parent / f"{source}.o"))
        _run([compiler, *FLAGS, "-c", str(HERE / source), "-o", objects[-1]])
    _run([compiler, "-shared", *objects, f"-L{torch_library}", "-Wl,--no-as-needed", "-ltorch_cpu", "-o", str(output)])


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
        return Path(chosen) / "kernels"
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "nasframe" / "kernels"


def _key(compiler: str) -> str:
    """Names what a build depends on: sources, flags, compiler, processor, torch."""
    digest = hashlib.sha256()
    for name in (*SOURCES, *HEADERS):
        digest.update((HERE / name).read_bytes())
    for text in (*FLAGS, compiler, _version(compiler), platform.machine(), _processor(), torch.__version__):
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()[:16]


def _version(compiler: str) -> str:
    try:
        return subprocess.run([compiler, "--version"], check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise BuildError(f"the compiler {compiler!r} does not run ({error})") from error


def _processor() -> str:
    """What instructions there are: a cache may be shared by different machines."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), platform.processor())

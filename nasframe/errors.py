"""Every error that a user can act on: it says what was found and where, what was expected, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable


class NasframeError(Exception):
    """Root of all errors with a message for users; the command line prints it without a traceback."""

    exit_code = 2
    """2: what was given is wrong and nothing was run; 1: a run began and failed."""


class PluginError(NasframeError):
    """A plug-in cannot be imported, is unknown, or clashes with another."""


class ExperimentError(NasframeError):
    """An experiment file, an override or an option is wrong."""


class CapabilityError(NasframeError):
    """A space, a strategy and an evaluator that cannot work together."""


class GenotypeError(NasframeError):
    """A genotype does not answer its space's decisions."""


class GraphError(NasframeError):
    """A graph lacks what decoding or a file of it needs, or has no path within the bounds."""


class DataError(NasframeError):
    """A data set is missing, incomplete or holds what it may not hold."""


class RunError(NasframeError):
    """A run or its folder failed: a torn checkpoint, a loss that is not finite, a full disk."""

    exit_code = 1


class FileError(NasframeError):
    """A file that a command was given or is to write: of weights, of pictures, of results."""


class RunFolderError(NasframeError):
    """A folder that cannot be used as a run folder; nothing was run."""


def listed(items: Iterable[object], show: Callable[[object], str] = str) -> str:
    """The first dozen of some things, for a message: ``a, b, c and 4 more``."""
    names = [show(item) for item in items]
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The nearest known word to a mistyped one, as ``"; did you mean 'epochs'?"``; empty where none is near."""
    known = list(known)
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if not near:
        lower = {name.lower(): name for name in known}
        near = [lower[match] for match in difflib.get_close_matches(word.lower(), lower, n=1, cutoff=0.6)]
    return f"; did you mean {near[0]!r}?" if near else ""

"""Whether a run that goes on, or comes to its end, still has the data that it was begun with."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nasframe.errors import DataError
from nasframe.files import atomic
from nasframe.files.fingerprints import changes
from nasframe.files.words import first_line
from nasframe.run.problems import Problems
from nasframe.runfolder.folder import RunFolder

Fingerprints = Mapping[str, Mapping[str, str]]


def fingerprints(problems: Problems) -> dict[str, dict[str, str]]:
    """What identifies the data of each phase, where its evaluator can tell: by file name its size and content."""
    both = {"search": problems.search, "retrain": problems.retrain}
    found = {phase: dict(problem.evaluator.fingerprint()) for phase, problem in both.items() if problem}
    return {phase: files for phase, files in found.items() if files}


def remarks_on_data(problems: Problems) -> list[str]:
    """What the evaluators say of the data of all phases, none twice."""
    both = (problems.search, problems.retrain)
    return [*dict.fromkeys(remark for problem in both if problem for remark in problem.evaluator.remarks())]


def record_data(folder: RunFolder, found: Fingerprints, remarks: Sequence[str]) -> None:
    """Write what identifies the data of a run that begins, and what is to be said of them."""
    atomic.write_json(folder.layout.data, _recorded(found, remarks))


def _recorded(found: Fingerprints, remarks: Sequence[str]) -> dict[str, Any]:
    return {**found, **({"remarks": [*remarks]} if remarks else {})}


def require_same_data(
    folder: RunFolder, found: Fingerprints, remarks: Sequence[str], say: Callable[[str], None]
) -> None:
    """Compare the data with those that a run was begun with; where changes are accepted, note them and go on.

    Raises:
        DataError: they differ; names the files.
    """
    before = folder.read(folder.layout.data)
    if not before:
        record_data(folder, found, remarks)
        say("It is not known with which data the run was begun; those that are there now are recorded.")
        return
    differences = _differences(before, found)
    if not differences:
        return
    if not folder.accepts_changes:
        raise DataError(
            f"the data are not those that the run was begun with (see {folder.layout.data}), so that its result would "
            "be of neither:\n  "
            + "\n  ".join(differences)
            + f"\nPut them back, start a new run, or go on all the same by 'nasframe run --resume {folder.path} "
            "--accept-changes', which the run's folder and report then say"
        )
    accepted = [*before.get("accepted", []), {"time": time.time(), "changes": differences}]
    atomic.write_json(folder.layout.data, {**_recorded(found, remarks), "accepted": accepted})
    for line in differences:
        say(f"The data have changed, which is accepted: {line}")


def note_changed_data(folder: RunFolder, problems: Problems, say: Callable[[str], None]) -> None:
    """Compare the data with those recorded, at the end of a run: what changed is said and kept for the report.

    The run's result stands, of data of which some were others for a part of the time.
    """
    before = folder.read(folder.layout.data)
    if not before:
        return
    try:
        differences = _differences(before, fingerprints(problems))
    except (DataError, OSError) as error:
        differences = [f"they can no longer be read: {first_line(error)}"]
    if differences:
        atomic.write_json(folder.layout.data, {**before, "meanwhile": differences})
    for line in differences:
        say(f"Warning: the data changed while the run was going on: {line}")


def _differences(before: Mapping[str, Any], now: Fingerprints) -> list[str]:
    return [
        f"{phase}: {line}"
        for phase in ("search", "retrain")
        for line in changes(before.get(phase, {}), now.get(phase, {}))
    ]

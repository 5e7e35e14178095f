"""The names of a run folder's files: said once in the code, and the same in the documentation."""

import re
from pathlib import Path

from nasframe.runfolder.layout import RunLayout

ROOT = Path(__file__).parent.parent.parent
RUN = RunLayout(Path("runs/one"))


def named():
    """The names of all files and folders that the layout knows."""
    values = [getattr(RUN, name) for name in dir(RUN) if not name.startswith("_") and name != "folder"]
    return {RUN.name(value) for value in values if isinstance(value, Path)}


def documented():
    rows = re.findall(r"^\| (`.*?) \|", (ROOT / "docs" / "run-folder.md").read_text(), re.MULTILINE)
    return {name.rstrip("/") for row in rows for name in re.findall(r"`(.*?)`", row)}


def test_every_file_is_documented_and_every_documented_file_is_one():
    assert named() == documented()
    assert len(named()) > 25


def test_files_of_one_step_and_one_candidate_lie_in_their_folders():
    assert RUN.name(RUN.checkpoint("search", 12)) == "checkpoints/search-00000012.pt"
    assert RUN.name(RUN.checkpoint("retrain", 12)) == "retrain/checkpoints/retrain-00000012.pt"
    assert RUN.name(RUN.snapshot("search", 7)) == "snapshots/00000007.npz"
    assert RUN.snapshot("retrain", 7).parent == RUN.retrain_snapshots
    assert RUN.on_front(3) == Path("runs/one/front/00003.yaml")

"""Folders that may not be read or written are told of by name; with root's rights, which may all, given away."""

import importlib
import os
import shutil
import stat
import tempfile
import traceback
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from PIL import Image

from nasframe.cli import main

NOBODY = 65534
for module in ("report.writer", "run.execution"):
    importlib.import_module(f"nasframe.{module}")  # now: without rights nothing can be imported from root's folders
importlib.import_module("nasframe_autodeeplab.space")
importlib.import_module("nasframe_cityscapes.segmentation")


@contextmanager
def without_rights():
    """As a user who may not all; a test that is not root's is such a user."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def place(monkeypatch):
    """A folder that every user may look into and write in, with a data set; pytest's own are for one user."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    monkeypatch.setenv("NASFRAME_CACHE", str(folder / "cache"))
    monkeypatch.chdir(folder)
    for number, split in enumerate(("train", "train", "val")):
        stem = f"a_000000_{number:06}"
        for kind, suffix, pixels in (
            ("leftImg8bit", "leftImg8bit", np.full((24, 32, 3), 90)),
            ("gtFine", "gtFine_labelIds", np.full((24, 32), 7)),
        ):
            path = folder / "data" / kind / split / "a" / f"{stem}_{suffix}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels.astype(np.uint8)).save(path)
    experiment = {
        "space": {"type": "autodeeplab", "layers": 2, "levels": 2, "blocks": 1, "filters": 4},
        "evaluator": {"type": "cityscapes", "root": str(folder / "data"), "reduce": 1, "crop": 17, "workers": 0},
        "strategy": {"type": "random", "samples": 1},
        "retrain": None,
        "run": {"threads": 1, "device": "cpu"},
    }
    (folder / "experiment.yaml").write_text(yaml.safe_dump(experiment))
    assert call("check", "experiment.yaml").exit_code == 0  # and so all plug-ins are imported
    yield folder
    for path in [folder, *folder.rglob("*")]:
        path.chmod(path.stat().st_mode | stat.S_IRWXU)
    shutil.rmtree(folder)


def call(*arguments):
    return CliRunner().invoke(main, list(map(str, arguments)))


def refused(result, *words):
    assert isinstance(result.exception, SystemExit), "".join(traceback.format_exception(result.exception))
    assert result.exit_code == 2 and result.stderr.startswith("error: ") and result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr, result.stderr


@pytest.mark.parametrize("name", ["gtFine", "gtFine/val", "leftImg8bit", "leftImg8bit/train", "leftImg8bit/train/a"])
def test_a_folder_of_the_data_that_may_not_be_read_is_named(place, name):
    (place / "data" / name).chmod(0)
    with without_rights():
        refused(call("run", "experiment.yaml", "--into", "run"), name, "cannot be read (Permission denied)")
    assert not (place / "run").exists()


def stopped(place):
    """A run's folder that was begun and not finished."""
    folder = place / "run"
    folder.mkdir()
    shutil.copy(place / "experiment.yaml", folder)
    return folder


def test_a_run_folder_that_may_not_be_written_is_named_when_it_is_gone_on_with(place):
    folder = stopped(place)
    folder.chmod(0o555)
    with without_rights():
        refused(call("run", "--resume", "run"), "run/lock cannot be written (Permission denied)", "give the right")


@pytest.mark.parametrize("rights", [0, 0o444])
def test_a_run_folder_that_may_not_be_looked_into_is_named(place, rights):
    stopped(place).chmod(rights)
    with without_rights():
        refused(call("run", "--resume", "run"), "run cannot be", "give the right to")


def test_a_folder_without_rights_does_not_keep_others_from_being_listed(place):
    for name in ("one", "shut"):
        (place / "runs" / name).mkdir(parents=True)
        (place / "runs" / name / "status.json").write_text('{"state": "stopped"}')
    (place / "runs" / "shut").chmod(0)
    with without_rights():
        result = call("runs", "runs")
    assert result.exit_code == 0 and "stopped" in result.stdout and "shut" not in result.stdout

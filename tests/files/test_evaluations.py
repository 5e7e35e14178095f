"""Evaluations as text, as JSON and as files."""

import csv
import json

import pytest

from nasframe import Evaluation, FileError, Table
from nasframe.files.evaluations import as_text, require_free, write

TABLE = Table(("class", "IoU", "pixels"), (("road [wet]", 0.51239, 1234567), ("sky", None, 0)))
WIDE = Table(("row", *map(str, range(9))), (("a", *range(9)),))
EVALUATION = Evaluation(
    0.51239,
    {"miou": 0.51239, "frames": 3.0, "loss": float("nan")},
    {"classes": TABLE, "confusion": WIDE},
    {"split": "val", "scales": [0.5, 1.0], "mirrored": True},
)


def test_the_table_shows_percents_counts_and_what_is_absent():
    lines = as_text(EVALUATION, {"run": "runs/[a]"}, "table").splitlines()
    cells = {line.split("│")[1].strip(): line.split("│")[2].strip() for line in lines if line.startswith("│")}
    assert cells["run"] == "runs/[a]"
    assert (cells["scales"], cells["mirrored"]) == ("0.5, 1.0", "yes")
    assert (cells["miou"], cells["frames"], cells["loss"]) == ("51.24 %", "3", "–")
    assert (cells["road [wet]"], cells["sky"]) == ("51.24 %", "–")
    assert "│ 1,234,567 │" in next(line for line in lines if "road" in line)
    assert lines[-1] == "confusion: 1 row of 10 columns, in JSON and in files only"


def test_json_holds_fractions_and_null_for_what_is_no_number():
    found = json.loads(as_text(EVALUATION, {"run": "a"}, "json"))
    assert found["metrics"] == {"miou": 0.51239, "frames": 3.0, "loss": None}
    assert found["tables"]["classes"]["rows"] == [["road [wet]", 0.51239, 1234567], ["sky", None, 0]]
    assert (found["run"], found["score"], found["conditions"]["split"]) == ("a", 0.51239, "val")


def test_the_files_hold_everything_and_are_not_overwritten_unasked(tmp_path):
    folder = tmp_path / "new" / "out"
    require_free(folder)
    write(folder, EVALUATION, {"run": "a"})
    assert json.loads((folder / "evaluation.json").read_text()) == json.loads(as_text(EVALUATION, {"run": "a"}, "json"))
    with (folder / "classes.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["class", "IoU", "pixels"],
            ["road [wet]", "0.51239", "1234567"],
            ["sky", "", "0"],
        ]
    with pytest.raises(FileError, match="exists already; choose another --output, or overwrite it by --force"):
        require_free(folder)

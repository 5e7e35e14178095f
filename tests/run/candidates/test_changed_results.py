"""Results that were changed in their files are not told to a strategy."""

import json

import pytest

from nasframe import FileError
from nasframe.files import atomic

QUICK = ("strategy.samples=3",)


def begun(runs):
    """A run whose results are there, but which has not come to its end."""
    folder = runs.run("run", *QUICK)
    (folder / "status.json").write_text('{"state": "searching"}')
    return folder / "evaluations.jsonl"


def test_a_changed_evaluation_is_refused_with_its_line(runs):
    file = begun(runs)
    lines = file.read_text().splitlines()
    changed = json.loads(lines[1])
    lines[1] = json.dumps({**changed, "score": changed["score"] + 1})
    file.write_text("\n".join(lines) + "\n")
    with pytest.raises(FileError, match=r"evaluations\.jsonl:2: .*its checksum differs"):
        runs.resume("run")


def test_a_row_that_was_changed_is_named_and_those_without_checksums_are_taken(tmp_path):
    file = tmp_path / "rows.jsonl"
    atomic.append_row(file, {"score": 0.5, "names": ("a", "b")})
    atomic.append_json(file, {"score": 0.25})
    assert atomic.read_json_lines(file, dict) == [{"score": 0.5, "names": ["a", "b"]}, {"score": 0.25}]
    file.write_text(file.read_text().replace("0.5", "0.6"))
    with pytest.raises(FileError, match=r"rows\.jsonl:1: .*its checksum differs.* delete this line"):
        atomic.read_json_lines(file, dict)


def test_a_shared_result_that_was_changed_is_evaluated_again(runs):
    shared = f"cache.folder={runs.place / 'shared'}"
    runs.run("first", *QUICK, shared)
    asked = len(runs.marks())
    one, *others = sorted((runs.place / "shared").glob("*.json"))
    one.write_text(one.read_text().replace('"score": ', '"score": 1'))
    runs.run("second", *QUICK, shared)
    assert others and len(runs.marks()) == asked + 1
    assert runs.history("second")[0] == runs.history("first")[0]

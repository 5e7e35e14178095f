"""Every benchmark is described, and says how it is called."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "benchmarks"
PAGE = (FOLDER / "README.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", PAGE, flags=re.MULTILINE | re.DOTALL))
TREES = {path.name: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.py"))}
SCRIPTS = sorted(name for name, tree in TREES.items() if any(isinstance(node, ast.If) for node in tree.body))


def test_the_page_has_a_section_for_each_script_and_no_other():
    assert set(SECTIONS) == set(SCRIPTS)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_and_its_section_say_how_it_is_called(name):
    assert f"python benchmarks/{name}" in SECTIONS[name]
    assert f"    python benchmarks/{name}" in (ast.get_docstring(TREES[name]) or "")


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_option_that_a_section_names_exists(name):
    known = {node.value for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert set(re.findall(r"--[a-z][a-z-]*", SECTIONS[name])) <= known


def test_every_row_of_the_history_is_one_and_of_a_script_that_is_there():
    rows = [json.loads(line) for line in (FOLDER / "history.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) > 20
    assert {tuple(row) for row in rows} == {("date", "machine", "commit", "case", "figure", "unit")}
    assert {f"{row['case'].split('/')[0]}.py" for row in rows} <= set(SCRIPTS)


HISTORY = """
import history
row = lambda machine, figure, unit="s": history.Row("2026-01-01", machine, "abc", "a/case", figure, unit)
print(*history.compared([row("one", 2.0), row("one", 1.0)]), sep="\\n")
print(*history.compared([row("one", 2.0), row("two", 1.0)]), sep="\\n")
print(*history.compared([row("one", 2.0)], "another"), sep="\\n")
"""


def test_figures_of_two_machines_are_never_called_a_change():
    code = [sys.executable, "-c", HISTORY.replace("\\\\", "\\")]
    same, other, nothing = subprocess.run(code, cwd=FOLDER, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )[:3]
    assert same == "a/case: 1 s (2026-01-01, abc, one); before 2 (2026-01-01, abc): x0.500"
    assert other == "a/case: 1 s (2026-01-01, abc, two); before, not comparable: 2 s on one"
    assert nothing == ""

"""Every benchmark is described, and says how it is called."""

import ast
import re
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

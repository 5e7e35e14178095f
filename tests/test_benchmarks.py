"""Every benchmark is described, and says how it is called."""

import argparse
import ast
import re
from functools import partial
from pathlib import Path

import history
import pytest
import supernet_step
from timing import Limits

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


def row(case, figure, date="2026-11-26", machine="one", unit="s"):
    return history.Row(date, machine, "0123abc", case, figure, unit)


def test_the_history_has_rows_of_known_benchmarks_in_the_order_of_their_dates():
    rows = history.read()
    assert len(rows) >= 170 and [one.date for one in rows] == sorted(one.date for one in rows)
    assert {f"{one.case.split('/')[0]}.py" for one in rows} <= set(SCRIPTS)
    assert all(one.machine and one.unit and re.fullmatch(r"[0-9a-f]{7}\+?", one.commit) for one in rows)


def test_a_figure_that_was_entered_from_the_page_stands_there_and_once():
    entered = [one for one in history.read() if one.date <= "2026-11-26"]
    numbers = {float(number.replace(",", "")) for number in re.findall(r"-?\d[\d,]*(?:\.\d+)?(?:e-\d+)?", PAGE)}
    assert [one for one in entered if one.figure not in numbers] == []
    assert len({one.case for one in entered}) == len(entered) > 150


def test_a_case_is_compared_with_its_last_figure_of_the_same_machine():
    rows = [row("a", 4.0), row("b", 1.0), row("a", 2.0), row("a", 9.0, machine="two"), row("a", 3.0)]
    a, b = history.changes(rows)
    assert (a.now, a.before, a.comparable) == (rows[4], rows[2], True)
    assert "| +50.0% | one |" in history.shown(a)
    assert (b.before, b.comparable) == (None, False) and "| first | one |" in history.shown(b)


@pytest.mark.parametrize(("change", "named"), [({"machine": "two"}, "of one"), ({"unit": "ms"}, "in s")])
def test_figures_of_different_machines_or_units_are_not_compared_and_it_is_said_why(change, named):
    (found,) = history.changes([row("a", 2.0), row("a", 3.0, **change)])
    shown = history.shown(found)
    assert f"not compared: the one before is {named}" in shown and "%" not in shown


def test_figures_of_different_machines_are_compared_where_that_is_asked_for():
    (found,) = history.changes([row("a", 2.0), row("a", 3.0, machine="two")], other_machines=True)
    assert "| +50.0%, against one | two |" in history.shown(found)


def test_a_benchmark_enters_its_figures_when_asked_to(tmp_path):
    asked = argparse.ArgumentParser()
    asked.set_defaults(threads=2)
    history.add_option(asked)
    file = tmp_path / "history.jsonl"
    history.record(asked.parse_args([]), {"a/b": 1.0}, "s", file)
    assert not file.exists()
    history.record(asked.parse_args(["--record"]), {"a/b": 1.23456}, "s", file)
    (found,) = history.read(file)
    assert (found.case, found.figure, found.unit, found.machine) == ("a/b", 1.235, "s", history.place(2))
    assert "2 threads, torch " in found.machine and len(found.commit) >= 7


def test_the_step_of_the_supernet_enters_seconds_of_the_case_that_it_measured(tmp_path, monkeypatch):
    file = tmp_path / "history.jsonl"
    monkeypatch.setattr(history, "record", partial(history.record, file=file))
    slow_and_not_entered = {"limits": Limits(1e9, 1e9), "arithmetic": 1, "calls": 1}
    for name, value in slow_and_not_entered.items():
        monkeypatch.setattr(supernet_step, name, lambda *_, value=value: value)
    small = "--layers 3 --blocks 1 --filters 1 --crop 33 --rounds 1 --forms torch --bilevel --record"
    monkeypatch.setattr("sys.argv", ["supernet_step.py", *small.split()])
    supernet_step.main()
    case = "supernet_step/port L=3 B=1 F=1 crop 33 batch 2/torch"
    rows = history.read(file)
    assert [one.case for one in rows] == [f"{case}/weights step", f"{case}/bilevel step"]
    assert all(one.figure > 0 and one.unit == "s" for one in rows)


RECORDING = [name for name, tree in TREES.items() if "history.add_option" in ast.unparse(tree)]


def test_the_page_says_which_benchmarks_record():
    assert len(RECORDING) >= 5
    assert set(re.findall(r"`(\w+\.py)`", SECTIONS["history.py"])) == set(RECORDING)
    assert all("history.record(" in ast.unparse(TREES[name]) for name in RECORDING)


@pytest.mark.parametrize("page", sorted(FOLDER.parent.glob("plugins/*/README.md")), ids=lambda page: page.parent.name)
def test_a_plugins_page_links_to_a_measurement_and_repeats_no_figure_of_it(page):
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"benchmarks/README\.md#(\w+)", text):
        assert name.removesuffix("py") in {script.removesuffix(".py") for script in SCRIPTS}
    for paragraph in text.split("\n\n"):
        if "benchmarks/" in paragraph:
            assert not re.search(r"\d\.\d+ s\b|\d\.\d+ times|\| \d+\.\d+ \|", paragraph), paragraph

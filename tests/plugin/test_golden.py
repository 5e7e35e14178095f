"""Golden numbers, their verdicts and the command that prints them."""

import json
import types

import pytest
from click.testing import CliRunner

import nasframe
from nasframe import Component, PluginError
from nasframe.cli.root import main
from nasframe.plugin.golden import Golden, verify
from nasframe.plugin.registry import Plugin, Registry

PARTS = types.ModuleType("golden_parts")


def broken():
    raise ValueError("no such thing")


@pytest.fixture
def registry(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "golden_parts", PARTS)
    PARTS.GOOD = (Golden("legs of a cat", 4, lambda: 4), Golden("pi", 3.14, lambda: 3.1416, 0.005, "a circle"))
    PARTS.BAD = (Golden("legs of a snake", 0, lambda: 2), Golden("wings", 2, broken))
    PARTS.WRONG = [1, 2]
    components = tuple(
        Component("check", name.lower(), f"golden_parts:{name}", "numbers") for name in ("GOOD", "BAD", "WRONG")
    )
    module = types.ModuleType("plugin")
    module.nasframe_components = nasframe.hookimpl(lambda: components)
    return Registry([Plugin("p", "nasframe-p", "1", lambda: module)])


def invoke(registry, *arguments):
    return CliRunner().invoke(main, ["verify", *arguments], obj=registry)


def test_a_number_holds_within_its_tolerance_and_not_beyond():
    assert verify(Golden("x", 1.0, lambda: 1.25, 0.25)).holds
    assert not verify(Golden("x", 1.0, lambda: 1.26, 0.25)).holds
    assert not verify(Golden("x", 1.0, lambda: float("nan"), 0.25)).holds


def test_a_number_that_cannot_be_measured_does_not_hold_and_says_why():
    verdict = verify(Golden("wings", 2, broken))
    assert (verdict.holds, verdict.measured, verdict.reason) == (False, None, "ValueError: no such thing")


def test_numbers_that_all_hold_give_exit_code_0(registry):
    result = invoke(registry, "good")
    assert result.exit_code == 0, result.output
    assert "3.14 ± 0.005" in result.output
    assert "2 of 2 numbers are as expected" in result.output


def test_one_that_does_not_hold_gives_exit_code_1_and_is_marked(registry):
    result = invoke(registry, "good", "bad", "--format", "json")
    assert result.exit_code == 1
    rows = json.loads(result.output)
    assert [(row["check"], row["what"], row["measured"], row["holds"]) for row in rows] == [
        ("good", "legs of a cat", 4.0, True),
        ("good", "pi", 3.1416, True),
        ("bad", "legs of a snake", 2.0, False),
        ("bad", "wings", None, False),
    ]
    assert "WRONG" in invoke(registry, "bad").output


def test_a_target_that_holds_no_golden_numbers_is_an_error(registry):
    with pytest.raises(PluginError, match=r"is a list, not a tuple of nasframe\.plugin\.golden\.Golden"):
        registry.get("check", "wrong")
    assert invoke(registry, "wrong").exit_code == 2


def test_an_unknown_check_is_an_error_that_names_the_known_ones(registry):
    result = invoke(registry, "goood")
    assert result.exit_code == 2
    assert "no check is called 'goood'; did you mean 'good'?" in result.output

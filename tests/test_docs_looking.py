"""The page on looking at results says what the commands do."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from nasframe.cli import main
from nasframe.plugin.registry import Registry

PAGE = (Path(__file__).parents[1] / "docs" / "looking-at-results.md").read_text(encoding="utf-8")
COMMANDS = [line.partition("#")[0].strip() for line in re.findall(r"^    (nasframe .*)$", PAGE, flags=re.MULTILINE)]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_on_the_page_is_understood(command):
    name, *arguments = shlex.split(command)[1:]
    context = main.commands[name].make_context(name, arguments, obj=Registry([]))
    assert context.params


def test_the_four_commands_are_on_the_page():
    assert {shlex.split(command)[1] for command in COMMANDS} == {"runs", "show", "derive", "compare"}


@pytest.mark.parametrize("name", ["runs", "show", "derive", "compare"])
def test_every_option_that_the_page_names_exists(name):
    sections = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    own = next(section for section in sections if f"    nasframe {name} " in section)
    known = {option for command in main.commands.values() for param in command.params for option in param.opts}
    assert set(re.findall(r"`(--[a-z]+)", own)) <= known


def test_the_picture_is_what_the_command_prints():
    picture = re.search(r"```\n(stride.*?)```", PAGE, flags=re.DOTALL)[1]
    assert picture in CliRunner().invoke(main, ["show", "autodeeplab-s"]).stdout

"""What the page on other programs shows runs as it stands."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from nasframe.cli import main
from nasframe.plugin.registry import Registry

PAGE = (Path(__file__).parents[1] / "docs" / "other-programs.md").read_text(encoding="utf-8")
COMMANDS = [shlex.split(line)[1:] for line in re.findall(r"^    (nasframe .*)$", PAGE, flags=re.MULTILINE)]
PYTHON = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.fixture
def theirs(tmp_path, monkeypatch):
    """Writes what the page says that there is, whose space may have other options and arrays of other sizes."""
    monkeypatch.chdir(tmp_path)
    (text,) = re.findall(r"```yaml\n(# theirs.yaml.*?)```", PAGE, flags=re.DOTALL)

    def write(options="{filters: 20}", edges=20, layers=12):
        assert "options: {filters: 20}" in text
        Path("theirs.yaml").write_text(text.replace("{filters: 20}", options))
        torch.manual_seed(0)
        torch.save({"epoch": 40, "state_dict": {"alphas": torch.randn(edges, 8)}}, "checkpoint.pt")
        np.save("betas.npy", np.random.default_rng(0).normal(size=(layers, 4, 3)))

    return write


def test_the_commands_on_arrays_run_as_they_stand(theirs):
    theirs()
    for arguments in COMMANDS:
        if arguments[0] in ("derive", "show"):
            result = CliRunner().invoke(main, arguments)
            assert result.exit_code == 0, (arguments, result.output)
    assert {"theirs.svg", "theirs-cell.svg", "theirs-found.yaml"} <= {path.name for path in Path().iterdir()}


def test_the_commands_on_genotypes_run_as_they_stand(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    convert = [arguments for arguments in COMMANDS if arguments[0] == "convert"]
    flat = CliRunner().invoke(main, ["convert", "darts-v2", "--to", "flat"])
    Path("theirs.py").write_text(flat.stdout)
    for arguments in convert:
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 0, (arguments, result.output)
    assert Path("theirs-cells.yaml").is_file() and len(convert) == 4


def test_every_dialect_of_the_page_is_one_of_cells():
    space = Registry.discover().get("space", "pnas").value()
    section = PAGE.partition("## Genotypes as text")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*?`) \|", section, flags=re.MULTILINE)
    assert [name for row in rows for name in re.findall("`(.*?)`", row)] == list(space.dialects())


def test_the_retraining_begins_with_what_was_written():
    (retrain,) = (arguments for arguments in COMMANDS if arguments[0] == "retrain")
    context = main.commands["retrain"].make_context("retrain", retrain[1:], obj=Registry([]))
    assert context.params["source"] in {arguments[-1] for arguments in COMMANDS if arguments[0] == "derive"}


def test_the_example_in_python_runs_as_it_stands(theirs):
    theirs("{filters: 4, layers: 4, blocks: 2}", edges=5, layers=4)
    assert len(PYTHON) == 1
    exec(compile(PYTHON[0], "other-programs.md", "exec"), {})

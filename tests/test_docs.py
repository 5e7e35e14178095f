"""What the documentation names exists, and its examples are right."""

import inspect
import json
import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from nasframe.cli import main
from nasframe.experiment.checking import KEYS, load
from nasframe.experiment.run_options import RunOptions
from nasframe.plugin import hookspecs
from nasframe.plugin.registry import Registry

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "plugins").glob("*/README.md"))]
PAGES += [ROOT / "CONTRIBUTING.md", ROOT / "examples" / "same_space_four_ways" / "README.md"]
EXAMPLES = sorted(path for path in (ROOT / "examples").rglob("*.yaml") if path.name != "common.yaml")


def page(name):
    return (ROOT / "docs" / name).read_text()


def commands():
    """Every line of documentation that calls nasframe, with the page it stands on."""
    for path in PAGES:
        for line in path.read_text().splitlines():
            shown = line.startswith(("    ", "python3", "$ ")) and "pip install nasframe" not in line
            found = re.search(r"(?:^|[ $/])nasframe ((?:-p|[a-z]).*)$", line.split("#")[0])
            if shown and found:
                yield path.name, found[1].strip()


@pytest.mark.parametrize(("name", "command"), sorted(set(commands())))
def test_a_documented_command_exists_with_its_options(name, command):
    words = shlex.split(command)
    context = click.Context(main, obj=Registry.discover())
    node = main
    while isinstance(node, click.Group) and words:
        node, word = node.get_command(context, words[0]), words.pop(0)
        assert node is not None, f"{name}: there is no command {word!r}"
    known = {option for parameter in node.params for option in parameter.opts} | {"--help"}
    assert {word.split("=")[0] for word in words if word.startswith("--")} <= known, f"{name}: {command}"


def test_the_documented_commands_are_found():
    assert len(list(commands())) > 10


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_a_right_experiment(path, monkeypatch):
    if "plugins" in path.parts:
        pytest.skip("it needs the example plug-in, which another test installs")
    monkeypatch.setenv("NASFRAME_CAMVID", "somewhere")
    monkeypatch.setenv("NASFRAME_MACRO", "somewhere")
    monkeypatch.setenv("CITYSCAPES_DATASET", "somewhere")
    monkeypatch.setenv("CIFAR", "somewhere")
    load(path)


def test_four_strategies_search_the_same_space_on_the_same_terms(monkeypatch):
    monkeypatch.setenv("NASFRAME_CAMVID", "somewhere")
    folder = ROOT / "examples" / "same_space_four_ways"
    ways = [load(folder / f"{name}.yaml") for name in ("darts", "evolution", "controller", "random")]
    assert [way.strategy.component.name for way in ways] == ["darts", "evolution", "controller", "random"]
    assert len({str((way.space, way.evaluator, way.retrain, way.seed)) for way in ways}) == 1
    assert len({way.run for way in ways}) == 1 and ways[0].run.search_cpu_minutes is not None
    assert len({way.strategy.options.budget for way in ways[1:]}) == 1


def test_the_experiment_in_the_documentation_is_right(tmp_path):
    text = re.search(r"```yaml\n(.*?)```", page("experiment-file.md"), re.DOTALL)[1]
    (tmp_path / "shown.yaml").write_text(text)
    assert load(tmp_path / "shown.yaml").strategy.component.name == "darts"


@pytest.mark.parametrize("key", [*KEYS, *RunOptions.model_fields])
def test_every_key_of_an_experiment_is_documented(key):
    assert f"`{key}`" in page("experiment-file.md")


@pytest.mark.parametrize("hook", [name for name in vars(hookspecs) if name.startswith("nasframe_")])
def test_every_hook_is_documented_with_its_arguments(hook):
    arguments = ", ".join(inspect.signature(getattr(hookspecs, hook)).parameters)
    assert f"`{hook}({arguments})`" in page("writing-a-plugin.md")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_links_between_pages_lead_somewhere(path):
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#]+)\)", prose):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target


ABOUT_THE_CODE = [ROOT / "CONTRIBUTING.md", ROOT / "docs" / "architecture.md"]
ABOUT_THE_CODE += sorted((ROOT / "docs" / "decisions").glob("*.md"))


@pytest.mark.parametrize("path", ABOUT_THE_CODE, ids=lambda path: path.stem)
def test_a_page_about_the_code_names_files_that_are_there(path):
    named = re.findall(r"`((?:[a-z_]+/)+[a-z_.]*)`", path.read_text().split("<!-- layers")[0])
    assert [name for name in named if not (ROOT / name).exists() and not (ROOT / "nasframe" / name).exists()] == []


def test_the_commands_for_contributors_are_those_of_the_build():
    block = re.search(r"(?:^    .*\n)+", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)[0]
    set_up, test, checks = (line.split("#")[0].strip() for line in block.splitlines())
    assert f"{set_up} && {test}\n" in (ROOT / "README.md").read_text()
    build = (ROOT / ".ci" / "run").read_text().replace(" --check", "").splitlines()
    assert set(checks.split(" && ")) <= set(build) and "mypy" in checks


@pytest.mark.parametrize("name", ["run", "test"])
def test_the_readme_marks_the_commands_that_the_build_runs(name):
    marked = (ROOT / "README.md").read_text().split(f"<!-- command: {name} -->\n```sh\n")
    assert len(marked) == 2 and marked[1].startswith("python3 -m venv .venv && ")


def test_the_readmes_sample_of_a_cost_is_what_the_command_prints():
    command, sample = re.search(
        r"\$ nasframe (cost .* --format json)\n((?: {4}.*\n)+)", (ROOT / "README.md").read_text()
    ).groups()
    printed = json.loads(CliRunner().invoke(main, shlex.split(command)).stdout)
    assert printed["reported"].pop("note")
    shown = json.loads(sample)
    assert shown["reported"].pop("note") == "…"
    assert shown == printed


def test_the_quickstarts_time_is_the_same_in_the_readme_and_in_its_file():
    for page in ("README.md", "examples/quickstart.yaml"):
        times = re.findall(r"([\w ]+ minutes?) on two CPU cores", (ROOT / page).read_text())
        assert [time.split("takes ")[-1].strip().lower() for time in times] == ["about a minute"]

"""What the commands print, and the codes they exit with."""

import json
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest
from click.testing import CliRunner

import nasframe
from nasframe.cli import main
from nasframe.plugin.registry import Plugin, Registry

TINY = Path(__file__).parents[1] / "data" / "tiny_plugin"
QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart.yaml"
GOOD = "space: {type: hard}\nevaluator: {type: tabular}\nstrategy: {type: guess}\n"
HEAVY = ("torch", "matplotlib", "PIL")


def plugin(name, *components, commands=None):
    module = types.ModuleType(name)
    module.components = nasframe.hookimpl(lambda: components, specname="nasframe_components")
    if commands is not None:
        module.nasframe_commands = nasframe.hookimpl(commands)
    return Plugin(name, f"nasframe-{name}", "2.0", lambda: module)


def broken():
    raise ImportError("libcudart.so: not found")


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.syspath_prepend(TINY)
    import nasframe_tiny

    return Plugin("tiny", "nasframe-tiny", "1.0", lambda: nasframe_tiny)


@pytest.fixture
def invoke(tiny, tmp_path, monkeypatch):
    """Runs a command with the tiny plug-in, and any others, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    Path("good.yaml").write_text(GOOD)

    def invoke(*arguments, others=()):
        return CliRunner().invoke(main, arguments, obj=Registry([tiny, *others]))

    return invoke


def test_check_says_ok_with_the_parts(invoke):
    result = invoke("check", "good.yaml", "--set", "strategy.steps=3", "--set", "name=mine")
    assert result.exit_code == 0
    assert result.stdout == (
        "OK: mine: space hard (nasframe-tiny 1.0), evaluator tabular (nasframe-tiny 1.0), "
        "strategy guess (nasframe-tiny 1.0)\n"
    )


def test_check_passes_on_what_a_strategys_options_alone_tell(invoke, monkeypatch):
    import nasframe_tiny_parts

    def remarks_on(cls, options):
        return [f"{options.steps} steps are few", "they end soon"]

    monkeypatch.setattr(nasframe_tiny_parts.Guess, "remarks_on", classmethod(remarks_on))
    result = invoke("check", "good.yaml", "--set", "strategy.steps=3")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1:] == ["Note: 3 steps are few.", "Note: they end soon."]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("check", "good.yaml", "--set", "space.layer=2"), "error: --set space.layer=2: space.layer: unknown key"),
        (("check", "gone.yaml"), "error: gone.yaml: cannot be read"),
        (("check", "good.yaml", "--set", "strategy.type=gradient"), "error: --set strategy.type=gradient: strategy"),
        (("new", "experiment", "--space", "hrad"), "error: no space is called 'hrad'; did you mean 'hard'?"),
        (("new", "experiment", "--output", "good.yaml"), "error: good.yaml: exists already"),
        (("run", "good.yaml", "--set", "x=1"), "error: --set x=1: x: unknown key"),
    ],
)
def test_errors_go_to_stderr_without_a_traceback_and_exit_with_2(invoke, arguments, message):
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    first = result.stderr.splitlines()
    assert message in first[0] or message.removeprefix("error: ") in first[1]
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "error",
    [MemoryError("Unable to allocate 112. GiB"), RuntimeError("DefaultCPUAllocator: not enough memory: 54 bytes")],
)
def test_memory_that_is_refused_is_a_message_that_says_what_to_lower(invoke, monkeypatch, error):
    def refuse(*_, **__):
        raise error

    monkeypatch.setattr("nasframe.cli.check.load", refuse)
    result = invoke("check", "good.yaml")
    assert result.exit_code == 1 and f"not enough memory ({error})" in result.stderr
    assert "filters, crop or batch" in result.stderr and "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [("run",), ("run", "good.yaml", "--resume", "x"), ("run", "--resume", "x", "--set", "a=1"), ("nothing",)],
)
def test_a_wrong_use_exits_with_2(invoke, arguments):
    assert invoke(*arguments).exit_code == 2


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [(nasframe.RunError("the disk is full"), 1, "error: the disk is full"), (KeyboardInterrupt(), 130, "interrupted")],
)
def test_the_exit_code_is_the_errors_own(invoke, error, code, words):
    def commands(cli):
        @cli.command()
        def fail():
            raise error

    result = invoke("fail", others=[plugin("failing", commands=commands)])
    assert result.exit_code == code
    assert words in result.stderr


def test_new_experiment_writes_a_file_that_passes_the_check(invoke):
    printed = invoke("new", "experiment", "--evaluator", "smooth", "--strategy", "gradient")
    assert printed.exit_code == 0
    assert "type: soft" in printed.stdout
    assert invoke("new", "experiment", "--output", "made.yaml").exit_code == 0
    assert invoke("check", "made.yaml").stdout.startswith("OK: made: ")


def test_schema_prints_json(invoke):
    assert "space.soft" in json.loads(invoke("schema").stdout)["$defs"]


def test_plugins_lists_everything_and_the_broken_ones(invoke):
    others = [Plugin("bad", "nasframe-bad", "0.1", broken)]
    found = json.loads(invoke("plugins", "--format", "json", others=others).stdout)
    assert found["components"][0] == {
        "kind": "space",
        "name": "hard",
        "target": "nasframe_tiny_parts:Hard",
        "summary": "a space that cannot",
        "plugin": "tiny",
        "distribution": "nasframe-tiny",
        "version": "1.0",
        "conflict": False,
    }
    assert found["broken"] == [
        {
            "plugin": "bad",
            "distribution": "nasframe-bad",
            "version": "0.1",
            "reason": "ImportError: libcudart.so: not found",
        }
    ]
    table = invoke("plugins", others=others)
    assert table.exit_code == 0
    assert "libcudart.so: not found" in table.stdout
    assert "hard-best" in table.stdout


def test_plugins_can_be_limited_to_a_kind(invoke):
    found = json.loads(invoke("plugins", "--kind", "strategy", "--format", "json").stdout)
    assert [component["name"] for component in found["components"]] == ["gradient", "guess"]


def test_plugins_shows_a_clash_and_exits_with_2(invoke):
    clash = plugin("other", nasframe.Component("space", "soft", "nasframe_tiny_parts:Soft", "again"))
    result = invoke("plugins", others=[clash])
    assert result.exit_code == 2
    assert "nasframe-tiny 1.0" in result.stderr
    assert "nasframe-other 2.0" in result.stderr
    assert "again" in result.stdout
    assert "a space that can be relaxed" in result.stdout
    checked = invoke("check", "good.yaml", others=[clash])
    assert (checked.exit_code, "nasframe-other 2.0" in checked.stderr) == (2, True)


def test_the_table_says_who_can_be_combined_with_whom(invoke):
    wrong = plugin("wrong", nasframe.Component("space", "gone", "nasframe_tiny_parts:Gone", "missing"))
    result = invoke("plugins", "--table", "--format", "json", others=[wrong])
    rows = {(row["space"], row["evaluator"], row["strategy"]): row for row in json.loads(result.stdout)}
    assert len(rows) == 8
    assert rows["soft", "smooth", "gradient"] == {
        "space": "soft",
        "evaluator": "smooth",
        "strategy": "gradient",
        "works": True,
        "reason": None,
    }
    assert rows["hard", "tabular", "gradient"]["reason"] == (
        "gradient needs a space that is Relaxable; gradient needs an evaluator that is Differentiable"
    )
    assert rows["hard", "tabular", "guess"]["works"]
    assert "'gone'" in result.stderr
    assert "no: gradient needs a space that is Relaxable" in invoke("plugins", "--table").stdout


def test_the_table_names_the_evaluator_as_the_one_that_wants_other_labels(invoke, monkeypatch):
    import nasframe_tiny_parts

    monkeypatch.setattr(nasframe_tiny_parts.Hard, "labels", frozenset({"images"}))
    monkeypatch.setattr(nasframe_tiny_parts.Tabular, "labels", "pixels")
    rows = json.loads(invoke("plugins", "--table", "--space", "hard", "--format", "json").stdout)
    reasons = {(row["evaluator"], row["strategy"]): row["reason"] for row in rows}
    wanted = "tabular wants pixels labelled, the space labels images"
    assert reasons["tabular", "guess"] == wanted
    assert reasons["tabular", "gradient"].startswith(f"{wanted}; gradient needs a space that is Relaxable; ")
    assert reasons["smooth", "guess"] is None
    assert f"no: {wanted}" in invoke("plugins", "--table", "--space", "hard", "--strategy", "guess").stdout


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (("--space", "soft"), {("soft", e, s) for e in ("tabular", "smooth") for s in ("gradient", "guess")}),
        (("--evaluator", "smooth", "--strategy", "guess"), {(s, "smooth", "guess") for s in ("soft", "hard")}),
        (
            ("--space", "soft", "--space", "hard", "--evaluator", "smooth", "--strategy", "gradient"),
            {("soft", "smooth", "gradient"), ("hard", "smooth", "gradient")},
        ),
    ],
)
def test_the_table_is_narrowed_to_named_components(invoke, filters, expected):
    rows = json.loads(invoke("plugins", "--table", *filters, "--format", "json").stdout)
    assert {(row["space"], row["evaluator"], row["strategy"]) for row in rows} == expected
    assert len(rows) == len(expected)


def test_a_narrowed_table_says_nothing_of_components_that_were_not_asked_for(invoke):
    wrong = plugin("wrong", nasframe.Component("space", "gone", "nasframe_tiny_parts:Gone", "missing"))
    assert invoke("plugins", "--table", "--space", "soft", others=[wrong]).stderr == ""
    assert "'gone'" in invoke("plugins", "--table", "--strategy", "guess", others=[wrong]).stderr
    asked = invoke("plugins", "--table", "--space", "gone", others=[wrong])
    assert (asked.exit_code, "Gone" in asked.stderr) == (2, True)


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        (("--table", "--space", "sfot"), "no space is called 'sfot'; did you mean 'soft'? (installed: hard, soft)"),
        (("--table", "--evaluator", "smoth"), "no evaluator is called 'smoth'; did you mean 'smooth'?"),
        (("--table", "--strategy", "ges"), "no strategy is called 'ges'"),
        (("--strategy", "guess"), "--strategy narrows the table of who can be combined with whom; add --table"),
        (("--table", "--kind", "space"), "--kind narrows the list of components, which --table is not"),
    ],
)
def test_a_wrong_filter_of_the_table_is_explained(invoke, filters, message):
    result = invoke("plugins", *filters)
    assert (result.exit_code, message in result.stderr) == (2, True), result.stderr


def test_a_plugin_adds_commands(invoke):
    assert invoke("greet").stdout == "hello from tiny\n"
    assert "greet" in invoke("--help").stdout


def test_a_plugin_whose_command_exists_or_whose_hook_raises_is_broken(invoke):
    def takes_run(cli):
        cli.command("run")(lambda: None)

    def fails(cli):
        raise ZeroDivisionError("mine")

    others = [plugin("greedy", commands=takes_run), plugin("failing", commands=fails)]
    result = invoke("greet", others=others)
    assert result.stdout == "hello from tiny\n"
    registry = Registry(others)
    assert CliRunner().invoke(main, ["--help"], obj=registry).exit_code == 0
    assert {failure.reason for failure in registry.failures} == {
        "its command 'run' exists already",
        "nasframe_commands: ZeroDivisionError: mine",
    }


def test_a_plugin_is_left_out_by_its_name(tiny):
    result = CliRunner().invoke(main, ["-p", "no:tiny", "plugins", "--format", "json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["disabled"] == ["tiny"]
    assert "greet" not in CliRunner().invoke(main, ["-p", "no:tiny", "--help"]).stdout
    misspelt = CliRunner().invoke(main, ["-p", "no:tniy", "plugins"])
    assert (misspelt.exit_code, "did you mean 'tiny'?" in misspelt.stderr) == (2, True)
    assert CliRunner().invoke(main, ["-p", "tiny", "plugins"]).exit_code == 2


def test_without_plugins_none_is_imported_but_those_that_are_named(tiny):
    def listed(*arguments):
        result = CliRunner().invoke(main, [*arguments, "plugins", "--format", "json"])
        assert result.exit_code == 0, result.stderr
        return {component["plugin"] for component in json.loads(result.stdout)["components"]} - {"nasframe"}

    assert "tiny" in listed() and len(listed()) > 1
    assert listed("--no-plugins", "-p", "tiny") == {"tiny"}
    sys.modules.pop("nasframe_tiny", None)
    assert listed("--no-plugins") == set() and "nasframe_tiny" not in sys.modules


def test_a_plugin_is_named_with_no_plugins_alone_and_by_a_name_that_there_is(tiny):
    alone = CliRunner().invoke(main, ["-p", "tiny", "plugins"])
    assert alone.exit_code == 2 and "goes with --no-plugins" in alone.stderr
    misspelt = CliRunner().invoke(main, ["--no-plugins", "-p", "tniy", "plugins"])
    assert misspelt.exit_code == 2 and "did you mean 'tiny'?" in misspelt.stderr


def test_the_version_is_printed(invoke):
    assert nasframe.__version__ in invoke("--version").stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["plugins"], 0),
        (["-p", "no:tiny", "plugins"], 0),
        (["check", "good.yaml"], 0),
        (["check", str(QUICKSTART)], 0),
        (["check", "good.yaml", "--set", "sead=1"], 2),
        (["run", "good.yaml", "--set", "space.layer=1"], 2),
        (["evaluate", "good.yaml", "--mirror"], 2),
        (["predict", "good.yaml", "--split", "val", "--output", "pictures"], 2),
        (["schema"], 0),
        (["new", "experiment", "--space", "hard", "--evaluator", "tabular", "--strategy", "guess"], 0),
    ],
)
def test_what_runs_nothing_imports_nothing_heavy(tmp_path, arguments, code):
    (tmp_path / "good.yaml").write_text(GOOD)
    forbidden = (*HEAVY, "nasframe_tiny_parts") if arguments[-1] in ("--help", "plugins") else HEAVY
    program = (
        "import sys\nfrom nasframe.cli import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit as end:\n    code = end.code\n"
        f"heavy = [name for name in {forbidden!r} if name in sys.modules]\n"
        "sys.exit(f'exit {code}, imported {heavy}')"
    )
    path = os.pathsep.join([str(TINY), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.stderr.splitlines()[-1] == f"exit {code}, imported []", done.stderr

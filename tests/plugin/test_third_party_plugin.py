"""Strangers' plug-ins, installed by pip into a fresh virtual environment, are found and run."""

import io
import json
import os
import signal
import site
import subprocess
import sys
import venv
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]
PLUGINS = ROOT / "examples" / "plugins"
PLUGIN = PLUGINS / "tiny_space"
DIES = """
import os, signal
from nasframe.cli import main
from nasframe.run.journal import Journal

record = Journal.step


def step(journal, done, metrics):
    if done == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    record(journal, done, metrics)


Journal.step = step
main()
"""
"""The command line of a process that is killed after its fifth step, before it is written."""


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """A new environment that sees what is installed here, so that nothing is fetched; only the plug-ins are new."""
    folder = tmp_path_factory.mktemp("stranger") / "venv"
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    own = subprocess.check_output([python, "-c", "import site; print(site.getsitepackages()[0])"], text=True).strip()
    lines = [f"import site; site.addsitedir({path!r})" for path in site.getsitepackages()]
    Path(own, "parent.pth").write_text("\n".join(lines) + "\n")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python), "install", "--quiet"]
    subprocess.run(
        [*pip, "--no-deps", "--no-build-isolation", "--no-index", *map(str, sorted(PLUGINS.iterdir()))], check=True
    )
    return str(python)


def run(python, *arguments, **environment):
    return subprocess.run(
        [python, "-m", "nasframe", *arguments], capture_output=True, text=True, env={**os.environ, **environment}
    )


def test_it_is_listed_with_its_distribution(python):
    done = run(python, "plugins", "--format", "json")
    assert done.returncode == 0, done.stderr
    rows = [row for row in json.loads(done.stdout)["components"] if row["name"] == "tiny-rates"]
    assert [(row["kind"], row["distribution"], row["version"]) for row in rows] == [
        ("space", "nasframe-tiny-space", "0.1.0")
    ]


def test_it_can_be_switched_off(python):
    done = run(python, "plugins", "--format", "json", NASFRAME_DISABLE_PLUGINS="tiny_space")
    assert done.returncode == 0, done.stderr
    assert "tiny-rates" not in [row["name"] for row in json.loads(done.stdout)["components"]]


def test_it_is_no_longer_than_promised():
    files = [PLUGIN / "pyproject.toml", PLUGIN / "nasframe_tiny_space.py"]
    assert sum(len(file.read_text().splitlines()) for file in files) <= 60
    variant = PLUGINS / "entropy_darts" / "nasframe_entropy_darts.py"
    assert len(variant.read_text().splitlines()) == 33, "README.md and docs/writing-a-plugin.md say so"


@pytest.mark.slow
def test_an_experiment_with_it_runs_to_the_report(python, tmp_path):
    done = run(python, "run", str(PLUGIN / "experiment.yaml"), "--into", str(tmp_path / "run"))
    assert done.returncode == 0, done.stderr
    assert "tiny-rates" in (tmp_path / "run" / "genotype.yaml").read_text()
    assert (tmp_path / "run" / "report.md").exists()
    page = (tmp_path / "run" / "report.html").read_text()
    assert "tiny-rates" in page and "rate " in page


def states(run):
    """Of the search's checkpoints, by file: what follows their first three lines."""
    bodies = {path.name: path.read_bytes().split(b"\n", 3)[3] for path in (run / "checkpoints").glob("*.pt")}
    return {name: torch.load(io.BytesIO(body), weights_only=True) for name, body in bodies.items()}


def steps(run):
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    return [(event["step"], event["metrics"]) for event in events if event["event"] == "step"]


def flat(state, name=""):
    """A state's leaves by their places."""
    if isinstance(state, dict | list | tuple):
        items = state.items() if isinstance(state, dict) else enumerate(state)
        return {key: leaf for at, part in items for key, leaf in flat(part, f"{name}/{at}").items()}
    return {name: state.tolist() if isinstance(state, torch.Tensor) else state}


@pytest.mark.slow
def test_a_strangers_variant_of_darts_that_is_killed_and_resumed_ends_the_same(python, tmp_path):
    experiment = str(PLUGINS / "entropy_darts" / "experiment.yaml")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    done = run(python, "run", experiment, "--into", str(whole))
    assert done.returncode == 0, done.stderr
    dead = subprocess.run([python, "-c", DIES, "run", experiment, "--into", str(killed)], capture_output=True)
    assert dead.returncode == -signal.SIGKILL
    assert len(steps(killed)) == 4
    done = run(python, "run", "--resume", str(killed))
    assert done.returncode == 0, done.stderr
    assert steps(killed) == steps(whole)
    assert len(steps(whole)) == 8
    assert (killed / "genotype.yaml").read_bytes() == (whole / "genotype.yaml").read_bytes()
    assert states(whole) and {name: flat(one) for name, one in states(whole).items()} == {
        name: flat(one) for name, one in states(killed).items()
    }

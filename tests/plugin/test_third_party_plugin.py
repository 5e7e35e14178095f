"""A stranger's plug-in, installed by pip into a fresh virtual environment, is found and runs."""

import json
import os
import site
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "examples" / "plugins" / "tiny_space"


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """A new environment that sees what is installed here, so that nothing is fetched; only the plug-in is new."""
    folder = tmp_path_factory.mktemp("stranger") / "venv"
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    own = subprocess.check_output([python, "-c", "import site; print(site.getsitepackages()[0])"], text=True).strip()
    lines = [f"import site; site.addsitedir({path!r})" for path in site.getsitepackages()]
    Path(own, "parent.pth").write_text("\n".join(lines) + "\n")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python), "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "--no-index", str(PLUGIN)], check=True)
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


@pytest.mark.slow
def test_an_experiment_with_it_runs_to_the_report(python, tmp_path):
    done = run(python, "run", str(PLUGIN / "experiment.yaml"), "--into", str(tmp_path / "run"))
    assert done.returncode == 0, done.stderr
    assert "tiny-rates" in (tmp_path / "run" / "genotype.yaml").read_text()
    assert (tmp_path / "run" / "report.md").exists()
    page = (tmp_path / "run" / "report.html").read_text()
    assert "tiny-rates" in page and "rate " in page

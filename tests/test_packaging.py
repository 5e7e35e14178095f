"""Every distribution of the repository says its licence, and that it is typed."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PLUGINS = sorted((ROOT / "plugins").glob("*/pyproject.toml"))
EXAMPLES = sorted((ROOT / "examples" / "plugins").glob("*/pyproject.toml"))


def named(path):
    return path.parent.name or "nasframe"


def project(path):
    return tomllib.loads(path.read_text(encoding="utf-8"))["project"]


@pytest.mark.parametrize("path", [ROOT / "pyproject.toml", *PLUGINS, *EXAMPLES], ids=named)
def test_a_distribution_names_the_licence(path):
    assert project(path)["license"] == "Apache-2.0"


@pytest.mark.parametrize("path", [ROOT / "pyproject.toml", *PLUGINS], ids=named)
def test_a_distribution_carries_the_licence_whole(path):
    """Copies, as no archive may hold a link that leads out of it."""
    text = (path.parent / "LICENSE").read_bytes()
    assert project(path)["license-files"] == ["LICENSE"] and text == (ROOT / "LICENSE").read_bytes()
    assert b"Apache License" in text and b"END OF TERMS AND CONDITIONS" in text


@pytest.mark.parametrize("path", PLUGINS, ids=named)
def test_a_plugin_is_typed(path):
    packages = [folder for folder in path.parent.glob("nasframe_*") if (folder / "__init__.py").exists()]
    assert len(packages) == 1 and (packages[0] / "py.typed").exists()


def test_mypy_checks_every_plugin():
    files = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]["files"]
    assert len(PLUGINS) > 10
    assert {f"plugins/{path.parent.name}/nasframe_{path.parent.name}" for path in PLUGINS} <= set(files)

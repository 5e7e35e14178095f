"""Experiment files of the plug-in in ``tests/data/tiny_plugin``, and what is wrong with them."""

from pathlib import Path

import pytest

from nasframe.errors import ExperimentError
from nasframe.experiment.checking import load
from nasframe.plugin.registry import Plugin, Registry

TINY = Path(__file__).parents[1] / "data" / "tiny_plugin"


@pytest.fixture
def registry(monkeypatch):
    monkeypatch.syspath_prepend(TINY)
    import nasframe_tiny

    return Registry([Plugin("tiny", "nasframe-tiny", "1.0", lambda: nasframe_tiny)])


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(text, name="exp.yaml"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text)
        return name

    return write


@pytest.fixture
def errors(registry, write):
    """The lines of the error that a file causes."""

    def errors(text, *overrides, kind=ExperimentError):
        with pytest.raises(kind) as caught:
            load(write(text), overrides, registry)
        assert type(caught.value) is kind
        lines = str(caught.value).splitlines()
        return [line.strip() for line in lines[1:]] if "problems:" in lines[0] else lines

    return errors

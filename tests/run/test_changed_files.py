"""What lies in a run's folder or in its data and was changed while the run was stopped is noticed, by name."""

import json
import os
import signal
import types
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

import nasframe
from nasframe import (
    Component,
    DataError,
    Evaluation,
    Evaluator,
    FileError,
    NasframeError,
    RunFolderError,
    Strategy,
    Task,
)
from nasframe.cli import main
from nasframe.experiment.checking import load
from nasframe.files.fingerprints import changes, fingerprint_of, sha256_of
from nasframe.genotype import Genotype, sample
from nasframe.plugin.registry import Plugin, Registry
from nasframe.report.record import read as read_record
from nasframe.run import resume, run
from nasframe.runfolder.reading import RunReader
from nasframe.runfolder.weights import read_weights

EXPERIMENT = """
name: small
space: {type: tiny-chain}
evaluator: {type: EVALUATOR}
strategy: {type: stopped-draws}
retrain: {evaluator: {}}
run: {device: cpu, checkpoint_minutes: 0, threads: 1}
"""
STOP_IN = []
"""Steps of the search in which Ctrl-C comes."""


class Draws(Strategy):
    name = "stopped-draws"

    def __init__(self, problem, options):
        self.space, self.steps = problem.space, 4
        self.last = sample(problem.space, np.random.default_rng(0))

    def step(self, index, rng):
        self.last = sample(self.space, rng)
        if index in STOP_IN:
            os.kill(os.getpid(), signal.SIGINT)
        return {"score": float(index)}

    def best(self):
        return self.last

    def state_dict(self):
        return {"last": self.last.to_dict()}

    def load_state_dict(self, state):
        self.last = Genotype.from_dict(state["last"])


class FolderOfData(Evaluator):
    """Its data are the files in the folder ``data``."""

    name = "folder-of-data"

    def prepare(self):
        self.task = Task(in_channels=3, num_classes=2, size=(8, 8))

    def evaluate(self, candidate, budget=1.0):
        return Evaluation(0.25, {"miou": 0.25})

    def fingerprint(self):
        files = sorted(Path("data").iterdir())
        return {path.name: fingerprint_of(path.stat().st_size, sha256_of(path)) for path in files}

    def remarks(self):
        return ["1 image is there twice"] if Path("data/twice.png").exists() else []


PARTS = {
    "tiny-chain": ("space", "nasframe.testing.tiny:TinySpace"),
    "tiny-pixels": ("evaluator", "nasframe.testing.tiny:TinyEvaluator"),
    "folder-of-data": ("evaluator", "changed_files_parts:FolderOfData"),
    "stopped-draws": ("strategy", "changed_files_parts:Draws"),
}


@pytest.fixture
def registry(monkeypatch):
    parts = types.ModuleType("changed_files_parts")
    vars(parts).update(FolderOfData=FolderOfData, Draws=Draws)
    monkeypatch.setitem(__import__("sys").modules, "changed_files_parts", parts)
    offers = [Component(kind, name, target, "x") for name, (kind, target) in PARTS.items()]
    plugin = types.ModuleType("plugin")
    plugin.components = nasframe.hookimpl(lambda: offers, specname="nasframe_components")
    return Registry([Plugin("tests", "nasframe-tests", "1", lambda: plugin)])


@pytest.fixture
def experiment(registry, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    STOP_IN.clear()
    Path("data").mkdir()
    for name in ("a.png", "b.png"):
        Path("data", name).write_text(name)

    def make(evaluator="folder-of-data"):
        Path("small.yaml").write_text(EXPERIMENT.replace("EVALUATOR", evaluator))
        return load("small.yaml", registry=registry)

    return make


@pytest.fixture
def stopped(experiment):
    """A run that was stopped after the second of four steps."""
    STOP_IN.append(1)
    with pytest.raises(NasframeError, match="go on with"):
        run(experiment(), quiet=True)
    STOP_IN.clear()
    return Path("runs/small")


@pytest.fixture
def trained(experiment):
    return run(experiment("tiny-pixels"), quiet=True)


def flip_a_bit(path, place):
    data = bytearray(path.read_bytes())
    data[place] ^= 4
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda: Path("data/b.png").write_text("B.png"), "1 file changed: b.png"),
        (lambda: Path("data/c.png").write_text("c"), "1 file added: c.png"),
        (lambda: Path("data/a.png").unlink(), "1 file missing: a.png"),
    ],
)
def test_data_that_were_changed_while_a_run_was_stopped_are_refused_by_name(stopped, registry, change, said):
    change()
    with pytest.raises(DataError, match=rf"search: {said}\n(?s:.*)--accept-changes") as caught:
        resume(stopped, registry, quiet=True)
    assert caught.value.exit_code == 2
    assert json.loads((stopped / "status.json").read_text())["state"] == "stopped"


def test_with_the_data_put_back_a_run_goes_on(stopped, registry):
    Path("data/c.png").write_text("c")
    with pytest.raises(DataError):
        resume(stopped, registry, quiet=True)
    Path("data/c.png").unlink()
    resume(stopped, registry, quiet=True)
    assert json.loads((stopped / "status.json").read_text())["state"] == "done"


def test_changed_data_can_be_accepted_and_the_folder_and_the_report_say_so(stopped, registry):
    Path("data/c.png").write_text("c")
    resume(stopped, registry, quiet=True, accept_changes=True)
    assert json.loads((stopped / "data.json").read_text())["accepted"][0]["changes"][0] == "search: 1 file added: c.png"
    for report in ("report.md", "report.html"):
        assert "1 file added: c.png" in (stopped / report).read_text()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda: Path("data/b.png").write_text("B.png"), "search: 1 file changed: b.png"),
        (
            lambda: [path.unlink() for path in [*Path("data").iterdir()]] + [Path("data").rmdir()],
            "can no longer be read",
        ),
    ],
)
def test_data_that_change_while_a_run_goes_on_are_named_at_its_end_and_in_the_report(
    experiment, monkeypatch, capsys, change, said
):
    evaluate = FolderOfData.evaluate
    monkeypatch.setattr(FolderOfData, "evaluate", lambda *given: (change(), evaluate(*given))[1])
    folder = run(experiment())
    assert f"Warning: the data changed while the run was going on: {said}" in capsys.readouterr().out.replace(
        "they ", ""
    )
    assert json.loads((folder / "status.json").read_text())["state"] == "done"
    for report in ("report.md", "report.html"):
        assert said in (folder / report).read_text()


def test_a_run_of_an_older_version_gets_its_fingerprints_when_it_goes_on(stopped, registry, capsys):
    (stopped / "data.json").unlink()
    resume(stopped, registry)
    assert "It is not known with which data the run was begun" in capsys.readouterr().out
    assert json.loads((stopped / "data.json").read_text())["search"].keys() == {"a.png", "b.png"}


def test_what_an_evaluator_remarks_on_its_data_is_said_once_and_in_folder_and_report(experiment, capsys):
    Path("data/twice.png").write_text("c")
    folder = run(experiment())
    assert capsys.readouterr().out.count("Note: 1 image is there twice.") == 1
    assert json.loads((folder / "data.json").read_text())["remarks"] == ["1 image is there twice"]
    for report in ("report.md", "report.html"):
        assert "1 image is there twice." in (folder / report).read_text()


def test_changed_data_that_are_accepted_are_remarked_on_anew(stopped, registry):
    Path("data/twice.png").write_text("c")
    resume(stopped, registry, quiet=True, accept_changes=True)
    assert json.loads((stopped / "data.json").read_text())["remarks"] == ["1 image is there twice"]


def test_changes_are_accepted_by_an_option_of_the_command_line(stopped, registry):
    Path("data/a.png").unlink()
    refused = CliRunner().invoke(main, ["run", "--resume", str(stopped)], obj=registry)
    assert refused.exit_code == 2 and "1 file missing: a.png" in refused.stderr
    accepted = CliRunner().invoke(main, ["run", "--resume", str(stopped), "--accept-changes"], obj=registry)
    assert accepted.exit_code == 0 and "which is accepted: search: 1 file missing: a.png" in accepted.stdout
    alone = CliRunner().invoke(main, ["run", "small.yaml", "--accept-changes"], obj=registry)
    assert alone.exit_code == 2 and "goes with --resume" in alone.stderr


def test_a_fingerprint_without_contents_is_compared_by_size():
    before = {"a": fingerprint_of(3, "abc"), "b": fingerprint_of(3, "abc"), "c": fingerprint_of(3)}
    assert changes(before, {"a": fingerprint_of(3), "b": fingerprint_of(30), "c": fingerprint_of(3, "x")}) == [
        "1 file changed: b"
    ]


def test_a_changed_event_is_refused_unless_it_is_accepted(stopped, registry):
    events = stopped / "events.jsonl"
    events.write_text(events.read_text().replace('"score": 0.0', '"score": 9.0'))
    with pytest.raises(RunFolderError, match=r"events\.jsonl is not what it was .*--accept-changes"):
        resume(stopped, registry, quiet=True)
    resume(stopped, registry, quiet=True, accept_changes=True)
    assert "events.jsonl is not what it was" in (stopped / "report.md").read_text()


def test_a_genotype_that_was_changed_after_the_search_is_not_retrained_further(trained, registry):
    (trained / "report.md").unlink()
    genotype = trained / "genotype.yaml"
    text = genotype.read_text()
    old, new = (
        ("tanh", "softplus") if "tanh" in text else ("softplus", "tanh") if "softplus" in text else ("ident", "x")
    )
    genotype.write_text(text.replace(old, new))
    with pytest.raises(FileError, match=r"genotype\.yaml is not what the run wrote"):
        resume(trained, registry, quiet=True)


def test_the_checksums_of_a_finished_run_are_those_of_its_files(trained):
    lines = dict(reversed(line.split("  ")) for line in (trained / "SHA256SUMS").read_text().splitlines())
    assert {"experiment.yaml", "events.jsonl", "genotype.yaml", "retrain/weights.pt", "retrain/metrics.json"} <= set(
        lines
    )
    assert all(sha256_of(trained / name) == checksum for name, checksum in lines.items())


def test_a_file_of_a_finished_run_that_was_changed_is_not_in_its_report(trained):
    flip_a_bit(trained / "retrain" / "metrics.json", 14)
    record = read_record(trained)
    assert record.metrics == {}
    assert any("metrics.json` is not what the run wrote" in fault for fault in record.faults)


def test_a_file_whose_line_was_deleted_in_the_checksums_is_read(trained):
    (trained / "retrain" / "metrics.json").write_text('{"score": 1.0}')
    sums = trained / "SHA256SUMS"
    sums.write_text("".join(line for line in sums.read_text().splitlines(True) if "metrics.json" not in line))
    assert RunReader(trained).mapping(trained / "retrain" / "metrics.json") == {"score": 1.0}


@pytest.mark.parametrize("name", ["experiment.yaml", "retrain/genotype.yaml", "retrain/weights.pt"])
def test_a_network_with_a_changed_file_is_not_evaluated(trained, registry, name):
    path = trained / name
    flip_a_bit(path, path.stat().st_size // 2)
    result = CliRunner().invoke(main, ["evaluate", str(trained)], obj=registry)
    assert result.exit_code == 2 and f"{name} is not what the run wrote" in result.stderr


def test_each_damaged_weights_file_is_refused_or_has_the_same_tensors(tmp_path):
    torch.manual_seed(0)
    expected = torch.nn.Linear(4, 3).state_dict()
    path = tmp_path / "weights.pt"
    torch.save(expected, path)
    whole, refused = path.read_bytes(), 0
    damaged = [bytes([*whole[:k], whole[k] ^ 1 << k % 8, *whole[k + 1 :]]) for k in range(0, len(whole), 3)]
    for content in [*damaged, *(whole[:k] for k in range(0, len(whole), 40))]:
        path.write_bytes(content)
        try:
            found = read_weights(path)
        except FileError:
            refused += 1
        else:
            assert list(found) == list(expected)
            assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())
    assert refused > 300

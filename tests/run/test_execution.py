import io
import json
import os
import shutil
import signal
import types
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from rich.console import Console

import nasframe
from nasframe import (
    Component,
    DataError,
    Evaluation,
    Evaluator,
    ExperimentError,
    HoldsOut,
    Illustrating,
    NasframeError,
    RunError,
    Strategy,
    Table,
    Task,
)
from nasframe.compare import compare
from nasframe.experiment.checking import load
from nasframe.files.genotypes import read
from nasframe.genotype import Genotype, sample
from nasframe.graph import from_json
from nasframe.plugin.registry import Plugin, Registry
from nasframe.report.record import read as read_record
from nasframe.run import resume, run
from nasframe.run.progress import BarProgress, LineProgress, describe
from nasframe.runfolder.folder import RunFolder
from nasframe.runfolder.layout import RunLayout
from nasframe.runfolder.listing import read_entry
from nasframe.testing.tiny import TinyEvaluator, TinySpace

EXPERIMENT = """
name: small
seed: 3
space: {type: tiny-chain}
evaluator: {type: EVALUATOR}
strategy: {type: draws}
retrain: {evaluator: {}}
run: {device: cpu, checkpoint_minutes: 1000}
"""
ACTIONS = {}
ASKED = []
HEARD = []


class Draws(Strategy):
    """Genotypes drawn at random; the best is the last. ``ACTIONS`` maps a step to what happens in it."""

    name = "draws"

    class Options(nasframe.Options):
        steps: int = 4
        """Number of draws."""

    def __init__(self, problem, options):
        self.space = problem.space
        self.steps = options.steps
        self.last = sample(problem.space, np.random.default_rng(0))

    def step(self, index, rng):
        self.last = sample(self.space, rng)
        ACTIONS.get(index, lambda: None)()
        return {"score": float(index)}

    def best(self):
        return self.last

    def snapshot(self):
        return {"operation": np.full((2, 3), 1 / 3)}

    def state_dict(self):
        return {"last": self.last.to_dict()}

    def load_state_dict(self, state):
        self.last = Genotype.from_dict(state["last"])


class Lookup(Evaluator):
    """A table of scores: nothing to train, and no network is built."""

    name = "lookup"

    def prepare(self):
        self.task = Task(in_channels=3, num_classes=2, size=(8, 8))

    def evaluate(self, candidate, budget=1.0):
        table = Table(("class", "iou"), (("road", 0.5), ("sky", None)))
        return Evaluation(0.25, {"miou": 0.25}, {"classes": table})

    def record(self):
        return {"images": ["a", "b"]}


class Missing(Lookup):
    name = "missing"

    def prepare(self):
        raise DataError("no data here")


class Drawing(Lookup, nasframe.Trainable, Illustrating):
    """The tiny evaluator, which can also draw."""

    name = "drawing"

    def prepare(self):
        self.inner = TinyEvaluator(runtime=self.runtime)
        self.task = self.inner.task

    def batches(self, split, start=0):
        return self.inner.batches(split, start)

    def epoch_steps(self, split):
        return self.inner.epoch_steps(split)

    def loss(self, model, batch):
        return self.inner.loss(model, batch)

    def measure(self, model):
        return self.inner.measure(model)

    def training(self, network, budget=1.0):
        return self.inner.training(network, budget)

    def pictures(self, model, count):
        for number in range(count):
            yield f"val/{number}", np.full((4, 6, 3), number, dtype=np.uint8)


class Setting(Drawing, HoldsOut):
    """Sets something aside, and knows when it is asked."""

    name = "setting"

    def measure_holdout(self, model):
        ASKED.append(self.runtime.phase)
        return Evaluation(0.25, {"miou": 0.25})


@nasframe.hookimpl
def nasframe_components():
    evaluators = [Lookup, Missing, Drawing, Setting, TinyEvaluator]
    classes = {"space": [TinySpace], "strategy": [Draws], "evaluator": evaluators}
    return [
        Component(kind, found.name, f"{found.__module__}:{found.__qualname__}", "for tests")
        for kind, members in classes.items()
        for found in members
    ]


@nasframe.hookimpl
def nasframe_event(event):
    HEARD.append(event)


@pytest.fixture
def registry(monkeypatch):
    import sys

    module = types.ModuleType("plugin_of_test_run")
    vars(module).update(globals())
    for found in (Draws, Lookup, Missing, Drawing, Setting):
        monkeypatch.setattr(found, "__module__", module.__name__)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    ACTIONS.clear()
    HEARD.clear()
    return Registry([Plugin("tests", "nasframe-tests", "1.2", lambda: module)])


@pytest.fixture
def experiment(tmp_path, monkeypatch, registry):
    monkeypatch.chdir(tmp_path)

    def make(evaluator="tiny-pixels", overrides=()):
        Path("small.yaml").write_text(EXPERIMENT.replace("EVALUATOR", evaluator))
        return load("small.yaml", overrides, registry)

    return make


def emptied(folder):
    """Delete what a folder holds."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def status(folder):
    return json.loads((folder / "status.json").read_text())


def test_a_run_leaves_everything_behind(experiment, registry, capsys):
    folder = run(experiment(), registry=registry)
    assert folder == Path("runs/small")
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert found >= {
        "experiment.yaml", "environment.json", "status.json", "events.jsonl", "evaluator.json", "graph.json",
        "genotype.yaml", "genotype.json", "checkpoints/search-00000004.pt", "snapshots/00000004.npz",
        "retrain/genotype.yaml", "retrain/cost.json", "retrain/checkpoints/retrain-00000006.pt",
        "retrain/weights.pt", "retrain/metrics.json", "report.md",
    }  # fmt: skip
    assert not [name for name in found if name.endswith(".part")]
    assert status(folder)["state"] == "done" and status(folder)["pid"] == os.getpid()
    events = [json.loads(line)["event"] for line in (folder / "events.jsonl").read_text().splitlines()]
    assert [event for event in events if event not in ("step", "checkpoint")] == [
        "started", "genotype", "started", "evaluation", "finished",
    ]  # fmt: skip
    told = {"folder": str(folder), "trackers": ()}
    assert HEARD == [json.loads(line) | told for line in (folder / "events.jsonl").read_text().splitlines()]
    shown = capsys.readouterr().out
    assert "search 4/4" in shown and "score 0." in shown and "Report:     runs/small/report.md" in shown


def test_a_run_leaves_nothing_behind_that_the_layout_does_not_name(experiment):
    files = RunLayout(run(experiment("drawing"), quiet=True))
    places = {getattr(files, name) for name in dir(files) if not name.startswith("_") and name != "folder"}
    left = [path for path in files.folder.rglob("*") if path.is_file()]
    assert len(left) > 20
    assert [path for path in left if not places & {path, path.parent}] == []


def test_a_run_notes_where_its_values_were_written_and_keeps_that_when_it_goes_on(experiment, registry):
    made = experiment()
    folder = run(made, quiet=True)
    written = (folder / "origins.json").read_text()
    assert json.loads(written) == made.origins and made.origins["seed"].endswith(":3:7")
    (folder / "report.md").unlink()
    resume(folder, registry, quiet=True)
    assert (folder / "origins.json").read_text() == written and (folder / "report.html").exists()


def test_what_is_left_behind_can_be_used(experiment, registry):
    made = experiment()
    folder = run(made, quiet=True)
    assert load(folder / "experiment.yaml", registry=registry) == made
    record = read(folder / "genotype.yaml")
    assert record.options == {"layers": 2}
    network = TinySpace().build(record.genotype, TinyEvaluator().task)
    network.load_state_dict(torch.load(folder / "retrain" / "weights.pt", weights_only=True))
    metrics = json.loads((folder / "retrain" / "metrics.json").read_text())
    assert made.seed == 3
    evaluator = TinyEvaluator(runtime=nasframe.Runtime(seed=3))
    assert evaluator.measure(network).score == metrics["score"]
    assert set(from_json((folder / "genotype.json").read_text())) == set(TinySpace().graph())
    written = yaml.safe_load((folder / "genotype.yaml").read_text())
    assert list(written) == ["space", "options", "source", "plugin", "decisions"]
    assert written["plugin"] == {"distribution": "nasframe-tests", "version": "1.2"}


def test_the_same_experiment_gives_the_same_result_in_the_next_folder(experiment):
    first, second = run(experiment(), quiet=True), run(experiment(), quiet=True)
    assert second.name == "small-2"
    for name in ("genotype.yaml", "retrain/metrics.json", "retrain/weights.pt", "retrain/cost.json"):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_an_evaluator_that_trains_nothing_is_just_asked(experiment):
    folder = run(experiment("lookup"), quiet=True)
    assert json.loads((folder / "retrain" / "metrics.json").read_text()) == {
        "score": 0.25,
        "metrics": {"miou": 0.25},
        "tables": {"classes": {"columns": ["class", "iou"], "rows": [["road", 0.5], ["sky", None]]}},
    }
    assert json.loads((folder / "evaluator.json").read_text()) == {"images": ["a", "b"]}
    assert not (folder / "retrain" / "weights.pt").exists()


def test_an_evaluator_that_draws_leaves_as_many_pictures_as_asked(experiment):
    folder = run(experiment("drawing", ["run.pictures=2"]), quiet=True)
    assert sorted(path.name for path in (folder / "retrain" / "pictures").iterdir()) == ["val_0.png", "val_1.png"]


def test_a_search_can_stand_alone(experiment):
    folder = run(experiment(overrides=["retrain=null"]), quiet=True)
    assert status(folder)["state"] == "done" and not (folder / "retrain").exists()


def test_missing_data_leave_no_folder_behind(experiment):
    with pytest.raises(DataError):
        run(experiment("missing"), quiet=True)
    assert not Path("runs").exists()


def test_a_retraining_that_could_use_nothing_found_is_refused_before_the_search(experiment):
    with pytest.raises(ExperimentError, match=r"retrain\.space asks other questions"):
        run(experiment(overrides=["retrain.space.layers=3"]), quiet=True)
    assert not Path("runs").exists()


def test_a_named_folder_is_used_and_a_taken_one_refused(experiment):
    assert run(experiment(), Path("here"), quiet=True) == Path("here")
    with pytest.raises(NasframeError, match="nasframe run --resume here") as caught:
        run(experiment(), Path("here"), quiet=True)
    assert caught.value.exit_code == 2


def test_a_finished_run_is_left_as_it_is(experiment, registry, capsys):
    folder = run(experiment(), quiet=True)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "lock"}
    assert resume(folder, registry) == folder
    assert "is done; there is nothing to resume" in capsys.readouterr().out
    assert all(path.read_bytes() == data for path, data in before.items())


def test_a_failure_is_in_the_status_and_the_events_and_can_be_resumed(experiment, registry):
    def broken():
        raise RunError("the loss is nan")

    ACTIONS[2] = broken
    with pytest.raises(RunError):
        run(experiment(), quiet=True)
    folder = Path("runs/small")
    assert status(folder)["state"] == "failed" and "step 3 of 4: the loss is nan" in status(folder)["reason"]
    assert HEARD == []
    ACTIONS.clear()
    resume(folder, registry, quiet=True)
    assert status(folder)["state"] == "done" and status(folder)["reason"] is None


def test_a_bug_in_a_plugin_is_noted_and_not_swallowed(experiment):
    def bug():
        raise TypeError("a bug")

    ACTIONS[1] = bug
    with pytest.raises(TypeError):
        run(experiment(), quiet=True)
    assert status(Path("runs/small"))["reason"] == "TypeError: a bug"


def test_ctrl_c_saves_and_says_how_to_go_on(experiment, registry):
    ACTIONS[1] = lambda: os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(NasframeError, match="go on with: nasframe run --resume runs/small") as caught:
        run(experiment(), quiet=True)
    assert caught.value.exit_code == 130
    assert status(Path("runs/small"))["state"] == "stopped" and status(Path("runs/small"))["step"] == 2
    ACTIONS.clear()
    whole = run(experiment(), Path("whole"), quiet=True)
    resume(Path("runs/small"), registry, quiet=True)
    assert (whole / "genotype.yaml").read_bytes() == Path("runs/small/genotype.yaml").read_bytes()


class Full(io.StringIO):
    """A full device."""

    def write(self, text):
        raise OSError(28, "No space left on device")


def test_a_run_whose_output_fails_ends_well_and_its_events_say_so(experiment, monkeypatch):
    monkeypatch.setattr("sys.stdout", Full())
    folder = run(experiment())
    assert status(folder)["state"] == "done"
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    told = [event for event in events if event["event"] == "output_lost"]
    assert [event["reason"] for event in told] == ["[Errno 28] No space left on device"]


@pytest.mark.parametrize("harm", [shutil.rmtree, lambda folder: folder.rename("moved"), emptied])
def test_a_run_whose_folder_is_taken_away_fails_and_makes_no_new_one(experiment, harm):
    ACTIONS[1] = lambda: harm(Path("runs/small"))
    with pytest.raises(RunError, match="runs/small was deleted, emptied or moved while the run was going on"):
        run(experiment(), quiet=True)
    assert not Path("runs/small/status.json").exists()


def test_ctrl_c_while_it_is_noted_that_a_run_was_stopped_does_not_hinder_that(experiment, monkeypatch):
    def interrupted_again(self, **changes):
        if changes.get("state") == "stopped":
            os.kill(os.getpid(), signal.SIGINT)
        write_status(self, **changes)

    write_status = RunFolder.write_status
    monkeypatch.setattr(RunFolder, "write_status", interrupted_again)
    ACTIONS[1] = lambda: os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(NasframeError, match="go on with"):
        run(experiment(), quiet=True)
    assert status(Path("runs/small"))["state"] == "stopped"


def test_a_second_ctrl_c_stops_at_once_and_the_status_says_so(experiment):
    def twice():
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)

    ACTIONS[1] = twice
    with pytest.raises(NasframeError, match="what was done after the last checkpoint is lost") as caught:
        run(experiment(), quiet=True)
    assert caught.value.exit_code == 130
    assert status(Path("runs/small"))["state"] == "stopped" and status(Path("runs/small"))["reason"] == "interrupted"


def test_an_edited_experiment_is_not_mixed_with_the_old_checkpoints(experiment, registry):
    ACTIONS[1] = lambda: os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(NasframeError):
        run(experiment(), quiet=True)
    path = Path("runs/small/experiment.yaml")
    path.write_text(path.read_text().replace("seed: 3", "seed: 4"))
    with pytest.raises(RunError, match=r"belongs to another experiment .*was experiment\.yaml changed"):
        resume(Path("runs/small"), registry, quiet=True)


def test_another_version_of_torch_is_remarked_when_resuming(experiment, registry, capsys):
    ACTIONS[1] = lambda: os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(NasframeError):
        run(experiment(), quiet=True)
    path = Path("runs/small/environment.json")
    path.write_text(path.read_text().replace(torch.__version__, "1.0"))
    ACTIONS.clear()
    resume(Path("runs/small"), registry)
    assert "begun with another torch" in capsys.readouterr().out


@pytest.mark.parametrize("needs", [(), (nasframe.Relaxable,)], ids=["samples", "relaxes"])
def test_what_computes_the_supernet_is_noted_if_one_is_trained(needs, experiment, monkeypatch):
    monkeypatch.setattr(TinySpace, "computed_by", lambda space, device: {"kernels": f"those of {device}"})
    monkeypatch.setattr(Draws, "needs", needs)
    run(experiment(), quiet=True)
    noted = json.loads(Path("runs/small/environment.json").read_text())
    assert noted.get("supernet") == ({"kernels": "those of cpu"} if needs else None)
    assert ("kernels those of cpu" in Path("runs/small/report.md").read_text()) == bool(needs)


def test_lines_show_the_phase_the_step_the_metrics_and_the_time_left():
    console = Console(file=io.StringIO(), width=200)
    progress = LineProgress(console)
    progress.begin("search", 100, 40)
    progress.advance(50, {"loss": 0.5})
    progress.advance(100, {"loss": 0.25, "val_miou": 0.125})
    shown = console.file.getvalue().splitlines()
    assert shown == ["search: 100 steps, 40 done", "search 100/100  loss 0.25  val_miou 0.125  0:00 left"]


def test_a_bar_shows_the_phase_and_the_metrics():
    console = Console(file=io.StringIO(), width=200, force_terminal=True)
    progress = BarProgress(console)
    progress.begin("retrain", 10, 0)
    progress.advance(10, {"loss": 0.5, "other": 1.0})
    progress.end()
    shown = console.file.getvalue()
    assert "retrain" in shown and "10/10" in shown and "loss 0.5" in shown
    assert describe({"other": 1.0, "score": 0.5}) == "score 0.5"


def test_a_line_shows_the_first_of_the_metrics_that_an_evaluator_measures():
    measured = {"val_top5": 0.75, "val_top1": 0.5, "lr": 0.1, "score": 0.25, "loss": 2.0}
    assert describe(measured) == "loss 2  score 0.25  val_top5 0.75"


def test_what_is_set_aside_is_scored_once_at_the_end_and_told_first(experiment, registry, capsys):
    ASKED.clear()
    folder = run(experiment("setting"), registry=registry)
    assert ASKED == ["retrain"]
    metrics = json.loads((folder / "retrain" / "metrics.json").read_text())
    assert metrics["holdout"] == {"score": 0.25, "metrics": {"miou": 0.25}, "tables": {}}
    on_val = f"{metrics['score']:.4f} on val"
    assert f"score 0.2500 on the holdout, {on_val}" in capsys.readouterr().out
    assert "> Result: on the holdout: **25.00 % mIoU**" in (folder / "report.md").read_text()
    assert "on the holdout" in (folder / "report.html").read_text()
    assert read_entry(folder).score == 0.25
    assert compare([read_record(folder)]).runs[0].metrics["holdout_miou"] == 0.25

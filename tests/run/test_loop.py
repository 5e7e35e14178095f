import json
import math
import os
import signal

import numpy as np
import pytest
import torch

from nasframe import RunError, RunFolderError
from nasframe.experiment.run_options import RunOptions
from nasframe.run.interrupt import Interrupted, defer_signals
from nasframe.run.journal import Journal
from nasframe.run.loop import run_steps
from nasframe.run.progress import NullProgress
from nasframe.runfolder.folder import RunFolder

ALWAYS = RunOptions(checkpoint_minutes=0)
NEVER = RunOptions(checkpoint_minutes=1e6)


class Walk:
    """A random walk by both generators; ``at`` maps a step's index to what happens in it."""

    def __init__(self, steps=6, at=None):
        self.steps = steps
        self.at = at or {}
        self.place = torch.zeros(2, dtype=torch.float64)
        self.calls = []

    def step(self, index, rng):
        self.calls.append(index)
        self.place = self.place + torch.tensor([torch.rand(()).item(), rng.random()], dtype=torch.float64)
        metrics = self.at[index]() if index in self.at else None
        return metrics or {"loss": self.place.sum().item()}

    def snapshot(self):
        return {"place": self.place.numpy()}

    def state_dict(self):
        return {"place": self.place}

    def load_state_dict(self, state):
        self.place = state["place"]


def new_folder(tmp_path):
    return RunFolder.create(tmp_path / "run", {"seed": 0, "space": {"type": "x"}})


def walk(folder, stepper, options=NEVER, tell=lambda event: None):
    run_steps(stepper, Journal(folder, "search", tell, NullProgress()), 0, options)
    return stepper


def events(folder):
    return [json.loads(line) for line in (folder.path / "events.jsonl").read_text().splitlines()]


def steps_of(folder):
    return [(event["step"], event["metrics"]) for event in events(folder) if event["event"] == "step"]


def names(folder, where):
    return sorted(path.name for path in (folder.path / where).iterdir())


def fail():
    raise RunError("it broke")


def test_all_steps_are_done_once_and_logged_in_order(tmp_path):
    with new_folder(tmp_path) as folder:
        stepper = walk(folder, Walk())
        assert stepper.calls == [0, 1, 2, 3, 4, 5]
        assert [step for step, _ in steps_of(folder)] == [1, 2, 3, 4, 5, 6]
        status = folder.read(folder.layout.status)
        assert status["steps"] == 6 and status["step"] == 6


def test_a_step_depends_on_its_number_and_not_on_what_was_drawn_before(tmp_path):
    with new_folder(tmp_path) as folder:
        first = walk(folder, Walk())
    torch.manual_seed(1)
    torch.rand(5)
    with RunFolder.create(tmp_path / "second", {"seed": 0}) as folder:
        assert torch.equal(walk(folder, Walk()).place, first.place)


@pytest.mark.parametrize("options", [ALWAYS, NEVER])
def test_a_failed_run_goes_on_from_its_last_checkpoint_as_if_nothing_had_happened(tmp_path, options):
    with RunFolder.create(tmp_path / "whole", {"seed": 0}) as folder:
        whole = walk(folder, Walk())
        expected = steps_of(folder)
    with new_folder(tmp_path) as folder:
        with pytest.raises(RunError):
            walk(folder, Walk(at={4: fail}), options)
    with RunFolder.open(tmp_path / "run") as folder:
        resumed = walk(folder, Walk(), options)
        assert torch.equal(resumed.place, whole.place)
        assert steps_of(folder) == expected
        assert resumed.calls[0] == (4 if options is ALWAYS else 0)
        assert "resumed" in [event["event"] for event in events(folder)]


def test_resuming_cuts_a_torn_line_and_later_events_and_snapshots(tmp_path):
    with new_folder(tmp_path) as folder:
        with pytest.raises(RunError):
            walk(folder, Walk(at={3: fail}), NEVER)
        assert names(folder, "snapshots") == ["00000001.npz", "00000002.npz", "00000003.npz"]
        with (folder.path / "events.jsonl").open("a") as file:
            file.write('{"event": "step", "st')
        journal = Journal(folder, "search", lambda event: None, NullProgress())
        assert journal.restore().position.step == 0
        assert [event["event"] for event in events(folder)] == ["started"]
        assert names(folder, "snapshots") == []


def test_the_last_checkpoints_are_kept(tmp_path):
    with new_folder(tmp_path) as folder:
        walk(folder, Walk(), ALWAYS)
        assert names(folder, "checkpoints") == ["search-00000005.pt", "search-00000006.pt"]


def test_about_as_many_snapshots_as_asked_and_always_the_last(tmp_path):
    with new_folder(tmp_path) as folder:
        walk(folder, Walk(steps=11), RunOptions(snapshots=3))
        assert names(folder, "snapshots") == ["00000004.npz", "00000008.npz", "00000011.npz"]
        with np.load(folder.path / "snapshots" / "00000011.npz") as arrays:
            assert arrays["place"].shape == (2,)


@pytest.mark.parametrize("phase", ["search", "retrain"])
def test_a_search_ends_once_its_processor_minutes_are_spent_and_a_training_does_not(tmp_path, phase):
    with new_folder(tmp_path) as folder:
        journal = Journal(folder, phase, lambda event: None, NullProgress())
        stepper = Walk(at={2: lambda: journal.spend(600.0)})
        run_steps(stepper, journal, 0, RunOptions(search_cpu_minutes=10))
        assert stepper.calls == ([0, 1, 2] if phase == "search" else [0, 1, 2, 3, 4, 5])
        spent = [event["processor_seconds"] for event in events(folder) if event["event"] == "checkpoint"]
        assert 600 <= spent[-1] < 660 and spent[0] < 60


def test_what_was_spent_before_a_stop_counts_after_it(tmp_path):
    with new_folder(tmp_path) as folder:
        journal = Journal(folder, "search", lambda event: None, NullProgress())
        with pytest.raises(RunError):
            run_steps(Walk(at={1: lambda: journal.spend(300.0), 3: fail}), journal, 0, ALWAYS)
        again = Journal(folder, "search", lambda event: None, NullProgress())
        options = RunOptions(checkpoint_minutes=0, search_cpu_minutes=10)
        stepper = Walk(at={3: lambda: again.spend(300.0)})
        run_steps(stepper, again, 0, options)
        assert stepper.calls == [3] and again.processor_seconds >= 600


def test_listeners_hear_every_record(tmp_path):
    heard = []
    with new_folder(tmp_path) as folder:
        walk(folder, Walk(steps=2), tell=heard.append)
        assert heard == events(folder)
    assert [event["event"] for event in heard] == ["started", "checkpoint", "step", "step", "checkpoint"]


def test_an_error_in_a_step_says_which_and_what_is_saved(tmp_path):
    with new_folder(tmp_path) as folder:
        with pytest.raises(RunError, match=r"search, step 4 of 6: it broke\. .*search-00000003\.pt"):
            walk(folder, Walk(at={3: fail}), ALWAYS)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_metric_that_is_not_finite_stops_the_run(tmp_path, value):
    with new_folder(tmp_path) as folder:
        with pytest.raises(RunError, match=r"step 2 of 6: val_miou is -?(nan|inf); metrics must be finite"):
            walk(folder, Walk(at={1: lambda: {"loss": 1.0, "val_miou": value}}))
        assert [step for step, _ in steps_of(folder)] == [1]


def test_too_little_device_memory_is_explained(tmp_path):
    def exhausted():
        raise torch.OutOfMemoryError("CUDA out of memory.\nmore")

    with new_folder(tmp_path) as folder:
        with pytest.raises(RunError, match=r"step 1 of 6: the device has not enough memory .* smaller batch"):
            walk(folder, Walk(at={0: exhausted}))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_finishes_the_step_and_saves_it(tmp_path, number):
    with new_folder(tmp_path) as folder:
        with pytest.raises(Interrupted, match="stopped after step 3 of 6") as caught:
            walk(folder, Walk(at={2: lambda: os.kill(os.getpid(), number)}))
        assert caught.value.exit_code == 130
        assert names(folder, "checkpoints")[-1] == "search-00000003.pt"
        assert walk(folder, Walk()).calls == [3, 4, 5]


def test_a_second_signal_stops_at_once():
    before = signal.getsignal(signal.SIGINT)
    with defer_signals() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.requested
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_checkpoint_of_a_job_of_another_length_is_refused(tmp_path):
    with new_folder(tmp_path) as folder:
        walk(folder, Walk(steps=2))
        with pytest.raises(RunError, match="of 2 steps, which now has 6"):
            walk(folder, Walk(steps=6))


def test_a_full_disk_is_a_run_error_that_names_the_file(tmp_path, monkeypatch):
    with new_folder(tmp_path) as folder:

        def full(line):
            if line["event"] == "step":
                monkeypatch.setattr("nasframe.files.atomic.os.fsync", no_room)

        def no_room(handle):
            raise OSError(28, "No space left on device")

        with pytest.raises(RunError, match=r"cannot write .*00000001\.npz: No space left"):
            walk(folder, Walk(), tell=full)
        assert names(folder, "checkpoints") == ["search-00000000.pt"]


def test_a_folder_in_use_is_refused_and_names_the_process(tmp_path):
    with new_folder(tmp_path):
        with pytest.raises(RunFolderError, match=rf"in use by process {os.getpid()}") as caught:
            RunFolder.open(tmp_path / "run")
    assert caught.value.exit_code == 2
    RunFolder.open(tmp_path / "run").__exit__()


def test_a_folder_that_holds_something_is_refused_with_a_way_on(tmp_path):
    with new_folder(tmp_path):
        with pytest.raises(RunFolderError, match="--resume"):
            new_folder(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    with pytest.raises(RunFolderError, match="not an empty folder"):
        RunFolder.create(tmp_path / "mine", {"seed": 0})
    (tmp_path / "file").touch()
    with pytest.raises(RunFolderError, match="not an empty folder"):
        RunFolder.create(tmp_path / "file", {"seed": 0})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "mine", "run"]


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "run").mkdir()
    with new_folder(tmp_path) as folder:
        assert names(folder, ".") == ["experiment.yaml", "lock"]


def test_a_folder_that_is_no_runs_cannot_be_resumed(tmp_path):
    with pytest.raises(RunFolderError, match="is no run folder: it is empty"):
        RunFolder.open(tmp_path)
    with pytest.raises(RunFolderError, match="does not exist"):
        RunFolder.open(tmp_path / "nowhere")


def test_free_names_are_counted_up(tmp_path):
    paths = []
    for _ in range(3):
        with RunFolder.create_free(tmp_path / "runs", "a", {"seed": 0}) as folder:
            paths.append(folder.path.name)
    assert paths == ["a", "a-2", "a-3"]


def test_the_fingerprint_is_of_what_is_computed_and_not_of_how(tmp_path):
    plain = {"name": "a", "seed": 0, "run": {"device": "cpu"}, "space": {"type": "x"}}
    variants = [plain, {**plain, "name": "b", "run": {"device": "cuda"}}, {**plain, "seed": 1}]
    prints = []
    for number, experiment in enumerate(variants):
        with RunFolder.create(tmp_path / str(number), experiment) as folder:
            prints.append(folder.fingerprint)
    assert prints[0] == prints[1] != prints[2]


def test_events_that_were_shortened_by_hand_are_noticed(tmp_path):
    with new_folder(tmp_path) as folder:
        walk(folder, Walk())
        (folder.path / "events.jsonl").write_text("")
        with pytest.raises(RunFolderError, match="was changed or damaged after the run"):
            walk(folder, Walk())

"""``nasframe runs``: every run with its state, also of processes that died."""

import fcntl
import json

import pytest

from nasframe.runfolder.reading import in_use


@pytest.fixture
def listed(invoke):
    def listed(*arguments):
        result = invoke("runs", *arguments, "--format", "json")
        assert result.exit_code == 0, result.output
        return {entry["name"]: entry for entry in json.loads(result.stdout)}

    return listed


def test_a_finished_run_is_listed_with_its_score_and_time(listed, searched, tmp_path):
    searched("done")
    assert listed(tmp_path)["done"] == {
        "name": "done",
        "state": "done",
        "phase": "search",
        "step": 2,
        "steps": 2,
        "score": 0.5,
        "final": True,
        "minutes": 2.0,
        "space": "stairs",
        "strategy": "wait",
        "evaluator": "tiny-pixels",
        "started": listed(tmp_path)["done"]["started"],
        "faults": [],
    }


def test_a_run_whose_process_died_is_crashed_and_one_that_holds_its_lock_is_not(listed, make_run, tmp_path):
    dead, alive = make_run("dead", state="searching"), make_run("alive", state="retraining")
    (dead / "lock").write_text("123\n")
    with (alive / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert in_use(alive)
        found = listed(tmp_path)
    assert found["dead"]["state"] == "crashed"
    assert found["alive"]["state"] == "retraining"
    assert listed(tmp_path)["alive"]["state"] == "crashed"


def test_looking_does_not_keep_a_run_from_starting(make_run):
    folder = make_run(state="searching")
    assert not in_use(folder)
    (folder / "lock").touch()
    assert not in_use(folder)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_stop_does_not_count_as_work_and_the_best_of_a_search_is_its_score(listed, make_run, invoke, tmp_path):
    folder = make_run(state="stopped")
    events = [
        {"event": "started", "phase": "search", "time": 1000.0},
        {"event": "step", "phase": "search", "time": 1060.0, "metrics": {"score": 0.25}},
        {"event": "resumed", "phase": "search", "time": 9000.0},
        {"event": "step", "phase": "search", "time": 9120.0, "metrics": {"score": 0.125, "best_score": 0.25}},
    ]
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events) + '{"event": "st')
    entry = listed(tmp_path)["run"]
    assert (entry["minutes"], entry["score"], entry["final"]) == (3.0, 0.25, False)
    told = invoke("runs", tmp_path).stdout
    assert "0.2500*" in told and "* the best of the search" in told


def test_a_run_that_left_almost_nothing_is_listed(listed, invoke, tmp_path):
    (tmp_path / "young").mkdir()
    (tmp_path / "young/status.json").write_text("{}")
    entry = listed(tmp_path)["young"]
    assert (entry["state"], entry["space"], entry["step"], entry["started"]) == ("crashed", None, None, None)
    assert invoke("runs", tmp_path).exit_code == 0


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("experiment.yaml", "space: [", "cannot be read (1:9: not valid YAML"),
        ("experiment.yaml", "strategy: {lr: !!float ''}", "cannot be read (1:16: '' cannot be read as"),
        ("experiment.yaml", "- a", "cannot be read (1:1: should hold a mapping"),
        ("status.json", "{", "cannot be read (JSONDecodeError: "),
        ("status.json", "[" * 100_000, "nested too deeply"),
        ("status.json", f'{{"step": {"9" * 5000}}}', "a number of 5,000 digits"),
        ("metrics.json", None, "is no file, as it should be"),
        (
            "events.jsonl",
            '{"time": 1e999}\n\n{"time": NaN}\n{"event": "st',
            "has 2 lines that cannot be read, the first at 1",
        ),
    ],
)
def test_a_run_that_is_damaged_is_an_error_and_the_others_are_listed(invoke, searched, tmp_path, name, text, words):
    searched("done")
    bad = tmp_path / "bad" / "retrain" / name if name == "metrics.json" else tmp_path / "bad" / name
    bad.parent.mkdir(parents=True)
    (tmp_path / "bad/lock").touch()
    if text is None:
        bad.mkdir()
        (tmp_path / "bad/status.json").write_text("{}")
    else:
        bad.write_text(text)
    result = invoke("runs", tmp_path, "--format", "json")
    assert result.exit_code == 2
    assert [entry["name"] for entry in json.loads(result.stdout)] == ["bad", "done"]
    assert "1 file of these runs cannot be read" in result.stderr and words in result.stderr


def test_other_folders_are_passed_over_and_a_run_lists_itself(listed, invoke, searched, tmp_path):
    folder = searched("one")
    (tmp_path / "pictures").mkdir()
    assert list(listed(tmp_path)) == list(listed(folder)) == ["one"]
    assert invoke("runs", tmp_path / "pictures").stdout == f"{tmp_path / 'pictures'} holds no runs.\n"
    assert invoke("runs", tmp_path / "gone").exit_code == 2
    assert "runs is no folder" in invoke("runs").stderr

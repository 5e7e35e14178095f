"""The report of a run folder: of a whole run, and of runs that are going on, failed, or lack something."""

from __future__ import annotations

import fcntl
import json
import re
from pathlib import Path
from urllib.parse import unquote

import networkx as nx
import numpy as np
import pytest
import yaml

import nasframe.report.record
from nasframe import RunFolderError
from nasframe.graph import to_json
from nasframe.report import write_report
from nasframe.report.record import read

OPERATIONS = ("skip", "sep_3x3")
EXPERIMENT = {
    "name": "toy-run",
    "seed": 7,
    "space": {"type": "toy", "layers": 2, "filters": 4},
    "evaluator": {"type": "toy-data", "crop": 32, "training": {"lr": 0.1}},
    "strategy": {"type": "toy-strategy", "epochs": 3},
    "retrain": {"space": {"filters": 20}, "evaluator": {"crop": 32}},
    "run": {"folder": "runs"},
}
METRICS = {
    "score": 0.46125,
    "metrics": {"miou": 0.46125, "frames": 500.0},
    "tables": {
        "classes": {"columns": ["class", "IoU", "pixels"], "rows": [["road", 0.5, 1200], ["car|van", None, 0]]},
        "confusion": {"columns": ["truth", "road", "car"], "rows": [["road", 3, 1], ["car", 0, 2]]},
    },
}


def graphs() -> tuple[nx.DiGraph, nx.DiGraph]:
    whole = nx.DiGraph()
    places = {"stem": (0, 0), "l1/0": (1, 0), "l1/1": (1, 1), "l2/0": (2, 0), "l2/1": (2, 1), "head": (3, 0)}
    for node, (layer, level) in places.items():
        kind = node if node in ("stem", "head") else "state"
        label = node if kind != "state" else str(4 << level)
        whole.add_node(node, part="network", kind=kind, layer=layer, level=level, label=label)
    for row, source in enumerate(("stem", "l1/0", "l1/1")):
        for column in (0, 1):
            target = f"l{places[source][0] + 1}/{column}"
            whole.add_edge(source, target, kind="move", weight=("move", row, column))
    whole.add_edges_from((("l2/0", "head"), ("l2/1", "head")), kind="link")
    for rank, (node, kind) in enumerate({"h-1": "input", "b1": "block", "b2": "block", "out": "output"}.items()):
        whole.add_node(node, part="cell", kind=kind, layer=rank, level=0, label=node)
    for row, edge in enumerate((("h-1", "b1"), ("h-1", "b2"), ("b1", "b2"))):
        whole.add_edge(*edge, kind="operation", operations=OPERATIONS, weight=("operation", row))
    whole.add_edges_from((("b1", "out"), ("b2", "out")), kind="link")
    kept = [
        ("stem", "l1/1"),
        ("l1/1", "l2/0"),
        ("l2/0", "head"),
        ("h-1", "b1"),
        ("b1", "b2"),
        ("b1", "out"),
        ("b2", "out"),
    ]
    chosen = whole.edge_subgraph(kept).copy()
    nx.set_edge_attributes(chosen, {("h-1", "b1"): "sep_3x3", ("b1", "b2"): "skip"}, "operation")
    return whole, chosen


def event(kind: str, phase: str, step: int, time: float, **metrics: float) -> dict:
    return {"event": kind, "phase": phase, "step": step, "time": time, **({"metrics": metrics} if metrics else {})}


def write_json(path: Path, data: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data))


def write_events(folder: Path, records: list[dict], tail: str = "") -> None:
    (folder / "events.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records) + tail)


def make_young(folder: Path) -> Path:
    folder.mkdir()
    (folder / "experiment.yaml").write_text(yaml.safe_dump(EXPERIMENT, sort_keys=False))
    return folder


def make_searching(young: Path) -> Path:
    whole, _ = graphs()
    status = {"state": "searching", "reason": None, "phase": "search", "step": 4, "steps": 10, "updated": 0.0, "pid": 1}
    write_json(young / "status.json", status)
    (young / "graph.json").write_text(to_json(whole))
    search = [event("step", "search", i, 100.0 + i, loss=1 / i, best_score=0.1 * i) for i in range(1, 5)]
    write_events(young, [event("started", "search", 0, 100.0), *search])
    (young / "snapshots").mkdir()
    for step in (0, 4):
        decided = 0.5 + step / 10
        row = np.array([1 - decided, decided])
        np.savez(young / "snapshots" / f"{step:08}.npz", move=np.tile(row, (3, 1)), operation=np.tile(row, (3, 1)))
    return young


def make_done(searching: Path) -> Path:
    _, chosen = graphs()
    write_json(searching / "status.json", {"state": "done", "reason": None, "phase": "retrain", "step": 3, "steps": 3})
    write_json(
        searching / "environment.json",
        {"torch": "2.6", "device": "cpu", "plugins": [{"distribution": "nasframe-toy", "version": "0.3"}]},
    )
    write_json(searching / "evaluator.json", {"split": {"arch": [f"frame{i}" for i in range(20)]}})
    (searching / "genotype.json").write_text(to_json(chosen))
    write_json(
        searching / "retrain" / "cost.json",
        {"params": 10_147_427, "macs": 320_450_382_392, "size": [1025, 2049], "classes": 19},
    )
    write_json(searching / "retrain" / "metrics.json", METRICS)
    (searching / "retrain" / "pictures").mkdir()
    (searching / "retrain" / "pictures" / "frame 1.png").write_bytes(b"")
    with (searching / "events.jsonl").open("a") as file:
        for i in range(1, 4):
            file.write(json.dumps(event("step", "retrain", i, 200.0 + i, loss=1 / i, lr=0.1)) + "\n")
    return searching


@pytest.fixture
def young(tmp_path) -> Path:
    return make_young(tmp_path / "run")


@pytest.fixture
def searching(young) -> Path:
    return make_searching(young)


@pytest.fixture
def done(searching) -> Path:
    return make_done(searching)


@pytest.fixture(scope="module")
def reported(tmp_path_factory) -> tuple[Path, str]:
    """A whole run and its report, to be looked at only."""
    folder = make_done(make_searching(make_young(tmp_path_factory.mktemp("runs") / "run")))
    return folder, report(folder)


def report(folder: Path) -> str:
    return write_report(folder).layout.report.read_text()


def linked(text: str) -> list[str]:
    return [unquote(path) for path in re.findall(r"!\[[^]]*]\(([^)]*)\)", text)]


def test_the_report_of_a_whole_run_shows_every_figure_that_it_names(reported):
    folder, text = reported
    figures = linked(text)
    assert all((folder / path).is_file() for path in figures)
    assert figures == [
        "figures/trellis.svg",
        "figures/cell-cell.svg",
        "figures/curves-search.svg",
        "figures/weights.svg",
        "figures/operations-cell.svg",
        "figures/curves-retrain.svg",
        "figures/table-confusion.svg",
        "retrain/pictures/frame 1.png",
    ]
    assert "Not in this report" not in text


def test_the_result_line_has_score_size_and_cost(reported):
    assert (
        "> Result: **46.12 % mIoU** · 10.15 M parameters · 320.45 G multiply-adds at 1025 × 2049 pixels · 19 classes"
        in reported[1]
    )


WARNED = "The search chose by scores on val, on which the found network is reported too"


@pytest.mark.parametrize(
    ("recorded", "held_out", "warned"),
    [
        ({"phase": "search", "select_on": "val"}, False, True),
        ({"phase": "search", "select_on": "val"}, True, False),
        ({"phase": "search", "select_on": "arch"}, False, False),
        ({"phase": "retrain", "select_on": "val"}, False, False),
        ({}, False, False),
    ],
)
def test_a_score_on_frames_that_were_selected_on_is_warned_of(done, recorded, held_out, warned):
    write_json(done / "evaluator.json", recorded)
    if held_out:
        write_json(done / "retrain" / "metrics.json", {**METRICS, "holdout": {"score": 0.4, "metrics": {"miou": 0.4}}})
    text = report(done)
    assert (WARNED in text) == (WARNED in (done / "report.html").read_text()) == warned
    result = next(line for line in text.splitlines() if line.startswith("> Result"))
    assert ("on the holdout: **40.00 % mIoU** · 46.12 % mIoU on val" in result) == held_out
    assert ("| mIoU | 46.12 % | 40.00 % |" in text) == held_out


def test_what_was_run_names_components_versions_and_what_retraining_changed(reported):
    _, text = reported
    assert "| space | `toy` | `layers: 2` `filters: 4` |" in text
    assert "| evaluator | `toy-data` | `crop: 32` `training.lr: 0.1` |" in text
    assert "| space, when retraining |  | `filters: 20` |" in text
    assert "evaluator, when retraining" not in text
    assert "seed 7 · device cpu · torch 2.6 · nasframe-toy 0.3" in text
    assert "| split.arch | 20 values |" in text


def test_path_and_cell_are_told_in_words(reported):
    _, text = reported
    assert "Path: stem → 8 → 4 → head. The product of its moves' weights is 0.09." in text
    assert "| b1 | h-1 | `sep_3x3` |" in text
    assert "| b2 | b1 | `skip` |" in text


def test_fractions_are_percent_with_two_decimals_and_missing_values_a_dash(reported):
    _, text = reported
    assert "| road | 50.00 % | 1,200 |" in text
    assert r"| car\|van | – | 0 |" in text
    assert "| frames | 500 |" in text


def test_both_reports_and_who_asked_for_them_share_one_reading_and_one_certainty(done, monkeypatch):
    calls = []

    def counted(name):
        original = getattr(nasframe.report.record, name)
        return lambda *arguments: calls.append(name) or original(*arguments)

    monkeypatch.setattr("nasframe.report.record.compute", counted("compute"))
    monkeypatch.setattr("nasframe.report.writer.read", counted("read"))
    assert write_report(done).certainty is not None
    assert sorted(calls) == ["compute", "read"]


def test_the_same_folder_gives_the_same_bytes(done):
    write_report(done)
    before = {path: path.read_bytes() for path in done.rglob("*") if path.is_file()}
    write_report(done)
    assert {path: path.read_bytes() for path in done.rglob("*") if path.is_file()} == before


def test_time_between_a_stop_and_a_resumption_does_not_count(young):
    write_events(
        young,
        [
            event("started", "search", 0, 100.0),
            event("step", "search", 1, 101.0, loss=1.0),
            event("resumed", "search", 1, 90_000.0),
            event("step", "search", 2, 90_001.0, loss=1.0),
        ],
    )
    assert "| search | 2 | 2.0 s | 1.0 s | 1 |" in report(young)


def test_a_run_that_is_searching_shows_the_space_and_what_is_known_so_far(searching):
    with (searching / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        text = report(searching)
    assert "**searching** in the search phase, 4 of 10 steps" in text
    assert "best of the search so far: **score 0.4**" in text
    assert "## The search space" in text
    assert "figures/operations-cell.svg" in text
    assert "- No genotype: the search has not come to its end." in text
    assert "- No score: the retraining has not come to its end." in text


def test_a_run_whose_process_is_gone_is_called_crashed(searching):
    assert "**crashed** in the search phase, 4 of 10 steps" in report(searching)


def test_a_failed_run_says_why(searching):
    write_json(
        searching / "status.json",
        {"state": "failed", "reason": "the loss is nan", "phase": "search", "step": 4, "steps": 10},
    )
    text = report(searching)
    assert "**failed** in the search phase, 4 of 10 steps" in text
    assert "```\nthe loss is nan\n```" in text


def test_a_folder_with_an_experiment_alone_gives_a_report_of_what_is_missing(young):
    text = report(young)
    assert text.startswith("# toy-run\n")
    for reason in ("`status.json` is not there", "No curves and no times", "No genotype", "No pictures", "No weights"):
        assert f"- {reason}" in text
    assert not (young / "figures").exists()


def test_a_run_without_retraining_says_that_none_was_asked_for(searching):
    experiment = {**EXPERIMENT, "retrain": None}
    (searching / "experiment.yaml").write_text(yaml.safe_dump(experiment))
    assert "- No retraining: none was asked for." in report(searching)


def test_a_space_without_trellis_has_a_cell_and_no_path(searching):
    whole, chosen = graphs()
    for name, graph in (("graph.json", whole), ("genotype.json", chosen)):
        cell = graph.subgraph([node for node, part in graph.nodes(data="part") if part == "cell"])
        (searching / name).write_text(to_json(cell))
    text = report(searching)
    assert "figures/cell-cell.svg" in text
    assert "Path:" not in text
    assert "- No trellis: the space has no states to move between." in text


def test_a_strategy_without_snapshots_leaves_the_weights_out(done):
    for path in (done / "snapshots").iterdir():
        path.unlink()
    text = report(done)
    assert "figures/trellis.svg" in text
    assert "figures/weights.svg" not in text
    assert "- No weights: the strategy has kept no snapshots." in text


def test_snapshots_of_which_the_graph_knows_nothing_are_left_out(done):
    for path in (done / "snapshots").iterdir():
        np.savez(path, policy=np.ones(3))
    assert "- No weights: the snapshots hold none that the space's graph refers to." in report(done)


def test_an_event_torn_at_the_end_is_ignored(searching):
    records = [event("started", "search", 0, 1.0), event("step", "search", 1, 2.0, loss=1.0)]
    write_events(searching, records, tail='{"event": "step", "pha')
    assert "| search | 1 | 1.0 s |" in report(searching)


def test_metrics_that_are_not_finite_are_left_out_of_the_curves(young):
    records = [event("step", "search", i, float(i), loss=float("nan"), lr=0.1) for i in range(3)]
    write_events(young, [*records, {"event": "step", "phase": "search", "step": 3, "metrics": None}])
    assert "figures/curves-search.svg" in report(young)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("graph.json", '{"nodes": ['),
        ("graph.json", '{"directed": true, "multigraph": false, "nodes": [{"id": "a"}], "edges": []}'),
        ("genotype.json", "[]"),
        ("status.json", "[1]"),
        ("environment.json", ""),
        ("retrain/metrics.json", '{"score": 1, "tables": {"classes": {"columns": ["a"], "rows": [[1, 2]]}}}'),
        ("retrain/cost.json", "\x00"),
        ("snapshots/00000004.npz", "torn"),
        ("experiment.yaml", "{"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(done, name, content):
    (done / name).write_text(content)
    (fault,) = read(done).faults
    assert re.match(rf"`{name}` (cannot be read|should hold)", fault)


def test_a_report_is_written_although_files_cannot_be_read(done):
    for path in done.rglob("*.*"):
        if path.name != "events.jsonl":
            path.write_text("torn {")
    text = report(done)
    assert text.count("cannot be read") == 10
    assert "figures/curves-search.svg" in text


def test_a_snapshot_that_does_not_fit_the_graph_is_left_out(done):
    np.savez(done / "snapshots" / "00000005.npz", move=np.ones(1), operation=np.ones((1, 2)))
    record = read(done)
    assert [step for step, _ in record.snapshots] == [0, 4, 5]
    assert [step for step, _ in record.weighted] == [0, 4]
    assert record.faults[0].startswith("the snapshot of step 5 does not fit `graph.json`")


def test_a_folder_that_is_no_run_folder_is_refused_with_what_was_found(tmp_path):
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(RunFolderError, match=r"is no run folder: it holds holiday\.jpg"):
        write_report(tmp_path)


@pytest.mark.parametrize(
    ("name", "found"), [("empty", "it is empty"), ("nowhere", "it does not exist"), ("file", "it is a file")]
)
def test_an_empty_a_missing_and_no_folder_are_refused(tmp_path, name, found):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(RunFolderError, match=found):
        write_report(tmp_path / name)


def test_long_tables_are_folded(done):
    rows = [[f"class {i}", 0.5] for i in range(150)]
    tables = {"classes": {"columns": ["class", "IoU"], "rows": rows}}
    write_json(done / "retrain" / "metrics.json", {**METRICS, "tables": tables})
    text = report(done)
    assert "<summary>150 rows</summary>" in text


@pytest.mark.parametrize(
    "status", ['{"state": 3}', '{"step": "x", "steps": [1], "phase": "search"}', '{"steps": {}}', "[]"]
)
def test_a_status_of_other_types_is_told_as_one_that_cannot_be_read(searching, status):
    (searching / "status.json").write_text(status)
    found = read(searching)
    assert found.status == {} and any(fault.startswith("`status.json` ") for fault in found.faults)


def test_an_event_of_other_types_is_left_out_and_told(searching):
    with (searching / "events.jsonl").open("a") as file:
        file.write('{"event": "step", "phase": "search", "metrics": 3}\n')
    assert any("`events.jsonl` has 1 line that cannot be read" in fault for fault in read(searching).faults)


def test_a_status_without_steps_is_no_sentence_about_them(searching):
    (searching / "status.json").write_text('{"state": "stopped", "phase": "search", "step": 4, "steps": null}')
    assert "State of the run: **stopped**." in report(searching)

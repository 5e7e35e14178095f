"""Scores that are no fractions, such as minus a loss, are shown as they are; what is a fraction stays in percent."""

import json

import pytest
from matplotlib.figure import Figure

from nasframe.compare.compute import compare
from nasframe.compare.tables import tables
from nasframe.files.words import are_fractions
from nasframe.plot import curves, front, spread
from nasframe.report import facts, write_report
from nasframe.report.record import read
from nasframe.runfolder.listing import read_entry

FINAL = {"score": -0.5234, "metrics": {"loss": 0.5234, "miou": 0.31}}


def evaluated(step, loss):
    return {
        "event": "evaluated", "phase": "search", "step": step, "time": float(step), "budget": 1.0,
        "genotype": {"space": "x", "decisions": {"a": step}}, "objectives": {"score": -loss, "macs": 10 * step},
    }  # fmt: skip


def told(step, loss, best):
    metrics = {"score": -loss, "best_score": -best, "loss": loss, "miou": 0.1 * step}
    return {"event": "step", "phase": "search", "step": step, "time": float(step), "metrics": metrics}


@pytest.fixture
def run(tmp_path):
    """The folder of a search by the loss; ``metrics.json`` only if the test writes it."""
    (tmp_path / "experiment.yaml").write_text("name: x\n")
    events = [evaluated(1, 0.9), evaluated(2, 0.7), evaluated(3, 0.8)]
    events += [told(1, 0.9, 0.9), told(2, 0.7, 0.7), told(3, 0.8, 0.7)]
    (tmp_path / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    return tmp_path


def retrained(run):
    record = read(run)
    record.layout.metrics.parent.mkdir(parents=True, exist_ok=True)
    record.layout.metrics.write_text(json.dumps(FINAL))
    return read(run)


def test_the_result_is_told_as_the_metric_that_the_score_is_minus_of(run):
    assert facts.result(read(run)).score == "0.7 loss"
    assert facts.result(retrained(run)).score == "0.5234 loss"


def test_both_reports_show_losses_as_they_are_and_fractions_in_percent(run):
    retrained(run)
    write_report(run)
    text, page = (run / "report.md").read_text(), (run / "report.html").read_text()
    assert "| 2 | 1 | -0.7 |" in text and "**0.5234 loss**" in text and "| mIoU | 31.00 % |" in text
    for loss in ("52.34 %", "70.00 %", "-70.00", "-52.34"):
        assert loss not in text and loss not in page


def test_runs_and_compare_show_it_as_it_is(run):
    retrained(run)
    assert f"{read_entry(run).score:.4f}" == "-0.5234"
    shown = {row[0]: row[1] for table in tables(compare([read(run)])) for row in table.rows}
    assert (shown["score"], shown["loss"], shown["mIoU"]) == ("-0.5234", "0.5234", "31.00 %")


def test_curves_of_such_a_score_have_a_panel_apart_from_fractions(run):
    panels = {panel.title: panel for panel in curves.compute(read(run).events, "search")}
    assert [curve.name for curve in panels["loss"].curves] == ["loss"]
    assert [curve.name for curve in panels["score"].curves] == ["best_score"] and not panels["score"].percent
    assert [curve.name for curve in panels["fractions"].curves] == ["miou"] and panels["fractions"].percent


def test_no_axis_of_such_scores_is_in_percent(run):
    axes = Figure().subplots()
    spread.draw(spread.compute({0: (-0.5, -0.6), 1: (-0.2, -0.3)}), axes)
    assert "%" not in axes.yaxis.get_major_formatter()(-0.5, 0)
    assert not front.compute(read(run).events).percent


def test_what_may_be_shown_in_percent_lies_between_zero_and_one():
    assert are_fractions([0.0, 0.3, 1.0]) and not are_fractions([0.5, 1.2]) and not are_fractions([-0.1, 0.4])

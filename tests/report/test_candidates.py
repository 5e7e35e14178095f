"""The table of a search's candidates in both reports."""

import json

from nasframe.report import write_report


def evaluated(step, score, budget=1.0, **more):
    told = {} if score is None else {"objectives": {"score": score}}
    genotype = {"space": "x", "decisions": {"a": step}}
    times = {"time": float(step), "budget": budget, "genotype": genotype}
    return {"event": "evaluated", "phase": "search", "step": step, **times, **told, **more}


def report_of(folder, events):
    (folder / "experiment.yaml").write_text("name: x\n")
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    write_report(folder)
    return (folder / "report.md").read_text(), (folder / "report.html").read_text()


def test_both_reports_say_what_became_of_each_candidate_the_best_first(tmp_path):
    events = [
        evaluated(1, 0.5, 0.25, seconds=2.0, worker=1),
        evaluated(2, 0.9, 0.1, pruned=True, seconds=1.0, worker=1),
        evaluated(3, None, 0.25, failure="the loss is nan", seconds=1.0, worker=1),
        evaluated(4, 0.5, 0.25, same_as=1),
        evaluated(5, 0.4, after=1, seconds=3.0, worker=2),
        evaluated(6, 0.3, **{"from": "cache.folder"}),
    ]
    text, page = report_of(tmp_path, events)
    expected = [
        "| 5 | 1 | 40.00 % | 3.0 s | goes on from 1 |",
        "| 6 | 1 | 30.00 % | – | from cache.folder |",
        "| 1 | 0.25 | 50.00 % | 2.0 s |  |",
        "| 4 | 0.25 | 50.00 % | – | the same network as 1 |",
        "| 2 | 0.1 | 90.00 % | 1.0 s | stopped early |",
        "| 3 | 0.25 | – | 1.0 s | failed: the loss is nan |",
    ]
    lines = text.splitlines()
    begin = lines.index(expected[0])
    assert lines[begin : begin + 6] == expected
    said = "6 candidates, 1 of them stopped inside their training, 1 failed."
    assert said in text and said in page
    assert "stopped early" in page and "failed: the loss is nan" in page and 'id="candidates"' in page


def test_of_many_candidates_the_best_are_shown_behind_a_line(tmp_path):
    text, page = report_of(tmp_path, [evaluated(step, step / 1000) for step in range(1, 151)])
    assert "150 candidates." in text and "Shown are the best 100." in text
    assert "| 51 | 1 | 5.10 % |" in text and "| 50 | 1 | 5.00 % |" not in text
    assert "<summary>100 rows</summary>" in text and "<summary>100 rows</summary>" in page


def test_a_search_without_candidates_has_no_such_section(tmp_path):
    text, page = report_of(tmp_path, [])
    assert "The candidates" not in text + page

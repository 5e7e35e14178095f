"""The report of a search for several objectives."""

import json

from nasframe.report import write_report


def evaluated(step, score, macs, **more):
    return {
        "event": "evaluated",
        "phase": "search",
        "step": step,
        "time": float(step),
        "budget": 1.0,
        "genotype": {"space": "x", "decisions": {"a": step}},
        **({"objectives": {"macs": macs, "score": score}} if score is not None else more),
    }


def report_of(folder, events):
    (folder / "experiment.yaml").write_text("name: x\n")
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    write_report(folder)
    return (folder / "report.md").read_text(), (folder / "report.html").read_text()


def test_both_reports_show_the_front_with_its_files(tmp_path):
    (tmp_path / "front").mkdir()
    (tmp_path / "front" / "00002.yaml").write_text("space: x")
    events = [
        evaluated(1, 0.5, 3e6),
        evaluated(2, 0.9, 2e6),
        evaluated(3, 0.4, 1e6),
        evaluated(4, None, 0, failure="x"),
    ]
    text, page = report_of(tmp_path, events)
    assert "2 of 3 candidates are on the front" in text
    _, _, front = text.partition("## The Pareto front")
    rows = [line for line in front.splitlines() if line.startswith(("| 2 |", "| 3 |"))]
    assert rows == ["| 2 | 90.00 % | 2,000,000 | `front/00002.yaml` |", "| 3 | 40.00 % | 1,000,000 | – |"]
    assert (tmp_path / "figures" / "front.svg").exists()
    assert "<code>front/00002.yaml</code>" in page and page.count('r="3.5"') == 2 and page.count('r="2.5"') == 1


def test_one_objective_has_no_front(tmp_path):
    event = evaluated(1, 0.5, 3e6)
    event["objectives"] = {"score": 0.5}
    text, page = report_of(tmp_path, [event])
    assert "Pareto" not in text + page and not (tmp_path / "figures" / "front.svg").exists()

"""The report as one HTML file: what is in it, for whole, young, failed and strange runs, and that it is safe."""

import base64
import fcntl
import hashlib
import json
import re
from html.parser import HTMLParser
from itertools import pairwise

import matplotlib.image
import numpy as np
import pytest
from click.testing import CliRunner

from nasframe.cli import main
from nasframe.decode import k_best, terminals
from nasframe.graph import to_json, with_weights
from nasframe.report import write_report
from nasframe.report.html import page
from nasframe.report.record import read

VOID = {"img", "input", "meta"}
LOADING = {"src", "href", "srcset", "data", "action", "poster", "xlink:href"}


class Page(HTMLParser):
    """A page as a list of its elements, refused if they are not properly nested."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.text = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append((self.open[-1] if self.open else "", data))

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    def inside(self, tag):
        return "".join(data for name, data in self.text if name == tag)

    @property
    def prose(self):
        return " ".join("".join(data for name, data in self.text if name not in ("script", "style")).split())

    @property
    def headings(self):
        return [data for name, data in self.text if name in ("h2", "h3")]

    @property
    def data(self):
        return json.loads(re.search(r'<script type="application/json"[^>]*>(.*?)</script>', self.rawdata_of, re.S)[1])


def look(folder):
    text = page(read(folder))
    parsed = Page(text)
    parsed.rawdata_of = text
    return parsed


@pytest.fixture(scope="module")
def whole(tmp_path_factory, builder):
    run = builder(tmp_path_factory.mktemp("runs") / "run").searching().done()
    return run, look(run.folder)


def test_the_command_writes_it_beside_the_other_report(build):
    build.searching()
    done = CliRunner().invoke(main, ["report", str(build.folder)])
    assert done.exit_code == 0, done.output
    assert done.output.split() == [str(build.folder / "report.md"), str(build.folder / "report.html")]
    assert (build.folder / "report.html").read_text() == page(read(build.folder))


def test_the_same_folder_gives_the_same_bytes(build):
    folder = build.searching().done().folder
    assert page(read(folder)) == page(read(folder))


def test_a_whole_run_has_every_section(whole):
    _, shown = whole
    headings = shown.headings
    assert [title for title in headings if title in (
        "What was found", "The search over time", "Trellis", "Cell", "Entropy and preferences",
        "Operations that compute nothing", "Curves of the search", "Retraining", "Metrics", "Classes", "Categories",
        "Confusion", "Cost and time", "The experiment", "Not in this report",
    )] == [
        "What was found", "Cell", "The search over time", "Trellis", "Cell", "Entropy and preferences",
        "Operations that compute nothing", "Curves of the search", "Retraining", "Metrics", "Classes", "Categories",
        "Confusion", "Cost and time", "The experiment",
    ]  # fmt: skip
    for text in ("46.12 % mIoU", "10.15 M", "320.45 G", "1025 × 2049", "stem → 4 → 4 → 4 → 4 → head", "50.00 %"):
        assert text in shown.prose


def test_nothing_is_loaded_from_elsewhere(whole):
    _, shown = whole
    loaded = [value for _, attributes in shown.elements for key, value in attributes.items() if key in LOADING]
    assert all(value.startswith(("data:", "#")) for value in loaded)
    assert not re.search(r"url\(|@import|//", shown.inside("style"))
    assert not re.search(r"fetch|XMLHttpRequest|import\(|https?:", shown.inside("script"))


def test_the_policy_allows_this_pages_script_and_no_other(whole):
    _, shown = whole
    (policy,) = [meta["content"] for meta in shown.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    script = re.findall(r"<script>(.*?)</script>", shown.rawdata_of, re.S)
    digest = base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()
    assert len(script) == 1 and f"script-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline';")


def test_headings_do_not_skip_a_level_and_sections_are_named(whole):
    _, shown = whole
    levels = [int(tag[1]) for tag, _ in shown.elements if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    identifiers = [attributes["id"] for _, attributes in shown.elements if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    assert all(section["aria-labelledby"] in identifiers for section in shown.all("section"))
    assert {link["href"][1:] for link in shown.all("a")} <= set(identifiers)
    assert {tag for tag, _ in shown.elements} >= {"header", "nav", "main", "footer"}


def test_drawings_have_names_tables_have_headers_and_the_slider_a_label(whole):
    _, shown = whole
    assert all(svg.get("aria-label") or svg.get("aria-hidden") for svg in shown.all("svg"))
    assert all(th.get("scope") in ("row", "col") for th in shown.all("th"))
    assert len(shown.all("caption")) == len(shown.all("table"))
    (slider,) = shown.all("input")
    assert slider["type"] == "range" and slider["aria-valuetext"].startswith("step 40")
    assert slider["id"] in [label["for"] for label in shown.all("label")]
    assert shown.all("html") == [{"lang": "en"}]


def test_the_slider_has_each_snapshots_best_paths(whole):
    run, shown = whole
    data = shown.data
    assert data["steps"] == [0, 10, 20, 30, 40]
    nodes = [node for node, part in run.space.nodes(data="part") if part == "network"]
    for i, step in enumerate(data["steps"]):
        with np.load(run.folder / "snapshots" / f"{step:08}.npz") as arrays:
            weighted = with_weights(run.space, arrays)
        best = k_best(weighted, *terminals(weighted), k=5)
        assert [tuple(nodes[k] for k in route) for route in data["routes"][i]] == [path.nodes for path in best]
        assert data["rows"][i][0][1] == f"{best[0].log_probability:.3f}".replace("-", "−")
        assert data["rows"][i][0][3] == f"{best[0].gap:.3f}"


def test_the_page_shows_the_last_snapshot_before_any_script_runs(whole):
    _, shown = whole
    assert f">{shown.data['rows'][-1][0][0]}<" in shown.rawdata_of
    assert shown.data["said"][-1] in shown.prose
    drawn = {a["data-move"]: float(a["stroke-width"]) for a in shown.all("path") if "data-move" in a}
    told = shown.data["moves"][-1]
    assert drawn and all(width == pytest.approx(max(0.6, 13 * told[int(i)]), abs=0.06) for i, width in drawn.items())


def test_every_value_is_shown_with_where_it_was_written(whole):
    _, shown = whole
    rows = re.findall(r"<tr><th scope=\"row\"><code>(.*?)</code></th>(.*?)</tr>", shown.rawdata_of)
    told = {key: re.findall(r"<td>(?:<code>)?(.*?)(?:</code>)?</td>", rest) for key, rest in rows}
    assert told["name"] == ["toy-run", "toy.yaml:1:7"]
    assert told["seed"] == ["7", "--set seed=7"]
    assert told["evaluator.type"] == ["toy-data", "base.yaml:4:9"]
    assert told["strategy.epochs"] == ["3", "default"]
    assert told["retrain.space.network.filters"] == ["20", "toy.yaml:9:30"]
    assert "retrain.evaluator.crop" not in told
    assert "5 values left at their defaults" in shown.prose


def test_a_run_that_noted_no_origins_shows_its_values_all_the_same(build):
    (build.folder / "origins.json").unlink()
    shown = look(build.folder)
    assert "has not noted where its values were written" in shown.prose
    assert "strategy.epochs" in shown.prose


NASTY = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&`\u2028"


def test_no_text_of_a_run_becomes_markup(build):
    build.searching()
    space = build.space
    for _, data in space.nodes(data=True):
        data["label"] = NASTY
    for _, _, data in space.edges(data=True):
        if "operations" in data:
            data["operations"] = (NASTY, "skip", f"{NASTY}2")
    build.done()
    (build.folder / "graph.json").write_text(to_json(space))
    build.experiment({"name": NASTY, NASTY: {NASTY: NASTY}, "space": {"type": NASTY}})
    build.json("origins.json", {NASTY: NASTY, f"{NASTY}.{NASTY}": NASTY})
    build.status("failed", reason=f"{NASTY}\x00\x1b[31m")
    build.json("environment.json", {NASTY: NASTY}).json("evaluator.json", {NASTY: [NASTY]})
    table = {"columns": [NASTY, NASTY], "rows": [[NASTY, NASTY]]}
    build.json("retrain/metrics.json", {"score": 1, "metrics": {NASTY: 1.0}, "tables": {NASTY: table}})
    build.json("retrain/cost.json", {NASTY: NASTY})
    build.events(
        {"phase": "search", "step": 1, "metrics": {NASTY: 1.0}}, {"phase": "search", "step": 2, "metrics": {NASTY: 2.0}}
    )
    shown = look(build.folder)
    assert len(shown.all("script")) == 2
    assert shown.all("img") == []
    assert not [key for _, attributes in shown.elements for key in attributes if key.startswith("on")]
    assert "alert(1)" in shown.prose
    assert NASTY[:-1] in "".join(shown.data["cells"]["cell"]["names"])


def test_half_of_a_surrogate_pair_does_not_stop_it(build):
    build.status("failed", reason="\ud800 broken")
    write_report(build.folder)
    assert b"\xef\xbf\xbd broken" in (build.folder / "report.html").read_bytes()


def test_a_run_that_is_searching_says_so_and_shows_what_there_is(build):
    build.searching()
    with (build.folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shown = look(build.folder)
    assert "searching in the search phase, 4 of 10 steps; last sign of life 2023-11-14 22:13 UTC" in shown.prose
    assert "The search over time" in shown.headings and "--resume" not in shown.prose
    assert "No genotype: the search has not come to its end." in shown.prose


def test_a_run_whose_process_is_gone_has_crashed_and_can_be_resumed(build):
    shown = look(build.searching().folder)
    assert "crashed in the search phase, 4 of 10 steps" in shown.prose
    assert "nasframe run --resume RUN" in shown.prose
    assert "The search over time" in shown.headings


def test_a_failed_run_says_why(build):
    shown = look(build.searching().status("failed", reason="the loss is nan\nin step 4").folder)
    assert shown.inside("pre") == "the loss is nan\nin step 4"


def test_a_torn_event_log_and_torn_files_leave_a_report(build):
    build.searching().done()
    for name in ("genotype.json", "origins.json", "retrain/metrics.json", "snapshots/00000040.npz"):
        (build.folder / name).write_text('{"torn": [')
    with (build.folder / "events.jsonl").open("a") as file:
        file.write('{"event": "step", "pha')
    shown = look(build.folder)
    assert shown.data["steps"] == [0, 10, 20, 30]
    assert shown.prose.count("cannot be read") == 4
    assert "Curves of the search" in shown.headings


def test_a_folder_with_an_experiment_alone_has_a_page(build):
    shown = look(build.folder)
    assert shown.headings == ["The experiment", "Written for this run", "Different in retraining", "Not in this report"]
    assert len(shown.all("script")) == 1


def test_a_space_without_trellis_has_its_cell(build):
    build.searching()
    cell = build.space.subgraph([node for node, part in build.space.nodes(data="part") if part == "cell"])
    (build.folder / "graph.json").write_text(to_json(cell))
    shown = look(build.folder)
    assert "Cell" in shown.headings and "Trellis" not in shown.headings
    assert "moves" not in shown.data and list(shown.data["cells"]) == ["cell"]


def test_a_search_without_snapshots_shows_its_best_score_over_the_samples(build):
    build.searching(snapshots=0)
    samples = ((1, 0.2, 0.2), (2, 0.1, 0.2), (3, 0.4, 0.4))
    records = [
        {"event": "step", "phase": "search", "step": i, "time": float(i), "metrics": {"score": s, "best_score": best}}
        for i, s, best in samples
    ]
    shown = look(build.events(*records).folder)
    assert "best of the search so far" in shown.prose and "score 0.4" in shown.prose
    assert "score over the steps: score, best score" in [svg.get("aria-label") for svg in shown.all("svg")]
    assert "trellis" in [svg.get("class") for svg in shown.all("svg")]
    assert shown.all("input") == [] and "No weights: the strategy has kept no snapshots." in shown.prose


def test_weights_that_make_no_trellis_are_shown_without_paths(build):
    build.searching()
    for path in (build.folder / "snapshots").iterdir():
        np.savez(path, move=np.full((9, 3), np.nan), operation=np.full((5, 3), 1 / 3))
    shown = look(build.folder)
    assert "moves" not in shown.data and "Trellis" not in shown.headings and "Cell" in shown.headings


def test_the_page_and_the_report_say_at_their_top_whether_anything_was_decided(build):
    shown = look(build.searching().done().folder)
    verdict = re.search(r"The search is (undecided|hardly decided|decided): [^.]*cell \d+\.\d\d %", shown.prose)
    assert verdict and verdict.start() < shown.prose.index("What was found")
    report = write_report(build.folder).layout.report.read_text()
    assert report.index(f"> **The search is {verdict[1]}: ") < report.index("## What was run")


def test_a_collapse_is_warned_of_with_its_rule(build):
    shown = look(build.searching(towards=1).folder)
    assert re.search(r"Warning\. Collapse of the cell: skip connections hold \d\d% of the mixing weight", shown.prose)
    assert "more than half of the mixing weight that zero leaves" in shown.prose


def test_a_graph_that_does_not_say_what_computes_nothing_leaves_collapse_untold(build):
    path = build.searching(towards=1).folder / "graph.json"
    graph = json.loads(path.read_text())
    build.json("graph.json", {**graph, "graph": {}})
    shown = look(build.folder)
    assert "Warning" not in shown.prose and "Operations that compute nothing" not in shown.headings
    assert "No word on collapse: graph.json does not say which operations compute nothing." in shown.prose
    build.json("graph.json", {**graph, "graph": {"skips": [], "zeros": []}})
    assert "No word on collapse" not in look(build.folder).prose


def test_a_sound_search_is_not_warned_of(whole):
    assert "Warning" not in whole[1].prose and "No collapse." in whole[1].prose


def test_a_run_of_full_size_stays_under_three_megabytes(build):
    build.searching(snapshots=120, layers=12, levels=4, blocks=5).done()
    (build.folder / "retrain" / "pictures").mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (600, 1000, 3), dtype=np.uint8)
    matplotlib.image.imsave(build.folder / "retrain" / "pictures" / "noise.png", noise)
    text = page(read(build.folder))
    assert len(text.encode()) < 3_000_000
    assert "is shown 2 times smaller than it is" in text
    assert len(json.loads(re.search(r'"application/json"[^>]*>(.*?)</script>', text, re.S)[1])["steps"]) == 100


def test_pictures_are_in_the_page_and_broken_ones_are_named(build):
    build.searching().done()
    pictures = build.folder / "retrain" / "pictures"
    pictures.mkdir()
    matplotlib.image.imsave(pictures / "a_frame.png", np.zeros((4, 6, 3), dtype=np.uint8))
    (pictures / "b_torn.png").write_bytes((pictures / "a_frame.png").read_bytes()[:40])
    (pictures / "c_empty.png").write_bytes(b"")
    shown = look(build.folder)
    (image,) = shown.all("img")
    assert (
        base64.b64decode(image["src"].removeprefix("data:image/png;base64,")) == (pictures / "a_frame.png").read_bytes()
    )
    assert image["alt"].startswith("a frame:")
    assert "retrain/pictures/b_torn.png cannot be shown" in shown.prose
    assert "retrain/pictures/c_empty.png cannot be shown (it is no PNG)" in shown.prose


def test_many_classes_are_a_picture_with_the_largest_confusions_as_a_table(build):
    build.searching().done()
    names = [f"class {i}" for i in range(150)]
    rows = [
        [name, *(90 if i == j else 10 if j == (i + 1) % 150 else 0 for j in range(150))] for i, name in enumerate(names)
    ]
    table = {"columns": ["truth", *names], "rows": rows}
    build.json("retrain/metrics.json", {"score": 1.0, "metrics": {}, "tables": {"confusion": table}})
    shown = look(build.folder)
    assert "Confusion of 150 classes" in " ".join(svg.get("aria-label", "") for svg in shown.all("svg"))
    assert "class 0class 110.00 %10" in shown.prose.replace(" class", "class")

"""``nasframe compare``: runs beside each other, finished or not, of one space or of several."""

import json
import re
from itertools import pairwise

import pytest

from nasframe.genotype import trace
from nasframe.report.record import read
from nasframe.testing.tiny import TinySpace


@pytest.fixture
def compared(invoke):
    def compared(*folders):
        result = invoke("compare", *folders, "--format", "json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return compared


@pytest.fixture
def two(make_run, stairs):
    """Two runs that differ in the last layer and in one operation."""
    one = trace(stairs, lambda name, options: options[0])
    answers = {**one.answers, "path/l3": 1, "cell/b1/a": "conv_3x3"}
    other = trace(stairs, lambda name, options: answers.get(name, options[0]))
    return make_run("one", one), make_run("other", other, score=0.75)


def test_paths_cells_and_decisions_of_two_runs(compared, two):
    found = compared(*two)
    assert [run["score"] for run in found["runs"]] == [0.5, 0.75]
    assert [run["levels"] for run in found["runs"]] == [[0, 0, 0], [0, 0, 1]]
    assert found["pairs"] == [
        {
            "first": "one",
            "second": "other",
            "path": {"layers": 1, "levels": 1},
            "connections": 2,
            "all_connections": 4,
            "edges": 2,
            "same": 1,
            "all_edges": 2,
            "decisions": 2,
        }
    ]
    assert found["differing"] == {"cell/b1/a": ["conv_1x1", "conv_3x3"], "path/l3": [0, 1]}
    assert found["on_trellis"] == ["one", "other"]
    assert found["remarks"] == []


def test_the_table_has_metrics_costs_and_minutes(invoke, two):
    told = invoke("compare", *two).stdout
    for words in (r"mIoU +│ 50.00 % +│ 75.00 %", r"parameters +│ 7 +│ 7", r"search, minutes +│ 2.0 +│ 2.0"):
        assert re.search(words, told), told
    assert "Decisions that differ" in told


def test_a_run_that_goes_on_is_compared_by_what_it_favours(compared, two, searched, make_run):
    from nasframe.runfolder.reading import read_snapshot

    whole = searched("whole")
    young = make_run("young", snapshots={2: read_snapshot(whole)[1]}, state="searching")
    found = compared(whole, young)
    assert found["runs"][1]["origin"] == "favoured so far"
    assert found["runs"][1]["path"] == found["runs"][0]["path"]
    assert found["pairs"][0]["path"] == {"layers": 0, "levels": 0}
    assert found["pairs"][0]["decisions"] is None
    assert "young is crashed and has derived no genotype: its path and cells are favoured so far." in found["remarks"]
    assert "young has no score: it is not retrained." in found["remarks"]


def test_a_run_that_has_nothing_yet_is_compared_in_what_it_has(compared, two, make_run):
    found = compared(two[0], make_run("empty", state="searching"))
    assert found["runs"][1]["origin"] == "nothing yet"
    assert found["pairs"] == []
    assert found["on_trellis"] == ["one"]


def test_different_spaces_and_trellises_are_said(compared, invoke, two, make_run, stairs, tmp_path):
    space = TinySpace()
    chain = make_run("chain", trace(space, lambda name, options: options[0]), space=space)
    deep = type(stairs)(stairs.Options(layers=4))
    longer = make_run("longer", trace(deep, lambda name, options: options[0]), space=deep)
    found = compared(two[0], chain, longer)
    assert found["on_trellis"] == ["one"]
    assert [(pair["first"], pair["second"], pair["path"], pair["all_edges"]) for pair in found["pairs"]] == [
        ("one", "longer", None, 2)
    ]
    assert found["differing"] == {}
    remarks = " ".join(found["remarks"])
    assert "The runs have different spaces (one: stairs, chain: tiny-chain, longer: stairs)" in remarks
    assert "chain has no path: its space has no trellis of moves." in remarks
    assert "longer is of another trellis than one" in remarks
    assert invoke("compare", two[0], chain, longer, "--output", "out").exit_code == 0
    assert "What cannot be compared" in (tmp_path / "out/compare.md").read_text()


def test_different_recipes_are_said(compared, two, make_run, stairs):
    other = make_run("larger", trace(stairs, lambda name, options: options[0]), evaluator={"size": 16})
    assert "scores are comparable only if" in " ".join(compared(two[0], other)["remarks"])


def test_the_output_is_markdown_with_figures_that_exist(invoke, two, tmp_path):
    result = invoke("compare", *two, "--output", "out")
    assert result.stdout.endswith("Wrote out/compare.md\n")
    text = (tmp_path / "out/compare.md").read_text()
    figures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", text)
    assert figures == ["paths.svg", "curves-search.svg"]
    assert all((tmp_path / "out" / name).stat().st_size > 2000 for name in figures)
    before = (tmp_path / "out/paths.svg").read_bytes()
    invoke("compare", *two, "--output", "out")
    assert (tmp_path / "out/paths.svg").read_bytes() == before


def test_runs_of_one_name_are_told_apart_by_their_folders(compared, two, tmp_path):
    (tmp_path / "copies").mkdir()
    copy = two[0].rename(tmp_path / "copies/other")
    assert [run["name"] for run in compared(copy, two[1])["runs"]] == [str(copy), str(two[1])]


def test_paths_that_go_the_same_way_are_drawn_beside_each_other(two):
    from nasframe.plot import paths

    record = read(two[0])
    edges = [*pairwise(("stem", "l1/0", "l2/0", "l3/0"))]
    found = paths.compute(record.graph, {name: edges for name in "abcdefgh"})
    heights = [line.points[1][1] for line in found.lines]
    gaps = [below - above for above, below in pairwise(heights)]
    assert min(gaps) > 0.06
    assert max(heights) - min(heights) < 0.6


@pytest.mark.parametrize("arguments", [[], ["one"], ["one", "one"], ["one", "other", "--output", "one/status.json"]])
def test_wrong_use_is_refused(invoke, two, arguments):
    assert invoke("compare", *arguments).exit_code == 2


def test_a_folder_that_is_no_run_is_refused(invoke, two):
    assert "is no run folder" in invoke("compare", two[0], "gone").stderr

"""What counts as a run folder, and what is read of one that is torn."""

import json

import pytest

from nasframe import RunFolderError
from nasframe.runfolder.folder import RunFolder
from nasframe.runfolder.reading import RunReader, read_graph, read_snapshot, require_experiment, require_run

SIGNS = "A run folder has experiment.yaml or status.json or events.jsonl; name the folder that 'nasframe run' printed"


@pytest.mark.parametrize("ask", [require_run, require_experiment, read_graph, RunFolder.open])
def test_all_that_need_a_run_refuse_another_folder_in_the_same_words(tmp_path, ask):
    with pytest.raises(RunFolderError) as error:
        ask(tmp_path)
    assert str(error.value) == f"{tmp_path} is no run folder: it is empty. {SIGNS}"


def test_one_sign_makes_a_run_but_only_the_experiment_lets_it_go_on(tmp_path):
    (tmp_path / "events.jsonl").touch()
    assert require_run(tmp_path).folder == tmp_path
    with pytest.raises(RunFolderError, match=r"is a run that has lost its experiment\.yaml: put it back"):
        RunFolder.open(tmp_path)
    assert not (tmp_path / "lock").exists()


def test_a_graph_that_no_drawing_could_use_is_refused_with_its_place(tmp_path):
    node = {"id": "a", "part": "cell", "kind": "block", "layer": 0}
    graph = {"directed": True, "multigraph": False, "nodes": [node], "edges": []}
    (tmp_path / "experiment.yaml").touch()
    (tmp_path / "graph.json").write_text(json.dumps(graph))
    with pytest.raises(RunFolderError, match=r"/graph\.json cannot be read \(ValueError: node 'a' lacks level\); put"):
        read_graph(tmp_path)


def test_a_torn_file_is_empty_and_a_fault(tmp_path):
    reader = RunReader(tmp_path)
    (tmp_path / "status.json").write_text('{"state": "don')
    assert reader.mapping(reader.layout.status) == {} == reader.mapping(reader.layout.environment)
    ((path, fault),) = reader.faults
    assert path == tmp_path / "status.json" and fault.startswith("cannot be read (JSONDecodeError: ")


@pytest.mark.parametrize("name", ["²", "٣", "0x", "-1", "9" * 30])
def test_only_files_named_by_a_step_are_snapshots(tmp_path, name):
    (tmp_path / "snapshots").mkdir()
    (tmp_path / f"snapshots/{name}.npz").touch()
    assert RunReader(tmp_path).snapshots() == {}


def test_a_folder_where_a_file_should_be_is_a_fault(tmp_path):
    reader = RunReader(tmp_path)
    for path in (
        reader.layout.status,
        reader.layout.graph,
        reader.layout.experiment,
        reader.layout.snapshot("search", 7),
    ):
        path.mkdir(parents=True)
    assert reader.mapping(reader.layout.status) == {} == reader.mapping(reader.layout.experiment)
    assert reader.graph(reader.layout.graph) is None
    assert [fault for _, fault in reader.faults] == ["is no file, as it should be"] * 3
    with pytest.raises(RunFolderError, match=r"00000007\.npz is no file, as it should be"):
        read_snapshot(tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 100_000, "nested too deeply"),
        ('{"nodes": [], "edges": [], "multigraph": true}', "found a MultiGraph, expected a directed graph"),
        (
            '{"nodes": [], "edges": [], "multigraph": false, "directed": false}',
            "found a Graph, expected a directed graph",
        ),
        ('{"nodes": [{"id": "a"}, {"id": "a"}], "edges": [], "multigraph": false, "directed": true}', "stands twice"),
        ('{"nodes": [{"id": 1}], "edges": [], "multigraph": false, "directed": true}', "names of nodes are strings"),
        (
            '{"nodes": [], "edges": [], "multigraph": false, "directed": true, "graph": [1]}',
            "no graph in node-link form",
        ),
        ("[]", "no graph in node-link form"),
    ],
)
def test_a_graph_that_is_none_is_refused_with_what_was_found(tmp_path, text, words):
    (tmp_path / "experiment.yaml").touch()
    (tmp_path / "graph.json").write_text(text)
    with pytest.raises(RunFolderError, match=words):
        read_graph(tmp_path)

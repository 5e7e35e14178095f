"""What counts as a run folder, and what is read of one that is torn."""

import json

import pytest

from nasframe import RunFolderError
from nasframe.runfolder.folder import RunFolder
from nasframe.runfolder.reading import RunReader, read_graph, require_experiment, require_run

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

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from nasframe import RunError
from nasframe.files import atomic
from nasframe.runfolder.checkpoint import Position, load_latest, prune, save


def write(folder, step, fingerprint="mine"):
    path = folder / f"search-{step:08}.pt"
    save(path, Position(fingerprint, step, 100, 10 * step), {"w": torch.full((3,), float(step)), "history": [(1, "a")]})
    return path


def test_a_state_comes_back_as_it_was(tmp_path):
    write(tmp_path, 7)
    found = load_latest(tmp_path, "search", "mine", pytest.fail)
    assert found.position == Position("mine", 7, 100, 70)
    assert torch.equal(found.state["w"], torch.full((3,), 7.0)) and found.state["history"] == [(1, "a")]


def test_there_is_none_before_the_first(tmp_path):
    assert load_latest(tmp_path / "nowhere", "search", "mine", pytest.fail) is None
    assert load_latest(tmp_path, "search", "mine", pytest.fail) is None


def change_the_step(path):
    path.write_bytes(path.read_bytes().replace(b'"step": 20', b'"step": 30'))


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-20])


def flip_a_bit(path):
    data = bytearray(path.read_bytes())
    data[-30] ^= 1
    path.write_bytes(data)


def replace_by_plain_torch_file(path):
    torch.save({"w": 1}, path)


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (cut_short, "torn"),
        (flip_a_bit, "checksum differs"),
        (change_the_step, "checksum differs"),
        (replace_by_plain_torch_file, "no nasframe checkpoint"),
        (lambda path: path.write_bytes(b""), "no nasframe checkpoint"),
        (lambda path: write(path.parent, 20, "foreign"), "belongs to another experiment"),
    ],
)
def test_a_bad_checkpoint_is_refused_by_name_and_the_one_before_it_used(tmp_path, harm, reason):
    write(tmp_path, 10)
    harm(write(tmp_path, 20))
    lines = []
    found = load_latest(tmp_path, "search", "mine", lines.append)
    assert found.position.step == 10
    assert "search-00000020.pt" in lines[0] and reason in lines[0] and "search-00000010.pt used" in lines[0]
    assert (tmp_path / "search-00000020.pt.refused").exists() and not (tmp_path / "search-00000020.pt").exists()


def test_each_flipped_bit_of_the_first_lines_is_noticed(tmp_path):
    path = write(tmp_path, 20)
    whole = path.read_bytes()
    first_lines = whole.index(b"}\n") + 2
    for place in range(8 * first_lines):
        data = bytearray(whole)
        data[place // 8] ^= 1 << place % 8
        path.write_bytes(data)
        with pytest.raises(RunError, match="no checkpoint in"):
            load_latest(tmp_path, "search", "mine", pytest.fail)
    path.write_bytes(whole)
    assert first_lines > 200 and load_latest(tmp_path, "search", "mine", pytest.fail).position.step == 20


def write_as_older_versions(folder, name, step):
    body = io.BytesIO()
    torch.save({"w": torch.ones(3)}, body)
    header = {"fingerprint": "mine", "step": step, "steps": 100, "events": 0, "bytes": len(body.getvalue())}
    header["sha256"] = hashlib.sha256(body.getvalue()).hexdigest()
    path = folder / name
    path.write_bytes(b"nasframe checkpoint 1\n" + json.dumps(header).encode() + b"\n" + body.getvalue())
    return path


def test_a_checkpoint_of_an_older_version_is_used_with_a_remark(tmp_path):
    write_as_older_versions(tmp_path, "search-00000020.pt", 20)
    lines = []
    found = load_latest(tmp_path, "search", "mine", lines.append)
    assert found.position.step == 20 and torch.equal(found.state["w"], torch.ones(3))
    assert "search-00000020.pt is of an older version" in lines[0] and "no checksum covers" in lines[0]


def test_a_checkpoint_of_an_older_version_with_another_step_than_its_name_is_refused(tmp_path):
    write_as_older_versions(tmp_path, "search-00000020.pt", 21)
    with pytest.raises(RunError, match="says that it is of step 21, which is not what its name says"):
        load_latest(tmp_path, "search", "mine", pytest.fail)


def test_a_damaged_checkpoint_of_an_older_version_is_refused(tmp_path):
    flip_a_bit(write_as_older_versions(tmp_path, "search-00000020.pt", 20))
    with pytest.raises(RunError, match="checksum differs"):
        load_latest(tmp_path, "search", "mine", pytest.fail)


def test_if_none_is_usable_the_error_lists_what_was_found(tmp_path):
    cut_short(write(tmp_path, 10))
    write(tmp_path, 20, "foreign")
    with pytest.raises(RunError, match=r"search-00000020\.pt belongs to .*search-00000010\.pt is torn .*delete them"):
        load_latest(tmp_path, "search", "mine", pytest.fail)


def test_a_state_that_could_not_be_loaded_again_is_refused_when_it_is_saved(tmp_path):
    state = {"history": [(np.float64(0.5), {})]}
    with pytest.raises(RunError, match=r"state_dict\(\)\['history'\]\[0\]\[0\] is a numpy\.float64"):
        save(tmp_path / "search-00000001.pt", Position("mine", 1, 2, 0), state)
    assert not list(tmp_path.iterdir())


def test_the_last_ones_are_kept(tmp_path):
    for step in (1, 2, 3, 4):
        write(tmp_path, step)
        prune(tmp_path, "search", 2, step)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["search-00000003.pt", "search-00000004.pt"]


def test_checkpoints_of_another_phase_are_left_alone(tmp_path):
    write(tmp_path, 1)
    prune(tmp_path, "retrain", 1, 9)
    assert load_latest(tmp_path, "retrain", "mine", pytest.fail) is None
    assert load_latest(tmp_path, "search", "mine", pytest.fail).position.step == 1


def test_a_full_disk_leaves_the_old_file_and_names_it(tmp_path, monkeypatch):
    path = write(tmp_path, 5)
    before = path.read_bytes()

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(RunError, match=rf"cannot write {path}: No space left on device"):
        write(tmp_path, 5)
    assert path.read_bytes() == before and [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_write_into_a_missing_folder_makes_it(tmp_path):
    atomic.write_json(tmp_path / "a" / "b.json", {"x": 1})
    assert Path(tmp_path / "a" / "b.json").read_text() == '{\n "x": 1\n}\n'

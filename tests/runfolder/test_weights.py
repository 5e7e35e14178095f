"""Files of weights that are damaged, or hold something else."""

import hashlib
import json
import pickle
import zipfile

import pytest
import torch

from nasframe import FileError, RunFolderError
from nasframe.runfolder import checkpoint
from nasframe.runfolder.weights import read_tensors, read_weights


def with_pickle(path, content):
    """A file of weights whose tensors' names and kinds are another pickle."""
    torch.save({"a": torch.zeros(2)}, path)
    with zipfile.ZipFile(path) as whole:
        members = {name: whole.read(name) for name in whole.namelist()}
    with zipfile.ZipFile(path, "w") as made:
        for name, data in members.items():
            made.writestr(name, content if name.endswith("data.pkl") else data)
    return path


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x80\x02K\x03.", "holds a int; expected tensors by name"),
        (b"\x80\x02" + b"]" * 9 + b"a" * 8 + b".", "holds a list; expected tensors by name"),
        (b"\x80\x02a.", "IndexError: "),
        (b"\x80\x02X\x02\x00\x00\x00\xff\xfe.", "UnicodeDecodeError: "),
        (b"\x80\x02}K\x01\x8a\x01.", "cannot be read as weights"),
        (b"", "cannot be read as weights"),
        (pickle.dumps(pytest.raises, 2), "holds something else than tensors and plain data"),
        (pickle.dumps({1: 2}, 2), "holds a dict; expected tensors by name"),
    ],
)
def test_weights_that_are_none_are_refused_with_what_was_found(tmp_path, content, words):
    with pytest.raises(FileError, match=r"weights\.pt ") as caught:
        read_weights(with_pickle(tmp_path / "weights.pt", content))
    assert words in str(caught.value)


def test_a_folder_and_a_missing_file_are_no_weights(tmp_path):
    for path in (tmp_path, tmp_path / "gone.pt"):
        with pytest.raises(FileError, match="cannot be read as weights"):
            read_weights(path)


@pytest.mark.parametrize("body", [b"", b"\x80\x02a.", b"\x80\x02" + b"]" * 100_000 + b".", b"PK\x03\x04"])
def test_a_checkpoint_whose_checksum_is_right_and_whose_body_is_none_is_refused(tmp_path, body, monkeypatch):
    def write(state, file):
        file.write(body)

    path = tmp_path / "search-00000001.pt"
    monkeypatch.setattr(torch, "save", write)
    checkpoint.save(path, checkpoint.Position("mine", 1, 1, 0), {})
    with pytest.raises(RunFolderError, match=r"cannot be loaded|expected a mapping"):
        checkpoint.read_state(path)


@pytest.mark.parametrize("state", [{}, {"network": 3}, {"network": {"a": 1}}, {"network": {1: torch.zeros(1)}}])
def test_a_checkpoint_without_a_network_gives_no_tensors(tmp_path, state):
    checkpoint.save(tmp_path / "c.pt", checkpoint.Position("mine", 1, 1, 0), state)
    with pytest.raises(FileError, match="is a checkpoint without a network"):
        read_tensors(tmp_path / "c.pt")


@pytest.mark.parametrize("key", sorted(checkpoint.HEADER))
def test_a_header_of_other_types_is_refused(tmp_path, key):
    path = tmp_path / "c.pt"
    checkpoint.save(path, checkpoint.Position("mine", 1, 1, 0), {})
    magic, _, header, body = path.read_bytes().split(b"\n", 3)
    told = b"\n".join((json.dumps({**json.loads(header), key: [1]}).encode(), body))
    path.write_bytes(b"\n".join((magic, hashlib.sha256(told).hexdigest().encode(), told)))
    with pytest.raises(RunFolderError, match="has a header that cannot be read"):
        checkpoint.read_state(path)

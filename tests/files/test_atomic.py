"""Lines of JSON that were written one at a time, read back."""

import pytest

from nasframe import FileError
from nasframe.files.atomic import append_json, read_json_lines


def test_lines_come_back_and_a_torn_last_one_is_cut_off(tmp_path):
    path = tmp_path / "lines.jsonl"
    assert read_json_lines(path, int) == []
    for number in (1, 2):
        append_json(path, number)
    with path.open("a") as file:
        file.write("[3")
    assert read_json_lines(path, int) == [1, 2]
    assert path.read_text() == "1\n2\n"


@pytest.mark.parametrize("line", [b"{", b"[]", b"\xff", b"[" * 100_000, b"9" * 400, b'"x"', b""])
def test_a_line_that_is_no_record_is_refused_with_its_number(tmp_path, line):
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b"1\n" + line + b"\n3\n")
    with pytest.raises(FileError, match=r"lines\.jsonl:2: cannot be read .*; expected a record as it was written"):
        read_json_lines(path, int)
    assert path.read_bytes() == b"1\n" + line + b"\n3\n"

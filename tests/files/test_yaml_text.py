"""One reader of YAML: the scalars of YAML 1.2, what is refused, and that what is written is read back equal."""

import math
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from nasframe.errors import ExperimentError
from nasframe.files.limits import DEEPEST, MOST_CHARACTERS
from nasframe.files.yaml_text import Faults, Place, dump, dump_inline, read_mapping, read_text, scalar

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
LOOKALIKES = st.sampled_from(
    [
        *("yes", "No", "on", "OFF", "true", "True", "null", "~", "", "=", "<<", "2020-01-01", "1:30", "1_000", "010"),
        *(
            "0o17",
            "0x1f",
            "0b11",
            "1e3",
            "1e-3",
            "1.5e+3",
            ".5",
            "5.",
            ".inf",
            "-.INF",
            ".nan",
            "+1",
            "-",
            "- a",
            "a: b",
        ),
        *(
            "# no",
            "a #b",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a`",
            "'",
            '"',
            "[",
            "{",
            "|",
            ">",
            "?",
            "---",
            "...",
            "a\n",
            "\ta",
        ),
        *("\x85", "\u2028", "\ufeff", "\x07", "${A}", "a: ", "a:", ":a", "123456789012345678901234567890"),
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT | LOOKALIKES
PLAIN = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT | LOOKALIKES, inner, max_size=3),
    max_leaves=8,
)


def read(text):
    faults = Faults()
    value = read_text(text, Place("f.yaml", 1, 1), faults)
    faults.raise_all()
    return value.plain()


def refusal(text):
    with pytest.raises(ExperimentError) as caught:
        read(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("1:30", "1:30"), ("190:20:30", "190:20:30"), ("010", 10), ("0o17", 15), ("0x1F", 31), ("0b11", "0b11")),
        *(("1_000", "1_000"), ("+12", 12), ("-0", 0), ("yes", "yes"), ("off", "off"), ("TRUE", True), ("tRUE", "tRUE")),
        *(("2020-01-01", "2020-01-01"), ("=", "="), ("~", None), ("", None), ("Null", None), ("nil", "nil")),
        *(
            ("1e3", 1000.0),
            ("1.", 1.0),
            (".5", 0.5),
            ("5e-324", 5e-324),
            ("-.INF", -math.inf),
            ("1e", "1e"),
            (".", "."),
        ),
        *(
            ("0o8", "0o8"),
            ("0x", "0x"),
            ("+.5", 0.5),
            ("١٢", "١٢"),
            ("1\u00a0", "1\u00a0"),
            ("'10'", "10"),
            ("!!str 10", "10"),
        ),
        *(("!!int '10'", 10), ("!!float 3", 3.0), ("!!null ''", None), ("!!bool 'true'", True)),
    ],
)
def test_scalars_follow_the_core_schema_of_yaml_1_2(text, value):
    found = read(f"a: {text}")["a"]
    assert found == value and type(found) is type(value)
    if "!!" not in text and "'" not in text:
        assert scalar(text) == value


def test_not_a_number_is_read_as_such():
    assert math.isnan(read("a: .NaN")["a"])


@given(PLAIN)
@settings(max_examples=300, deadline=None)
def test_what_is_written_is_read_back_equal(data):
    assert read(dump({"a": data})) == {"a": data}
    assert read(dump_inline([data])) == [data]


@given(st.dictionaries(TEXT | LOOKALIKES, TEXT | LOOKALIKES))
@settings(max_examples=100, deadline=None)
def test_text_stays_text_for_a_reader_of_yaml_1_1_too(data):
    assert yaml.safe_load(dump(data)) == data


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a: !!int ''",
            "f.yaml:1:4: '' cannot be read as 'tag:yaml.org,2002:int'; expected digits, like 10, 0x1f or 0o17",
        ),
        ("a: !!bool yes", "f.yaml:1:4: 'yes' cannot be read as 'tag:yaml.org,2002:bool'; expected true or false"),
        ("a: !!null x", "f.yaml:1:4: 'x' cannot be read as 'tag:yaml.org,2002:null'; expected null or nothing"),
        (f"a: {'9' * 50_000}", "f.yaml:1:4: found a number of 50,000 digits, expected at most 300"),
        (f"a: 0x{'f' * 50_000}", "f.yaml:1:4: found a number of 50,002 digits, expected at most 300"),
        (f"a: 0.{'3' * 400}", "f.yaml:1:4: found a number of 402 digits, expected at most 300"),
        ("a: 1e999", "f.yaml:1:4: found '1e999', which is larger than any number; write .inf for infinity"),
        ("a: 1e-999", "f.yaml:1:4: found '1e-999', which is so small that it would be 0; write 0"),
        ('a: "x\\0"', "f.yaml:1:4: found the character U+0000, which no text can hold; remove it"),
        ('a: "\\ud800"', "f.yaml:1:4: found the character U+D800, which no text can hold; remove it"),
        ('"\\ud800": a', "f.yaml:1:1: found the character U+D800, which no text can hold; remove it"),
        ('a: "\\U00110000"', "f.yaml:1:7: not valid YAML: an escape or a directive has a number that is none"),
        ("a: \ud800", "f.yaml: not valid YAML: unacceptable character"),
        ("!!binary a: 1", "f.yaml:1:1: a key is a list, a mapping or has a tag; expected a word"),
        (
            "[" * 65,
            f"f.yaml:1:65: lists or mappings are nested too deeply: expected at most {DEEPEST} inside each other",
        ),
        ("{a: " * 65, "f.yaml:1:254: lists or mappings are nested too deeply"),
        ("- " * 100_000, "f.yaml:1:129: lists or mappings are nested too deeply"),
        ("- a\n" * 20_001, "f.yaml:20000:3: found more than 20,000 values, those of aliases counted each time"),
        ("#" * (MOST_CHARACTERS + 1), "f.yaml: has more than 262,144 characters; expected the YAML of an experiment"),
    ],
)
def test_hostile_text_is_refused_with_its_place(text, message):
    assert refusal(text).startswith(message)


@pytest.mark.parametrize("last", ["*h", "{<<: *h}", "{*h : 1}"])
def test_aliases_that_multiply_are_refused_at_once(last):
    levels = ["a: &a {x: [1, 1, 1, 1, 1, 1, 1, 1, 1]}"]
    for before, name in zip("abcdefg", "bcdefgh", strict=True):
        levels.append(f"{name}: &{name} {{x: [{', '.join([f'*{before}'] * 9)}]}}")
    assert "found more than 20,000 values" in refusal("\n".join([*levels, f"z: {last}"]))


def test_aliases_that_nest_are_refused():
    text = "- &a0 []\n" + "".join(f"- &a{number + 1} [*a{number}]\n" for number in range(DEEPEST))
    assert "nested too deeply" in refusal(text)


def test_a_file_is_read_no_further_than_it_may_be_long():
    with pytest.raises(ExperimentError, match="/dev/zero: has more than 262,144 characters"):
        read_mapping(Path("/dev/zero"))


def test_a_path_that_no_file_can_have_is_a_file_that_cannot_be_read(tmp_path):
    for path in (tmp_path / ("a" * 300), tmp_path / "a\0b"):
        with pytest.raises(ExperimentError, match="cannot be read: "):
            read_mapping(path)


def test_what_should_be_a_mapping_and_is_none_is_refused(tmp_path):
    (tmp_path / "list.yaml").write_text("- a")
    with pytest.raises(ExperimentError, match=r'list\.yaml:1:1: should hold a mapping, but holds \["a"\]'):
        read_mapping(tmp_path / "list.yaml")

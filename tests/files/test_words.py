"""Numbers and times as people read them."""

import ast
import re
from pathlib import Path

import pytest

from nasframe.files.words import cell_text, clock, duration, number, quantity

ROOT = Path(__file__).parents[2]
FOLDERS = [ROOT / "nasframe", ROOT / "benchmarks", *ROOT.glob("plugins/*/nasframe_*")]
SOURCES = [path for folder in FOLDERS for path in folder.rglob("*.py")]
COUNTABLE = (
    "attempt batche block byte candidate channel check classe column core edge epoch event failure fault file frame "
    "genotype image layer level move multiply-add network node operation pair parameter passe path picture point "
    "problem processe question row run sample scene seed size snapshot step tensor thread time training update value "
    "weight worker"
).split()
"""Nouns, without the s of their plural, that messages count; any other is one too after a length or a comma."""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0351, "35 ms"),
        (4.24, "4.2 s"),
        (190, "3 min 10 s"),
        (7500, "2 h 05 min"),
        (86399.7, "1 d 00 h"),
        (200000, "2 d 07 h"),
    ],
)
def test_durations_are_told_as_people_do(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "0:00"), (65, "1:05"), (3599, "59:59"), (4000, "1:06:40")])
def test_a_clock_shows_hours_only_where_there_are_any(seconds, text):
    assert clock(seconds) == text


@pytest.mark.parametrize(
    ("value", "fraction", "text"),
    [
        (0.12345, True, "12.35 %"),
        (1.0, True, "100.00 %"),
        (3, True, "3"),
        (0.12345, False, "0.1235"),
        (1234567, False, "1,234,567"),
        (float("nan"), True, "–"),
        (float("inf"), True, "inf"),
        ("car", True, "car"),
    ],
)
def test_numbers_are_written_for_people(value, fraction, text):
    assert number(value, fraction=fraction) == text


def test_more_digits_are_shown_of_what_is_not_whole():
    assert (number(0.1234567, digits=6), number(1234567.0, digits=6)) == ("0.123457", "1,234,567")


@pytest.mark.parametrize(
    ("value", "name", "text"),
    [
        (1.0, "IoU", "100.00 %"),
        (1.0, "classes", "1"),
        (0.25, "lr", "0.25"),
        (1, "accuracy", "1"),
        (0.5, "error", "50.00 %"),
        ("x", "IoU", "x"),
    ],
)
def test_only_fractions_are_shown_in_percent(value, name, text):
    assert cell_text(value, name) == text


def test_one_thing_is_no_plural():
    assert [quantity(count, "frame") for count in (0, 1, 2, 1200)] == [
        "0 frames",
        "1 frame",
        "2 frames",
        "1,200 frames",
    ]
    assert [quantity(count, "class", "classes") for count in (1, 11)] == ["1 class", "11 classes"]


def counts_before_a_plural(source):
    """Each ``{count} files`` in an f-string; not what is no whole number, nor a constant, whose value is known."""
    noun = re.compile(rf" (?:(?!(?:has|holds|makes) )[a-z-]+ )?(?:{'|'.join(COUNTABLE)})s\b")
    any_word = re.compile(r" (?!of |in |as |is |was |has |there )(?:[a-z-]+ )?[a-z-]+s\b")
    for node in ast.walk(ast.parse(source)):
        pairs = zip(node.values, node.values[1:], strict=False) if isinstance(node, ast.JoinedStr) else ()
        for value, after in pairs:
            if not isinstance(value, ast.FormattedValue) or not isinstance(after, ast.Constant):
                continue
            text = ast.unparse(value.value)
            form = ast.unparse(value.format_spec) if value.format_spec else ""
            plural = any_word if text.startswith("len(") or "," in form else noun
            if plural.match(after.value):
                known = re.fullmatch(r"(len\()?[A-Z_]+\)?", text) or re.search(r"(quantity|amount|percent)\(", text)
                if not known and not form.endswith(("f'", 'f"')):
                    yield f"{value.lineno}: {{{text}}}{after.value}"


def test_a_count_before_a_plural_is_found_where_it_is_written():
    source = (
        """f"{len(files)} files", f"{n:,} bad sheep-dogs", f"{some.count} runs", f"{quantity(n, 'file')} are", """
        """f"{MOST} steps", f"{x:.1f} runs", f"{len(files)} of the files\""""
    )
    assert [found.split(": ")[1] for found in counts_before_a_plural(source)] == [
        "{len(files)} files",
        "{n} bad sheep-dogs",
        "{some.count} runs",
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_message_puts_a_count_before_a_plural_by_itself(path):
    assert list(counts_before_a_plural(path.read_text(encoding="utf-8"))) == []

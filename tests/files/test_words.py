"""Numbers and times as people read them."""

import pytest

from nasframe.files.words import cell_text, clock, duration, number, quantity


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
    [(1.0, "IoU", "100.00 %"), (1.0, "classes", "1"), (0.25, "lr", "0.25"), (1, "accuracy", "1"), ("x", "IoU", "x")],
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

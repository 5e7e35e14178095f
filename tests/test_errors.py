"""The pieces that messages are made of."""

import pytest

from nasframe.errors import did_you_mean, listed
from nasframe.files.words import first_line


@pytest.mark.parametrize(
    ("items", "text"),
    [((), ""), ("ab", "a, b"), (range(12), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11")],
)
def test_few_things_are_listed_whole(items, text):
    assert listed(items) == text


def test_of_many_things_the_first_dozen_is_listed():
    assert listed("abcdefghijklmno", repr).endswith("'k', 'l' and 3 more")


@pytest.mark.parametrize(
    ("error", "text"),
    [(ValueError("\none\ntwo"), "one"), (EOFError(), "EOFError"), (KeyError("a"), "'a'")],
)
def test_an_error_says_something_in_one_line(error, text):
    assert first_line(error) == text


@pytest.mark.parametrize(
    ("word", "text"), [("epoch", "; did you mean 'epochs'?"), ("EPOCHS", "; did you mean 'epochs'?"), ("lr", "")]
)
def test_the_nearest_known_word_is_offered(word, text):
    assert did_you_mean(word, ["epochs", "batch"]) == text

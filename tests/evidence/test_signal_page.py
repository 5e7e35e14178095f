"""The pages that signal writes: whole by themselves, with what was found and nothing that was not."""

import base64
import html
import re
from types import SimpleNamespace

import numpy as np
import pytest

from nasframe.evidence.signal import summarise
from nasframe.evidence.signal_page import RANKS, SCORES, write_signal
from nasframe.evidence.trials import Row

WORDS = ("skip", "conv", "<b>pool")


def experiment():
    part = SimpleNamespace(component=SimpleNamespace(name="a part"))
    return SimpleNamespace(name="what <i>is</i> sought", space=part, evaluator=part, retrain=None)


def rows(genotypes=9):
    rng = np.random.default_rng(0)
    for number in range(genotypes):
        answers = {"cell/a": WORDS[number % 3], "cell/b": WORDS[number % 2], "path/l1": 4}
        for seed in range(2):
            scores = {"score": 0.3 + 0.1 * (number % 3) + 0.01 * rng.normal()}
            yield Row(number, {"decisions": answers}, 5, 1000 + number, 400, seed, 1.0, scores, 61.0)


@pytest.fixture
def found():
    failed = Row(9, {"decisions": {}}, 5, 1000, 400, 0, 1.0, {}, 1.0, "the loss is nan")
    return summarise([*rows(), failed])


def test_the_page_is_one_file_that_asks_for_nothing_else(found, tmp_path):
    path = write_signal(found, experiment(), tmp_path)
    text = path.read_text()
    assert path.name == "signal.html" and "default-src 'none'" in html.unescape(text)
    assert not re.search(r"(src|href)=\"(?!data:|#)", text) and "<i>" not in text and "<b>" not in text
    assert "what &lt;i&gt;is&lt;/i&gt; sought" in text
    pictures = [base64.b64decode(data) for data in re.findall(r"data:image/svg\+xml;base64,([^\"]*)", text)]
    assert pictures == [(tmp_path / name).read_bytes() for name in (SCORES, RANKS)]


def test_both_pages_say_all_that_follows_and_have_all_tables(found, tmp_path):
    write_signal(found, experiment(), tmp_path)
    page, markdown = ((tmp_path / name).read_text() for name in ("signal.html", "signal.md"))
    for sentence in found.advice():
        assert sentence in html.unescape(page) and f"{sentence}." in markdown
    assert "genotype 10, seed 0, budget 1: the loss is nan" in page
    for title in ("How far genotypes", "Rank correlation with", "What each decision explains", "how often an answer"):
        assert page.count(title) >= 2 and f"{title}" in markdown
    assert f"{found.variances['score'].between:.4f}" in page and f"{found.variances['score'].between:.4f}" in markdown
    assert markdown.count("\n| 9 | ") == 1 and '<th scope="row">9</th>' in page, "every genotype has a row"
    assert "1 min 01 s" in page and "40%" in page
    assert f"]({SCORES})" in markdown and f"]({RANKS})" in markdown


def test_where_no_decision_can_be_tested_their_tables_are_left_out(tmp_path):
    write_signal(summarise([*rows(3)]), experiment(), tmp_path)
    text = (tmp_path / "signal.html").read_text()
    assert "What each decision explains" not in text and "How far genotypes" in text


def test_the_same_trainings_give_the_same_files(found, tmp_path):
    for name in ("one", "two"):
        write_signal(found, experiment(), tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == ["signal-ranks.svg", "signal-scores.svg", "signal.html", "signal.md"]
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()

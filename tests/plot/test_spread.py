"""The pictures of scores by seed and of rank correlations."""

import math

import numpy as np
import pytest
from matplotlib.figure import Figure

from nasframe.plot import spread

SCORES = {0: (0.5, 0.7), 1: (0.1, 0.3), 4: (0.4, 0.4)}


def axes():
    return Figure().subplots()


def test_genotypes_are_sorted_by_their_means_and_numbered_from_one():
    found = spread.compute(SCORES)
    assert found.genotypes == (2, 5, 1)
    assert found.means == pytest.approx([0.2, 0.4, 0.6])
    assert found.deviations == pytest.approx([math.sqrt(0.02), 0, math.sqrt(0.02)])


def test_each_training_is_a_dot_and_each_genotype_a_bar():
    shown = axes()
    spread.draw(spread.compute(SCORES), shown)
    dots = [line.get_ydata() for line in shown.lines if line.get_marker() == "o"]
    assert np.array_equal(np.transpose(dots), [[0.1, 0.3], [0.4, 0.4], [0.5, 0.7]])
    (bars,) = shown.containers
    ends = [segment[:, 1] for segment in bars.lines[2][0].get_segments()]
    assert np.allclose(np.diff(ends)[:, 0], 2 * spread.compute(SCORES).deviations)
    assert [label.get_text() for label in shown.get_xticklabels()] == ["2", "5", "1"]


def test_many_genotypes_have_no_labels():
    shown = axes()
    spread.draw(spread.compute({number: (number, number + 1) for number in range(41)}), shown)
    assert {label.get_text() for label in shown.get_xticklabels()} == {""}


def test_correlations_stand_in_their_order_from_the_top_and_those_without_a_value_nowhere():
    found = spread.whiskers(
        [("macs", 0.5, 0.1, 0.8), ("none", math.nan, math.nan, math.nan), ("params", -0.2, -1, 0.3)]
    )
    shown = axes()
    spread.draw_whiskers(found, shown)
    ticks = dict(zip(shown.get_yticks(), (label.get_text() for label in shown.get_yticklabels()), strict=True))
    assert ticks == {2: "macs", 1: "params"}
    dots = {line.get_ydata()[0]: line.get_xdata()[0] for line in shown.lines if line.get_marker() == "o"}
    assert dots == {2: 0.5, 1: -0.2}
    bars = [tuple(line.get_xdata()) for line in shown.lines[1:] if len(line.get_xdata()) == 2]
    assert bars == [(0.1, 0.8), (-1, 0.3)]

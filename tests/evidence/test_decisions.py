"""What the answers to decisions explain of the scores, and what of that is chance."""

import numpy as np
import pytest
from scipy import stats

from nasframe.evidence.decisions import explain
from nasframe.evidence.statistics import explained, holm, rank_chance


def test_shares_and_their_chance_are_those_of_an_analysis_of_variance():
    rng = np.random.default_rng(1)
    groups = ["a", "b", "c", "a", "b", "c", "a", "b", "d", "a"]
    values = rng.normal(size=10) + 0.8 * np.array([group == "b" for group in groups])
    omega, eta, p = explained(groups, values)
    f = stats.f_oneway(*([values[i] for i in range(10) if groups[i] == name] for name in "abcd"))
    assert omega == pytest.approx(3 * (f.statistic - 1) / (3 * (f.statistic - 1) + 10))
    assert eta == pytest.approx(3 * f.statistic / (3 * f.statistic + 6))
    assert p == pytest.approx(f.pvalue, abs=0.05), "normal values: permutations come near to F"


def test_all_permutations_of_few_values_give_the_chance():
    values = np.array([1.0, 2.0, 3.0, 14.0, 15.0, 16.0])
    _, _, p = explained("aaabbb", values)
    assert p == pytest.approx(2 / 20, abs=0.01), "2 of the 20 ways to divide them are as extreme"
    assert rank_chance(np.arange(5.0), np.array([1.0, 4, 9, 16, 25])) == pytest.approx(2 / 120, abs=0.005)


def test_where_answers_do_not_matter_a_share_is_small_and_its_chance_even():
    rng = np.random.default_rng(2)
    found = [explained("aaaabbbbcccc", rng.normal(size=12)) for _ in range(200)]
    assert np.mean([eta for _, eta, _ in found]) == pytest.approx(2 / 11, abs=0.03)
    assert np.mean([omega for omega, *_ in found]) < 0.1
    assert np.mean([p < 0.05 for *_, p in found]) == pytest.approx(0.05, abs=0.035)


def test_holm_corrects_the_smallest_for_all_and_keeps_the_order():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0] and holm([]) == []


def test_decisions_and_groups_of_them_are_sorted_by_what_they_explain():
    rng = np.random.default_rng(3)
    answers = [(op, other, level) for op in ("skip", "conv") for other in ("skip", "conv", "pool") for level in (1, 2)]
    genotypes = [{"cell/a": op, "cell/b": other, "path/l0": level} for op, other, level in 2 * answers]
    means = np.array([float(one["cell/a"] == "skip") for one in genotypes]) + rng.normal(0, 0.05, len(genotypes))
    decisions, counts = explain(genotypes, means)
    assert [one.name for one in decisions[:2]] == ["cell/a", "cell/"], "path/ has one decision and is no group"
    assert {one.name for one in decisions} == {"cell/a", "cell/", "cell/b", "path/l0"}
    assert decisions[0].share > 0.95 and decisions[0].corrected < 0.01 and decisions[0].answers == 2
    assert all(one.corrected > 0.05 for one in decisions[2:])
    skips = next(one for one in counts if one.name == "skip")
    assert skips.among == "cell/" and skips.title == "number of skip in cell/"
    rank = stats.spearmanr([[*one.values()].count("skip") for one in genotypes], means)
    assert skips.spearman.value == pytest.approx(rank.statistic) and skips.p == pytest.approx(rank.pvalue, abs=0.003)
    assert skips.p < skips.corrected < 0.05
    assert counts[-1].name == "pool", "the strongest first"
    assert {one.name for one in counts} == {"skip", "conv", "pool"}, "answers that are numbers are no operations"


def test_nothing_is_tested_that_has_not_two_answers_which_occur_twice():
    genotypes = [{"same": "a", "all": str(i), "one": "b" if i else "c", "two": [i % 2, 0]} for i in range(6)]
    decisions, _ = explain(genotypes, np.arange(6.0))
    assert [one.name for one in decisions] == ["two"]


def test_a_decision_that_is_not_always_asked_has_one_answer_more():
    genotypes = [{"deep": i % 2, **({"inner": i % 4} if i % 2 else {})} for i in range(8)]
    decisions, _ = explain(genotypes, np.arange(8.0))
    assert {one.name: one.answers for one in decisions} == {"deep": 2, "inner": 3}


def test_equal_scores_have_nothing_to_explain():
    assert explain([{"a": 1}, {"a": 1}, {"a": 2}, {"a": 2}], np.ones(4)) == ((), ())

"""Ranking by several objectives, against its definitions."""

import numpy as np

from nasframe.pareto import Point, crowding, fronts, pareto_front, values


def dominates(a, b):
    return all(x >= y for x, y in zip(a, b, strict=True)) and any(x > y for x, y in zip(a, b, strict=True))


def test_fronts_are_those_of_the_definition():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        points = rng.integers(0, 5, size=(rng.integers(1, 25), rng.integers(1, 4))).astype(float)
        left, found = list(range(len(points))), fronts(points)
        for front in found:
            expected = [i for i in left if not any(dominates(points[j], points[i]) for j in left)]
            assert front == expected
            left = [i for i in left if i not in front]
        assert left == []


def test_crowding_is_the_distance_of_the_neighbours():
    points = np.array([[0.0, 10.0], [1.0, 8.0], [4.0, 2.0], [5.0, 0.0]])
    distance = crowding(points)
    assert np.isinf(distance[[0, 3]]).all()
    assert distance[1:3].tolist() == [4 / 5 + 8 / 10, 4 / 5 + 8 / 10]


def test_equal_points_have_no_distance_but_at_the_ends():
    assert crowding(np.ones((4, 2))).tolist() == [np.inf, 0.0, 0.0, np.inf]


def test_all_but_the_score_are_better_when_lower():
    assert values(("score", "macs"), 0.5, {"macs": 7.0, "params": 1.0}) == (0.5, -7.0)


def test_a_front_compares_only_full_evaluations_and_names_equals_once():
    def point(candidate, score, macs, budget=1.0):
        return Point(candidate, {}, budget, {"score": score, "macs": macs})

    points = [point(1, 9, 0, 0.5), point(2, 1, 3), point(3, 2, 3), point(4, 2, 3), point(5, 1, 1), point(6, 0, 2)]
    assert [one.candidate for one in pareto_front(points)] == [3, 5]
    assert pareto_front([]) == []

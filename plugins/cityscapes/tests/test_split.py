"""The halves of ``train``, and what of ``val`` is set aside."""

from pathlib import Path

import pytest

from nasframe import DataError
from nasframe_cityscapes.dataset import Frame
from nasframe_cityscapes.split import halve, set_aside


def frames(**cities):
    return [
        Frame(city, f"{city}_000000_{number:06}", Path(city), Path(city))
        for city, count in sorted(cities.items())
        for number in range(count)
    ]


@pytest.mark.parametrize("how", ["frame", "block", "city"])
@pytest.mark.parametrize("seed", range(5))
def test_halves_are_disjoint_and_make_up_the_whole(how, seed):
    whole = frames(a=13, b=7, c=22, d=9)
    weights, arch = halve(whole, how, 4, seed)
    assert not set(weights) & set(arch)
    assert sorted([*weights, *arch]) == whole
    assert list(weights) == sorted(weights) and list(arch) == sorted(arch)


def test_frames_are_halved_evenly_as_in_the_paper():
    weights, arch = halve(frames(a=2975), "frame", 1, 0)
    assert (len(weights), len(arch)) == (1488, 1487)


def test_the_halves_depend_on_the_seed_and_on_nothing_else():
    whole = frames(a=40)
    assert halve(whole, "frame", 1, 3) == halve(whole, "frame", 1, 3)
    assert halve(whole, "frame", 1, 3) != halve(whole, "frame", 1, 4)


def test_the_halves_of_a_seed_are_the_same_for_ever():
    weights, _ = halve(frames(a=10), "frame", 1, 0)
    assert [int(frame.stem[-6:]) for frame in weights] == [3, 5, 7, 8, 9]


def test_cities_stay_whole_and_the_halves_are_as_equal_as_they_can_be():
    weights, arch = halve(frames(dusk=62, noon=101, eve=204), "city", 1, 0)
    assert {frame.city for frame in weights} == {"eve"}
    assert {frame.city for frame in arch} == {"dusk", "noon"}


def test_blocks_of_neighbours_stay_whole():
    weights, arch = halve(frames(a=40, b=17), "block", 10, 1)
    for number in range(4):
        block = {f"a_000000_{frame:06}" for frame in range(10 * number, 10 * number + 10)}
        in_weights = block & {frame.stem for frame in weights}
        assert in_weights in (set(), block)
    assert abs(len(weights) - len(arch)) <= 3


def test_a_single_city_is_refused_with_the_way_out():
    with pytest.raises(DataError, match=r"only 'a'.*halves: block"):
        halve(frames(a=9), "city", 1, 0)


def test_a_single_block_is_refused_with_the_way_out():
    with pytest.raises(DataError, match="smaller than 20"):
        halve(frames(a=9), "block", 20, 0)


def test_a_single_frame_is_refused():
    with pytest.raises(DataError, match="two halves need two"):
        halve(frames(a=1), "frame", 1, 0)


@pytest.mark.parametrize(("how", "held"), [("frame", 15), ("block", 14), ("city", 13)])
def test_about_a_share_is_set_aside_in_whole_groups(how, held):
    whole = frames(a=13, b=7, c=22, d=9)  # in blocks of 4: 3 of each city's and a rest of 1, 3, 2, 1
    watched, holdout = set_aside(whole, "holdout", how, 4, 0.3)
    assert len(holdout) <= round(0.3 * 51) == 15 and not set(watched) & set(holdout)
    assert sorted([*watched, *holdout]) == whole and list(holdout) == sorted(holdout)
    if how == "city":
        assert not {frame.city for frame in watched} & {frame.city for frame in holdout}
    if how == "block":
        blocks = {(frame.city, int(frame.stem[-6:]) // 4) for frame in holdout}
        assert not blocks & {(frame.city, int(frame.stem[-6:]) // 4) for frame in watched}
    assert set_aside(whole, "holdout", how, 4, 0.3) == (watched, holdout)


def test_neither_side_is_without_a_group():
    whole = frames(a=30, b=30)
    for share in (0.01, 0.99):
        assert list(map(len, set_aside(whole, "holdout", "city", 1, share))) == [30, 30]


def test_a_single_group_cannot_be_set_aside():
    with pytest.raises(DataError, match=r"holdout: 0.5 needs two groups of halves: block in val.*9 frames"):
        set_aside(frames(a=9), "holdout", "block", 20, 0.5)

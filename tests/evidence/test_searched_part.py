"""The share of the multiply-adds that differs between genotypes."""

from dataclasses import replace

from nasframe.cost.layers import LayerCost
from nasframe.evidence.searched_part import searched_macs


def layer(name, macs, kind="Conv2d", params=9):
    return LayerCost(name, kind, params, macs, macs + 5, 64)


STEM, HEAD = layer("stem", 100), layer("head", 50)


def test_what_is_the_same_by_name_and_cost_in_all_networks_is_not_searched():
    networks = [
        [STEM, layer("cell.op", 10), HEAD],
        [STEM, layer("cell.op", 30), HEAD],
        [STEM, layer("cell.op", 30), layer("cell.more", 7), HEAD],
    ]
    assert searched_macs(networks) == [10, 30, 37]


def test_another_kind_or_number_of_parameters_is_another_layer():
    assert searched_macs([[STEM, HEAD], [STEM, replace(HEAD, kind="Linear")]]) == [50, 50]
    assert searched_macs([[STEM, HEAD], [STEM, replace(HEAD, params=1)]]) == [50, 50]


def test_an_equal_operation_at_another_place_is_searched():
    assert searched_macs([[STEM, layer("a", 10)], [STEM, layer("b", 10)]]) == [10, 10]


def test_where_no_name_is_shared_layers_are_matched_by_what_they_are():
    networks = [
        [layer("0", 100), layer("1", 10), layer("2", 10), layer("3", 50)],
        [layer("a", 100), layer("b", 10), layer("c", 50)],
    ]
    assert searched_macs(networks) == [10, 0]


def test_networks_that_share_nothing_are_searched_wholly():
    assert searched_macs([[layer("a", 3)], [layer("b", 4)]]) == [3, 4]


def test_a_fixed_layer_may_see_images_of_another_size():
    def sized(name, params, macs):
        return LayerCost(name, "Conv2d", params, macs, macs, macs)

    small = [sized("stem", 9, 100), sized("cell", 5, 30), sized("head", 2, 10)]
    padded = [sized("stem", 9, 121), sized("cell", 7, 40), sized("head", 2, 12)]
    assert searched_macs([small, padded]) == [30, 40]
    unnamed = [replace(one, name=str(number)) for number, one in enumerate(padded)]
    assert searched_macs([small, unnamed]) == [140, 173], "no name in common, and no layer of equal multiply-adds"

"""Spaces with an auxiliary head, with stacked outputs and with image sizes of their own keep the law."""

import pytest
from supervised_spaces import Headed, Listing, Stacked

from nasframe import Task
from nasframe.testing.spaces import SpaceContract


class TestHeaded(SpaceContract):
    space = Headed()


class TestStacked(SpaceContract):
    space = Stacked()


class TestHeatMaps(SpaceContract):
    """16 maps at a quarter of the image's size, as a stacked hourglass returns them."""

    space = Stacked()
    task = Task(in_channels=3, num_classes=16, size=(64, 48), stride=4)


def contract(space, task=SpaceContract.task):
    found = SpaceContract()
    found.space, found.task = space, task
    return found


def test_a_network_that_returns_a_list_in_training_breaks_the_law():
    with pytest.raises(AssertionError, match="a network in training mode returned a list of 2: a tensor of"):
        contract(Listing()).test_in_training_a_network_returns_outputs_that_each_fit_the_task()


def test_a_size_that_the_space_does_not_take_breaks_the_law():
    with pytest.raises(AssertionError, match=r"set a task whose size fits: sides of 4·n pixels"):
        contract(Stacked(), Task(3, 5, (30, 32))).test_its_image_sizes_fit_the_contracts_task()

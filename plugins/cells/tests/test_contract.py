from nasframe import Task
from nasframe.testing.spaces import SpaceContract
from nasframe_cells.amoebanet import AmoebaNet
from nasframe_cells.nasnet import NasNet
from nasframe_cells.options import AMOEBANET
from nasframe_cells.pnas import Pnas

SMALL = {"cells": 1, "filters": 4}


class TestNasNet(SpaceContract):
    space = NasNet(NasNet.Options(**SMALL, blocks=2))
    task = Task(3, 5, (16, 16), dense=False)


class TestNasNetForImageNet(SpaceContract):
    space = NasNet(NasNet.Options(**SMALL, blocks=2, skeleton="imagenet", skip_reduction_input=True, auxiliary=True))
    task = Task(3, 5, (67, 71), dense=False)


class TestPnas(SpaceContract):
    space = Pnas(Pnas.Options(**SMALL, blocks=3))
    task = Task(1, 5, (9, 12), dense=False)


class TestAmoebaNet(SpaceContract):
    space = AmoebaNet(
        AmoebaNet.Options(
            **SMALL,
            blocks=2,
            operations=(*AMOEBANET, "max_pool_2x2", "conv_3x3", "dil_sep_5x5"),
            reduction_output=("h-2", "h-1", "b2"),
            auxiliary=True,
        )
    )
    task = Task(3, 5, (16, 16), dense=False)

from nasframe import Task
from nasframe.testing.spaces import SpaceContract
from nasframe_cells.darts.space import Darts
from nasframe_cells.darts.wide import DartsWide

SMALL = {"cells": 3, "filters": 2}


class TestDarts(SpaceContract):
    space = Darts(Darts.Options(**SMALL))
    task = Task(1, 5, (8, 8), dense=False)


class TestDartsForImageNet(SpaceContract):
    space = Darts(
        Darts.Options(
            cells=4,
            filters=3,
            blocks=2,
            skeleton="imagenet",
            auxiliary=True,
            bn_affine=True,
            operations=("skip", "sep_3x3", "max_pool_3x3", "none"),
        )
    )
    task = Task(3, 5, (129, 131), dense=False)


class TestDartsWide(SpaceContract):
    space = DartsWide(DartsWide.Options(**SMALL, blocks=3, auxiliary=True, reduction_output=("b3", "b2")))
    task = Task(3, 5, (17, 20), dense=False)

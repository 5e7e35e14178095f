from nasframe import Task
from nasframe.testing.spaces import SpaceContract
from nasframe_macro.space import Macro


class TestMacro(SpaceContract):
    space = Macro(Macro.Options(filters=4, head=8))
    task = Task(in_channels=3, num_classes=5, size=(32, 32), dense=False)


class TestMacroOfOtherStages(SpaceContract):
    space = Macro(Macro.Options(stages=(1, 4), filters=3, head=5))
    task = Task(in_channels=1, num_classes=2, size=(9, 9), dense=False)

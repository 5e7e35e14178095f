from nasframe import Task
from nasframe.testing.spaces import SpaceContract
from nasframe_landmarks.deconvnet import DeconvNet
from nasframe_landmarks.frrn import Frrn
from nasframe_landmarks.gridnet import GridNet
from nasframe_landmarks.hourglass import Hourglass

SLIM = 0.03


class TestFrrn(SpaceContract):
    space = Frrn(Frrn.Options(width=SLIM))
    task = Task(3, 5, (32, 64))


class TestGridNet(SpaceContract):
    space = GridNet(GridNet.Options(width=SLIM, streams=(2, 3), columns=(1, 3)))
    task = Task(1, 5, (16, 28))


class TestDeconvNet(SpaceContract):
    space = DeconvNet(DeconvNet.Options(width=0.004, kernels=(1, 2)))
    task = Task(3, 5, (64, 96))


class TestHourglass(SpaceContract):
    space = Hourglass(Hourglass.Options(width=SLIM, stacks=(1, 3), depth=2))
    task = Task(3, 5, (32, 48))


class TestHourglassForHeatMaps(SpaceContract):
    space = Hourglass(Hourglass.Options(width=SLIM, stacks=(2,), depth=1))
    task = Task(3, 7, (16, 24), stride=4)

from nasframe import Task
from nasframe.testing.spaces import SpaceContract
from nasframe_deeplab.deeplabv3 import DeepLabV3
from nasframe_deeplab.deeplabv3plus import DeepLabV3Plus
from nasframe_deeplab.dpc import Dpc

NARROW = {"width": 1 / 32}


class TestDeepLabV3(SpaceContract):
    space = DeepLabV3(DeepLabV3.Options(**NARROW))
    task = Task(3, 5, (33, 33))


class TestDeepLabV3OfTorchvision(SpaceContract):
    space = DeepLabV3(
        DeepLabV3.Options(
            **NARROW, backbones=["resnet50"], output_stride=8, extra_conv=True, align_corners=False, auxiliary=True
        )
    )
    task = Task(3, 5, (24, 40))


class TestDeepLabV3Plus(SpaceContract):
    space = DeepLabV3Plus(DeepLabV3Plus.Options(**NARROW, backbones=["resnet50", "xception41"]))
    task = Task(1, 5, (33, 47))


class TestDpc(SpaceContract):
    space = Dpc(Dpc.Options(**NARROW, backbone="resnet50", rates=[1, 3], grids=[1, 2]))
    task = Task(3, 5, (33, 33))


class TestDpcAsReleasedWithoutDecoder(SpaceContract):
    space = Dpc(
        Dpc.Options(**NARROW, backbone="resnet50", branches=2, rates=[], grids=[2], pooling="released", decoder=False)
    )
    task = Task(3, 5, (33, 65))

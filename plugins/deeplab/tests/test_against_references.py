"""The networks against torchvision, timm and segmentation-models-pytorch; skipped where these are not installed.

They are no dependencies, not even of development: `pip install huggingface_hub safetensors` and `pip install --no-deps
torchvision timm segmentation-models-pytorch` in an environment to throw away. Batch norms work on the batch: in
evaluation the logits of random weights hardly depend on the image.
"""

from importlib.util import find_spec

import pytest
import torch
from torch import nn

from nasframe import Task
from nasframe_deeplab import published
from nasframe_deeplab.backbones import backbone
from nasframe_deeplab.deeplabv3 import DeepLabV3
from nasframe_deeplab.head import Aspp, Decoder
from nasframe_deeplab.layers import norm_of
from nasframe_deeplab.options import DeepLabV3PlusOptions, NetworkOptions

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module", autouse=True)
def operators():
    """A torchvision without its compiled operators wants the schemas of two, and never calls them."""
    if find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed")
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    yield
    del library


@pytest.fixture
def segmentation_models():
    if not all(map(find_spec, ("segmentation_models_pytorch", "timm", "safetensors", "huggingface_hub"))):
        pytest.skip("segmentation-models-pytorch or what it needs is not installed")
    from segmentation_models_pytorch.decoders.deeplabv3 import decoder

    return decoder


def copy(source, target):
    """The tensors of one module into another with the same tensors in the same order."""
    tensors, places = source.state_dict().values(), target.state_dict()
    assert [tensor.shape for tensor in tensors] == [tensor.shape for tensor in places.values()]
    target.load_state_dict(dict(zip(places, tensors, strict=True)))


def undropped(network):
    for part in network.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
    return network.double().train()


def pictures(*size):
    return torch.randn(2, *size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("stride", [8, 16])
def test_deeplabv3_computes_what_torchvisions_does(stride):
    from torchvision.models import resnet50
    from torchvision.models.segmentation import deeplabv3

    torch.manual_seed(0)
    base = resnet50(weights=None, replace_stride_with_dilation=[False, stride == 8, True])
    reference = deeplabv3._deeplabv3_resnet(base, 21, True)
    if stride == 16:
        for convolutions, rate in zip(reference.classifier[0].convs[1:4], (6, 12, 18), strict=True):
            convolutions[0].dilation = convolutions[0].padding = (rate, rate)
    record = published.deeplabv3_r50
    space = DeepLabV3(DeepLabV3.Options(**{**record.options, "output_stride": stride}))
    network = space.build(record.genotype, Task(3, 21, (64, 80)))
    network.backbone.load_state_dict(reference.backbone.state_dict())
    copy(nn.Sequential(*list(reference.classifier)[:-1]), network.head)
    copy(reference.classifier[-1], network.classify)
    copy(reference.aux_classifier, network.auxiliary)
    images = pictures(3, 64, 80)
    with torch.no_grad():
        expected, found = undropped(reference)(images), undropped(network)(images)
    assert expected["out"].std(dim=0).min() > 0, "the images must matter"
    assert float((expected["out"] - found.main).abs().max()) < 1e-12
    assert float((expected["aux"] - found.extra[0][0]).abs().max()) < 1e-12


@pytest.mark.parametrize(("name", "stride"), [("xception41", 16), ("xception41", 8), ("xception71", 16)])
def test_an_aligned_xception_computes_what_timms_does(name, stride):
    """At stride 8 timm's xception71 lacks a shortcut's convolution, which DeepLab's code has there too."""
    if find_spec("timm") is None:
        pytest.skip("timm is not installed")
    import timm

    torch.manual_seed(0)
    reference = timm.create_model(name, pretrained=False, output_stride=stride)
    options = NetworkOptions(output_stride=stride, bn_eps=1e-3)
    network = backbone(name, 3, options, norm_of(options))
    network.load_state_dict(
        {key: value for key, value in reference.state_dict().items() if not key.startswith("head.")}
    )
    images = pictures(3, 65, 49)
    with torch.no_grad():
        expected = reference.double().train().forward_features(images)
        found = network.double().train()(images)[-1]
    assert float((expected - found).abs().max()) == 0.0


def test_the_head_of_deeplabv3plus_computes_what_segmentation_models_does(segmentation_models):
    """Theirs has no batch norm and ReLU between depthwise and pointwise, a 3x3 after ASPP, one 3x3 in the decoder."""
    torch.manual_seed(0)
    channels = (3, 8, 16, 24, 32, 40)
    reference = segmentation_models.DeepLabV3PlusDecoder(channels, 5, 32, (6, 12, 18), 16, True, 0.0)
    reference.aspp = reference.aspp[0]
    options = DeepLabV3PlusOptions(head_filters=32, decoder_filters=32)
    aspp = Aspp(40, options, norm_of(options), "separable")
    decoder = Decoder(16, 32, options, norm_of(options))
    decoder.refine = decoder.refine[:1]
    for part in [*aspp.modules(), *decoder.modules()]:
        if hasattr(part, "bn_dw"):
            del part.bn_dw, part.relu_dw
    copy(reference.aspp, aspp)
    copy(reference.block1, decoder.reduce)
    copy(reference.block2, decoder.refine)
    low, features = pictures(16, 24, 20), pictures(40, 6, 5)
    with torch.no_grad():
        expected = undropped(reference)([None, None, low, None, None, features])
        found = undropped(decoder)(undropped(aspp)(features), low)
    assert expected.std(dim=0).mean() > 0.1, "the features must matter"
    assert float((expected - found).abs().max()) < 1e-12

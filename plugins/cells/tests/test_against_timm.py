"""The networks against those of timm, tensor by tensor; skipped where timm is not installed.

It is no dependency, not even of development: `pip install --no-deps timm torchvision safetensors huggingface_hub` in an
environment to throw away. Images have sides that stay odd where cells halve them: there the symmetric padding that timm
is told to use is TensorFlow's. (With its own imitation of that, "same", timm averages padded zeros too.) Batch norms
work on the batch: in evaluation the logits of random weights hardly depend on the image.
"""

from importlib.util import find_spec

import pytest
import torch

from nasframe import Task
from nasframe_cells import published
from nasframe_cells.nasnet import NasNet
from nasframe_cells.pnas import Pnas

pytestmark = pytest.mark.filterwarnings("ignore")
TASK = Task(3, 10, (163, 163), dense=False)


@pytest.fixture(scope="module")
def timm():
    """timm, on a torchvision without its compiled operators: it wants the schemas of two, and never calls them."""
    if not all(map(find_spec, ("timm", "torchvision"))):
        pytest.skip("timm and torchvision are not installed")
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import timm

    yield timm
    del library


def ours(record, space_class, **options):
    changes = {"dropout": 0.0, "auxiliary": False, "drop_path_keep": 1.0, "stem_multiplier": 3, **options}
    return space_class(space_class.Options(**{**record.options, **changes})).build(record.genotype, TASK)


def copy(source, target):
    """The tensors of one module into another with the same tensors in the same order."""
    tensors, places = source.state_dict().values(), target.state_dict()
    assert [tensor.shape for tensor in tensors] == [tensor.shape for tensor in places.values()]
    target.load_state_dict(dict(zip(places, tensors, strict=True)))


def copy_cell(source, target):
    copy(source.conv_1x1, target.inputs["h-1"])
    if hasattr(source, "conv_prev_1x1"):
        copy(source.conv_prev_1x1, target.inputs["h-2"])
    elif hasattr(source, "path_1"):
        parts = torch.nn.ModuleList([source.path_1, source.path_2, source.final_path_bn])
        copy(parts, target.inputs["h-2"])
    for name, operation in target.operations.items():
        block, side = name.split("/")
        found = getattr(source, f"comb_iter_{int(block[1:]) - 1}_{side}", None)
        copy(found or torch.nn.Identity(), operation)


def difference(network, reference, stem, cells):
    copy(stem, network.stem)
    for source, target in zip(cells, network.cells, strict=True):
        copy_cell(source, target)
    copy(reference.last_linear, network.classify)
    images = torch.randn(2, 3, *TASK.size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    with torch.no_grad():
        expected, found = reference.double().train()(images), network.double().train()(images)
    assert expected.std(dim=0).min() > 0, "the images must matter"
    return float((expected - found).abs().max())


def test_nasnet_a_large_in_a_smaller_width_computes_what_timms_does(timm):
    torch.manual_seed(0)
    reference = timm.models.nasnet.NASNetALarge(num_classes=10, num_features=24 * 8, pad_type="")
    network = ours(published.nasnet_a, NasNet, cells=6, filters=8, skip_reduction_input=True)
    names = reference.layer_names[1:]
    assert difference(network, reference, reference.conv0, [getattr(reference, name) for name in names]) == 0.0


def test_nasnet_a_large_has_as_many_parameters_as_timms(timm):
    with torch.device("meta"):
        reference = timm.models.nasnet.NASNetALarge(num_classes=10)
        network = ours(published.nasnet_a, NasNet, cells=6, filters=168, skip_reduction_input=True)
    assert parameters(network) == parameters(reference)


def test_pnasnet_5_large_computes_what_timms_does(timm):
    torch.manual_seed(0)
    reference = timm.models.pnasnet.PNASNet5Large(num_classes=10)
    network = ours(published.pnasnet_5, Pnas, cells=4, filters=216)
    assert parameters(network) == parameters(reference)
    names = reference.layer_names[1:]
    assert difference(network, reference, reference.conv_0, [getattr(reference, name) for name in names]) == 0.0


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())

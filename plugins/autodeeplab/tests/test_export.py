"""Networks are traced for every size, and compute the same as before."""

import pytest
import torch
from torch import nn

from nasframe import Genotype, Task
from nasframe.trained.export import TOLERANCE, difference, relative_difference, traced, write_onnx
from nasframe.trained.folding import fold_batch_norm
from nasframe_autodeeplab import golden, traceable
from nasframe_autodeeplab.head import ImagePooling
from nasframe_autodeeplab.normalisation import BatchNorm
from nasframe_autodeeplab.resolution import pad
from nasframe_autodeeplab.space import AutoDeepLab

SHAPES = [(1, 3, 33, 20), (2, 3, 17, 50)]


def network(path, operations=("sep_3x3", "atrous_3x3"), **settings):
    """A network of one block with settled batch norms."""
    torch.manual_seed(0)
    options = {"stem_filters": (4, 4, 8), "aspp_filters": 4, "decoder_filters": 4, "low_level_filters": 2, **settings}
    space = AutoDeepLab(
        AutoDeepLab.Options(layers=len(path), levels=2, blocks=1, filters=2, sep_repeats=1, network=options)
    )
    answers = {
        "cell/b1/inputs": ("h-2", "h-1"),
        "cell/b1/h-2": operations[0],
        "cell/b1/h-1": operations[1],
        **{f"path/l{layer}": stride for layer, stride in enumerate(path, start=1)},
    }
    made = space.build(Genotype("autodeeplab", tuple(answers.items())), Task(3, 5, (33, 33))).eval()
    for module in made.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    return made


def compare(program, made, shapes=SHAPES):
    for shape in shapes:
        images = torch.randn(shape)
        with torch.no_grad():
            yield relative_difference(program.module()(images), made(images))


@pytest.mark.parametrize(
    ("window", "operations"),
    [(None, ("max_pool_3x3", "avg_pool_3x3")), (25, ("sep_3x3", "atrous_3x3"))],
    ids=["pooling", "convolutions"],
)
def test_a_path_that_goes_down_and_up_is_traced_for_every_size(window, operations):
    made = network((8, 4), operations, pooling_window=window)
    assert max(compare(traced(made, 3), made)) < 1e-6


@pytest.mark.slow
def test_a_folded_network_in_onnxruntime_computes_the_same_at_odd_sizes(tmp_path):
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package, reason=f"{package} comes with the extra 'onnx'")
    made = network((8,))
    folded = fold_batch_norm(made)
    assert folded.left == ()
    write_onnx(traced(folded.network, 3), tmp_path / "net.onnx")
    assert difference(tmp_path / "net.onnx", made, SHAPES) < TOLERANCE


@pytest.mark.parametrize("size", [(5, 9), (8, 6), (2, 33), (34, 17)])
@pytest.mark.parametrize("stride", [4, 32])
def test_the_traceable_padding_and_cutting_are_the_usual_ones(size, stride):
    images = torch.randn(2, 3, *size)
    padded = traceable.pad(images, stride)
    assert torch.equal(padded, pad(images, stride))
    assert torch.equal(traceable.crop(padded, like=images), images)


@pytest.mark.parametrize("size", [(5, 5), (13, 13), (14, 9), (30, 41)])
def test_the_traceable_windows_are_those_of_average_pooling(size):
    pooling = ImagePooling(3, 4, BatchNorm, window=13).eval()
    features = torch.rand(2, 3, *size)
    with torch.no_grad():
        means = pooling.project(traceable.window_means(features, 13))
        torch.testing.assert_close(traceable.enlarge_means(means, 13), pooling(features), atol=1e-6, rtol=1e-5)


def test_the_golden_numbers_of_the_trellis_hold():
    quick = [known for known in golden.GOLDEN if "trellis" in known.what]
    assert [known.measure() for known in quick] == [45, 105, 75_025] == [known.expected for known in quick]


def test_the_golden_number_of_parameters_holds():
    assert golden.parameters("s") == 10_147_427

"""Each network, slim, learns two drawn street scenes by heart."""

import pytest
import torch

from nasframe import Outputs, Runtime
from nasframe.genotype import Genotype
from nasframe.training.options import TrainingOptions
from nasframe.training.sgd import Training, fit
from nasframe_cityscapes.evaluator import Streets
from nasframe_landmarks.deconvnet import DeconvNet
from nasframe_landmarks.frrn import Frrn
from nasframe_landmarks.gridnet import GridNet
from nasframe_landmarks.hourglass import Hourglass

SPACES = {
    "frrn": (Frrn(Frrn.Options(width=0.1)), {"variant": "a"}),
    "gridnet": (GridNet(GridNet.Options(width=0.25, streams=(3,), columns=(2,))), {"streams": 3, "columns": 2}),
    "deconvnet": (DeconvNet(DeconvNet.Options(width=0.06, kernels=(1,), bottleneck=1024)), {"kernel": 1}),
    "hourglass": (Hourglass(Hourglass.Options(width=0.1, stacks=(3,), depth=2)), {"stacks": 3}),
}


@pytest.fixture(scope="module")
def evaluator(tmp_path_factory):
    scenes = {"train": 2, "val": 1, "cities": 2, "height": 32, "width": 32}
    options = Streets.Options(scenes=scenes, reduce=1, crop=32, batch=2, workers=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NASFRAME_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield Streets(options, Runtime())


def losses(evaluator, network):
    """Of each output in training mode, the last hourglass's first."""
    batch = next(evaluator.batches("train", 0))
    with torch.no_grad():
        found = network.train()(batch.inputs)
        outputs = [found.main, *(output for output, _ in found.extra)] if isinstance(found, Outputs) else [found]
        return [float(evaluator.loss(lambda images, output=output: output, batch)) for output in outputs]


@pytest.mark.parametrize("name", SPACES)
def test_a_slim_network_learns_two_scenes_at_each_of_its_outputs(evaluator, name):
    space, answers = SPACES[name]
    torch.manual_seed(0)
    network = space.build(Genotype(space.name, tuple(answers.items())), evaluator.task)
    before = losses(evaluator, network)
    options = TrainingOptions(steps=20, lr=0.1, clip=5.0)
    fit(Training(network, evaluator, options, Runtime()), seed=0)
    after = losses(evaluator, network)
    assert len(after) == answers.get("stacks", 1)
    assert all(late < 0.8 * early for early, late in zip(before, after, strict=True)), (before, after)

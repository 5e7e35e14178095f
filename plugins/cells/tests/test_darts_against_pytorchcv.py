"""DARTS's network for ImageNet against pytorchcv's, tensor by tensor; skipped where that is not installed.

It is no dependency, not even of development: `pip install --no-deps pytorchcv requests` in an environment to throw
away. Batch norms work on the batch: in evaluation the logits of random weights hardly depend on the image.
"""

import pytest
import torch

from nasframe import Task
from nasframe_cells.darts import published
from nasframe_cells.darts.space import Darts


def copy(source, target):
    """The tensors of one module into another with the same tensors in the same order."""
    tensors, places = list(source.state_dict().values()), target.state_dict()
    assert [tensor.shape for tensor in tensors] == [tensor.shape for tensor in places.values()]
    target.load_state_dict(dict(zip(places, tensors, strict=True)))


def copy_cell(source, target):
    """Node by node; of a node's two operands each goes where the same state is read."""
    copy(source.preprocess_prev, target.inputs["0"])
    copy(source.preprocess, target.inputs["1"])
    read = zip(source.body.indices, source.body.ops, strict=True)
    for block, operations in zip(target.cell.blocks, target.blocks.values(), strict=True):
        theirs = dict([next(read), next(read)])
        for edge, operation in zip(block.edges, operations, strict=True):
            copy(theirs[edge.input], operation)


def test_darts_v2_for_imagenet_computes_what_pytorchcvs_does():
    reference = pytest.importorskip("pytorchcv.models.darts").darts()
    torch.manual_seed(0)
    options = {**published.IMAGENET, "auxiliary": False}
    network = Darts(Darts.Options(**options)).build(published.darts_v2.genotype, Task(3, 1000, (224, 224), dense=False))
    units = [
        unit for name, stage in reference.features.named_children() if "stage" in name for unit in stage.children()
    ]
    copy(reference.features.stem1_unit, network.stem.first)
    copy(reference.features.stem2_unit, network.stem.second)
    copy(reference.output, network.classify)
    for source, target in zip(units, network.cells, strict=True):
        copy_cell(source, target)
    features = []
    for cell in (units[-1], network.cells[-1]):
        cell.register_forward_hook(lambda module, inputs, output: features.append(output))
    images = torch.randn(2, 3, 224, 224, dtype=torch.float64)
    with torch.no_grad():
        logits = [one.double().train()(images) for one in (reference, network)]
    assert logits[0].std(dim=0).min() > 0, "the images must matter"
    assert torch.equal(*features)
    torch.testing.assert_close(*logits, rtol=0, atol=1e-14)  # means of 7x7 pixels, added in another order

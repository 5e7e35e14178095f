"""Costs by layer, by two conventions, in memory and in time."""

import pytest
import torch
from torch import nn

from nasframe.cost.latency import latency
from nasframe.cost.layers import layer_costs
from nasframe.cost.memory import Live, memory


class Mixed(nn.Module):
    """Every kind of operation that the conventions name."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.pool = nn.AvgPool2d(2)
        self.head = nn.Sequential(nn.ReLU(), nn.Linear(4, 5))

    def forward(self, images):
        features = self.pool(self.norm(self.conv(images)))
        features = nn.functional.interpolate(features, scale_factor=2, mode="bilinear", align_corners=True)
        return self.head((features + features).mean(dim=(2, 3)))


def rows(depth=None):
    with torch.device("meta"):
        network = Mixed()
    return {row.name: row for row in layer_costs(network, (1, 3, 8, 8), depth=depth)}


def test_both_conventions_count_each_layer_as_by_hand():
    found, pixels = rows(), 64
    assert (found["conv"].params, found["conv"].conv_linear) == (27 * 4 + 4, pixels * 27 * 4)
    assert found["conv"].all_ops == pixels * 27 * 4 + pixels * 4
    assert (found["norm"].params, found["norm"].conv_linear, found["norm"].all_ops) == (8, 0, pixels * 4)
    assert (found["pool"].conv_linear, found["pool"].all_ops) == (0, pixels * 4)
    assert (found["head.1"].conv_linear, found["head.1"].all_ops) == (20, 25)
    assert found["head.0"].all_ops == 4
    resized_added_and_averaged = 4 * 4 * pixels + 4 * pixels + 4 * pixels
    assert (found[""].conv_linear, found[""].all_ops) == (0, resized_added_and_averaged)


def test_a_table_of_less_depth_has_the_same_sums():
    deep, flat = rows().values(), rows(depth=1).values()
    assert {row.name for row in flat} == {"", "conv", "norm", "pool", "head"}
    for amount in ("params", "conv_linear", "all_ops", "activations"):
        assert sum(getattr(row, amount) for row in deep) == sum(getattr(row, amount) for row in flat)


def test_activations_are_the_bytes_of_what_a_layer_makes():
    assert rows()["conv"].activations == 4 * 4 * 64


def test_live_memory_falls_when_tensors_go():
    with torch.device("meta"), Live() as live:
        first = torch.empty(100)
        second = first + 1
        assert (live.now, live.peak) == (800, 800)
        view = second[:50]
        del second
        assert live.now == 800
        del view
        assert (live.now, live.peak) == (400, 800)


def test_memory_of_a_chain_is_as_by_hand():
    def build():
        return nn.Sequential(nn.Conv2d(3, 8, 1, bias=False), nn.Tanh(), nn.Conv2d(8, 2, 1, bias=False))

    found = memory(build, (2, 3, 16, 16), loss=torch.Tensor.sum)
    pixel = 4 * 2 * 256
    weights = 4 * (24 + 16)
    assert found.weights == weights
    assert found.inference == weights + pixel * (8 + 8 + 3)
    assert found.activations == pixel * (3 + 8 + 2)  # a tanh needs its output alone
    assert found.training >= found.activations + 2 * weights


def test_a_network_without_weights_has_nothing_to_train():
    found = memory(nn.ReLU, (2, 3, 16, 16))
    image = 4 * 2 * 3 * 256
    assert (found.weights, found.inference) == (0, 2 * image)
    assert found.training >= found.activations > 0


def test_memory_grows_with_the_batch_and_draws_no_random_numbers():
    state = torch.get_rng_state()
    one, two = (memory(Convolution, (batch, 3, 16, 16)) for batch in (1, 2))
    assert two.activations == 2 * one.activations
    assert torch.equal(torch.get_rng_state(), state)


def Convolution():
    return nn.Conv2d(3, 2, 3)


def test_a_latency_says_its_spread_and_how_it_was_measured():
    before = torch.get_num_threads()
    found = latency(nn.Conv2d(3, 2, 1), (1, 3, 4, 4), threads=1, repeats=4)
    assert 0 < found.low <= found.median <= found.high
    assert (found.repeats, found.threads, found.device, found.shapes) == (4, 1, "cpu", ((1, 3, 4, 4),))
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("training", [True, False])
def test_a_latency_is_of_eval_mode_without_gradients(training):
    seen = []

    class Notes(nn.Module):
        def forward(self, images):
            seen.append((self.training, torch.is_grad_enabled()))
            return images

    latency(Notes().train(training), (1, 1, 1, 1), repeats=2)
    assert set(seen) == {(False, False)}

"""Learning from hard pixels alone."""

import math

import pytest
import torch
from torch import nn

from nasframe import Batch, Runtime
from nasframe_cityscapes.evaluator import Cityscapes
from nasframe_cityscapes.hard_pixels import hard_pixels


def losses(*chances):
    return -torch.tensor(chances).log()


def test_pixels_under_the_probability_are_taken():
    taken = hard_pixels(losses([0.9, 0.2, 0.69, 0.71]), torch.ones(1, 4, dtype=torch.bool), 0.7, 1)
    assert taken.tolist() == [[False, True, True, False]]


def test_an_image_with_too_few_gives_its_hardest_and_void_fills_nothing():
    chances = [[0.95, 0.9, 0.99, 0.1], [0.95, 0.9, 0.99, 0.8]]
    scored = torch.tensor([[True, True, True, False], [True] * 4])
    taken = hard_pixels(losses(*chances), scored, 0.7, 2)
    assert taken.tolist() == [[True, True, False, False], [False, True, False, True]]


def test_an_image_with_fewer_scored_pixels_than_wanted_gives_them_all():
    scored = torch.tensor([[True, False, False]])
    assert hard_pixels(losses([0.99, 0.5, 0.5]), scored, 0.7, 2).tolist() == [[True, False, False]]
    assert hard_pixels(losses([0.99, 0.5, 0.5]), scored, 0.7, 10**6).tolist() == [[True, False, False]]


def test_without_a_probability_an_image_gives_its_hardest_alone():
    chances = losses([0.1, 0.2, 0.3, 0.9], [0.5, 0.9, 0.6, 0.8])
    scored = torch.tensor([[True] * 4, [False, True, True, True]])
    taken = hard_pixels(chances, scored, None, 2)
    assert taken.tolist() == [[True, True, False, False], [False, False, True, True]]


@pytest.fixture
def evaluator(write_tree):
    def make(**changes):
        options = {"reduce": 1, "crop": 8, "ohem": {"threshold": 0.7, "fewest": 3}, **changes}
        return Cityscapes(Cityscapes.Options(root=str(write_tree()), **options), Runtime())

    return make


def chances_of_road(chances):
    """A model that gives these probabilities to class 0, whatever it sees, and the rest to class 1."""
    logits = torch.full((1, 19, *chances.shape), -1e9)
    logits[0, 0], logits[0, 1] = chances.log(), (1 - chances).log()
    return lambda inputs: logits


def test_the_loss_is_the_mean_over_the_hard_pixels(evaluator):
    chances = torch.full((2, 4), 0.99)
    chances[0] = torch.tensor([0.2, 0.4, 0.6, 0.8])
    targets = torch.zeros(1, 2, 4, dtype=torch.int64)
    targets[0, 1, 3] = 255
    before = targets.clone()
    loss = evaluator().loss(chances_of_road(chances), Batch(torch.zeros(1, 3, 2, 4), targets, ("a",)))
    assert loss.item() == pytest.approx(-sum(math.log(chance) for chance in (0.2, 0.4, 0.6)) / 3)
    assert torch.equal(targets, before)


def test_a_batch_without_a_scored_pixel_has_the_loss_zero(evaluator):
    network = nn.Conv2d(3, 19, 1)
    batch = Batch(torch.randn(2, 3, 4, 4), torch.full((2, 4, 4), 255), ("a", "b"))
    loss = evaluator(class_weights="inverse_log").loss(network, batch)
    loss.backward()
    assert loss.item() == 0
    assert network.weight.grad.abs().max() == 0


def test_a_gradient_reaches_hard_pixels_alone(evaluator):
    logits = torch.zeros(1, 19, 2, 2)
    logits[0, 0, 0] = 9.0
    logits.requires_grad_()
    targets = torch.zeros(1, 2, 2, dtype=torch.int64)
    made = evaluator(ohem={"threshold": 0.7, "fewest": 1})
    made.loss(lambda inputs: logits, Batch(torch.zeros(1, 3, 2, 2), targets, ("a",))).backward()
    assert logits.grad[0, :, 0].abs().max() == 0
    assert logits.grad[0, :, 1].abs().min() > 0


def test_the_bootstrapped_loss_is_the_mean_of_each_images_worst_pixels(evaluator):
    chances = torch.tensor([[0.2, 0.4], [0.6, 0.8]])
    targets = torch.zeros(1, 2, 2, dtype=torch.int64)
    made = evaluator(ohem={"threshold": None, "fewest": 2})
    loss = made.loss(chances_of_road(chances), Batch(torch.zeros(1, 3, 2, 2), targets, ("a",)))
    assert loss.item() == pytest.approx(-(math.log(0.2) + math.log(0.4)) / 2)

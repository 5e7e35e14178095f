"""What is not finite gets no score, and the message says where to look."""

import math

import pytest
import torch
from torch import nn

from nasframe import Candidate, Evaluation, RunError
from nasframe.evaluations import attempt
from nasframe.genotype import Genotype
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe.training.finite import require_finite, require_finite_numbers

NAMES = ["a", "b"]


def broken(value=math.nan):
    network = nn.Conv2d(3, 2, 1)
    with torch.no_grad():
        network.bias[0] = value
    return network


@pytest.mark.parametrize(
    ("value", "counts"),
    [(math.nan, "1 are NaN and 0 infinite"), (math.inf, "0 are NaN and 1"), (-math.inf, "0 are NaN and 1 infinite")],
)
def test_a_single_value_is_noticed_and_its_example_named(value, counts):
    found = torch.zeros(2, 3, 4, 5)
    found[1, 2, 3, 4] = value
    with pytest.raises(RunError, match=f"what the network says of b is not finite: of 60 values {counts}"):
        require_finite(found, NAMES, lambda images: images)


def test_finite_values_whose_sum_is_not_are_accepted():
    require_finite(torch.full((2, 9), 3e38), NAMES, lambda images: images)


def test_opposite_infinities_are_noticed():
    with pytest.raises(RunError, match="2 infinite"):
        require_finite(torch.tensor([[math.inf, -math.inf]]), ["a"], lambda images: images)


def test_weights_that_are_not_finite_are_named_and_others_are_not_blamed():
    bad = torch.full((1, 2), math.nan)
    with pytest.raises(RunError, match=r"its weights are not either, in bias\. Nothing .* train it again"):
        require_finite(bad, ["a"], broken())
    with pytest.raises(RunError, match=r"its own weights are finite, the largest 0\.\d+\. Look at this example"):
        require_finite(bad, ["a"], nn.Conv2d(3, 2, 1))


def test_a_score_that_is_not_finite_is_refused_by_name():
    with pytest.raises(RunError, match="score is nan, miou is inf; metrics must be finite"):
        require_finite_numbers(Evaluation(math.nan, {"miou": math.inf, "frames": 1.0}))


def test_a_candidate_whose_answers_are_nan_fails_with_the_reason():
    class Measured(TinyEvaluator):
        name = "measured"

        def evaluate(self, candidate: Candidate, budget=1.0):
            return self.measure(broken())

    result = attempt(TinySpace(), Measured(), Genotype("tiny-chain", (("layer0", "relu"),)), 0.5)
    assert result.failure.startswith("what the network says of") and result.budget == 0.5
    assert "its weights are not either, in bias" in result.failure

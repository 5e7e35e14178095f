"""A score over the last measurements of a training: when they are, what they change, and that it resumes exactly."""

from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from nasframe import Candidate, Evaluation, ExperimentError, Runtime
from nasframe.experiment.checking import load
from nasframe.genotype import sample
from nasframe.run.candidates.shared_results import context
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe.training.last_scores import LastScores
from nasframe.training.legs import train_legs
from nasframe.training.options import TrainingOptions
from nasframe.training.seeding import seed_all
from nasframe.training.sgd import concluded, fit

SPACE = TinySpace()
GENOTYPE = sample(SPACE, np.random.default_rng(3))


def evaluator(scores=(), **training):
    """One that scores the numbers of a script, or if there is none what it measures."""
    recipe = TrainingOptions(**{"steps": 40, "lr": 0.1, **training})
    found = TinyEvaluator(TinyEvaluator.Options(training=recipe), Runtime(seed=7))
    if scores:
        told = iter(scores)
        found.measure = lambda model: Evaluation(score := next(told), {"accuracy": score})
    return found


def begun(found, budget=1.0):
    torch.manual_seed(0)
    return found.training(SPACE.build(GENOTYPE, found.task), budget)


def candidate(found):
    return Candidate(GENOTYPE, lambda: SPACE.build(GENOTYPE, found.task))


def measured_after(training):
    """After how many steps it measures, before its end."""
    return [index + 1 for index in range(training.steps) if training.kind(index) == "training + validation"]


@pytest.mark.parametrize(
    ("steps", "over", "expected"),
    [
        (1000, 1, []),
        (1000, 2, [900]),
        (1000, 3, [900, 950]),
        (1000, 5, [900, 925, 950, 975]),
        (10, 3, [8, 9]),
        (2, 4, [1]),
    ],
)
def test_measurements_are_spread_over_the_last_tenth_and_at_least_a_step_apart(steps, over, expected):
    assert measured_after(begun(evaluator(steps=steps, score_over=over))) == expected


def test_the_score_is_the_mean_and_the_metrics_are_those_of_the_last():
    result = evaluator([0.1, 0.6, 0.2], score_over=3).evaluate(candidate(evaluator()))
    assert result.score == pytest.approx(0.3) and result.metrics == {"accuracy": 0.2}
    assert result.conditions == {"score_over": 3}


def test_by_default_the_score_is_that_of_the_last_and_nothing_else_is_measured():
    result = evaluator([0.1]).evaluate(candidate(evaluator()))
    assert result == Evaluation(0.1, {"accuracy": 0.1})


def test_the_weights_are_those_that_the_training_has_without_it():
    networks = []
    for over in (1, 4):
        training = begun(evaluator(score_over=over))
        fit(training, seed=1)
        networks.append(training.network.state_dict())
    assert all(torch.equal(networks[0][name], networks[1][name]) for name in networks[0])


@pytest.mark.parametrize("stop", [35, 36, 37, 39, 40])
def test_a_training_that_is_resumed_has_the_very_same_score(stop):
    whole, resumed = (begun(evaluator(score_over=4, ema=0.9)) for _ in range(2))
    fit(whole, seed=1)
    for index in range(stop):
        resumed.step(index, seed_all(1, "fit", index))
    other = begun(evaluator(score_over=4, ema=0.9))
    other.load_state_dict(resumed.state_dict())
    fit(other, seed=1, done=stop)
    results = [concluded(one, evaluator().measure(one.network)) for one in (whole, other)]
    assert results[0] == results[1] and results[0].conditions == {"score_over": 4}


def test_each_budget_is_scored_over_its_own_last_part():
    found = evaluator(score_over=3)
    _, small = train_legs(found, candidate(found), (0.5,), None)
    training = begun(found)
    training.go_on(small.state, small.done)
    assert measured_after(begun(found, 0.5)) == [18, 19] and len(small.state["last_scores"]) == 2
    assert concluded(training, Evaluation(0.5)).score == 0.5, "scores of the smaller budget do not count"
    given, _ = train_legs(found, candidate(found), (1.0,), small)
    again, _ = train_legs(found, candidate(found), (0.5, 1.0), None)
    assert given == again and given.conditions == {"score_over": 3}


def test_patience_and_pruning_see_only_the_measurements_of_validate_epochs():
    found = evaluator([0.9, 0.1, 0.2, 0.8, 0.5, 0.5], score_over=4, validate_epochs=5, patience=2)
    result, _ = train_legs(found, candidate(found), (1.0,), None, ())
    assert result.score == pytest.approx((0.1 + 0.2 + 0.8 + 0.5) / 4)
    assert result.curve == ((0.5, 0.9), (1.0, 0.5))


def test_a_measurement_that_is_due_for_both_is_done_once():
    found = evaluator([0.1, 0.4, 0.2], score_over=2, validate_epochs=9)
    result, _ = train_legs(found, candidate(found), (1.0,), None, ())
    assert result.score == pytest.approx((0.1 + 0.4) / 2) and result.curve == ((0.9, 0.1),)


def test_a_candidate_that_is_stopped_scores_what_it_was_stopped_by():
    found = evaluator([0.3], score_over=3, validate_epochs=5)
    result, reached = train_legs(found, candidate(found), (1.0,), None, ((0.5, 0.4),))
    assert (result.score, result.budget, reached) == (0.3, 0.5, None)


def test_without_measurements_of_its_own_a_training_cannot_be_pruned():
    found = evaluator([0.3], score_over=3)
    with pytest.raises(ExperimentError, match="validate_epochs above 0"):
        train_legs(found, candidate(found), (1.0,), None, ())


def test_the_best_weights_have_no_score_over_several():
    with pytest.raises(ValidationError, match=r"keep_best .* score_over: 3 .* leave one of them out"):
        TrainingOptions(keep_best=True, validate_epochs=1, score_over=3)


def test_of_a_training_that_ends_early_those_count_that_there_were():
    scores = LastScores(3, 100)
    assert scores.mean(Evaluation(0.4)) == Evaluation(0.4)
    scores.take_up([0.2])
    assert scores.mean(Evaluation(0.4)).score == pytest.approx(0.3)


def test_results_over_other_numbers_of_measurements_are_not_shared():
    quickstart = Path(__file__).parents[2] / "examples" / "quickstart.yaml"
    asked = [(), ("evaluator.training.score_over=3",)]
    contexts = [context(load(quickstart, overrides), Runtime(), {}) for overrides in asked]
    assert contexts[0] != contexts[1]

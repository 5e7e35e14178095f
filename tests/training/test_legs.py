"""A training that goes on from a smaller budget: what is taken over, and that it is the same however it came about."""

import numpy as np
import pytest
import torch

from nasframe import Batch, Candidate, CapabilityError, Evaluation, Evaluator, Genotype, Runtime, Task, Trainable
from nasframe.evaluations import Directly, Leg
from nasframe.genotype import sample
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe.training.legs import train_legs
from nasframe.training.options import TrainingOptions
from nasframe.training.sgd import fit, learning_rate

SPACE = TinySpace()
GENOTYPE = sample(SPACE, np.random.default_rng(3))


def evaluator(**training):
    recipe = TrainingOptions(**{"steps": 12, "lr": 0.1, **training})
    return TinyEvaluator(TinyEvaluator.Options(training=recipe), Runtime(seed=7))


def candidate(found):
    return Candidate(GENOTYPE, lambda: SPACE.build(GENOTYPE, found.task))


def begun(found, budget=1.0):
    torch.manual_seed(0)
    return found.training(SPACE.build(GENOTYPE, found.task), budget)


def gone_on(found, small=0.5, budget=1.0):
    first = begun(found, small)
    done = fit(first, seed=1)
    training = begun(found, budget)
    training.go_on(first.state_dict(), done)
    return first, training, done


def weights(network):
    return torch.cat([tensor.flatten() for tensor in network.state_dict().values()])


def rates(training, done):
    generator = np.random.default_rng(0)
    return [training.step(index, generator)["lr"] for index in range(done, training.steps)]


def test_the_schedule_of_the_larger_budget_is_entered_at_the_step_that_was_reached():
    found = evaluator(power=0.9)
    first, training, done = gone_on(found)
    assert (done, training.steps) == (6, 12)
    assert rates(training, done) == [learning_rate(found.options.training, index, 12) for index in range(6, 12)]
    last = learning_rate(found.options.training, 5, first.steps)
    assert last < learning_rate(found.options.training, 6, 12), "it rises once"


def test_with_a_constant_rate_both_legs_together_are_one_training():
    found = evaluator(power=0.0, ema=0.9)
    whole = begun(found)
    fit(whole, seed=1)
    _, training, done = gone_on(found)
    assert fit(training, 1, done) == 12
    assert torch.equal(weights(training.network), weights(whole.network))


def test_the_best_weights_of_a_smaller_budget_count_on():
    found = evaluator(keep_best=True, validate_epochs=1)
    first, training, _ = gone_on(found)
    state = training.state_dict()
    assert state["best_score"] == first.state_dict()["best_score"] is not None
    assert not state["chosen"] and first.state_dict()["chosen"]
    assert torch.equal(state["network"]["0.weight"], first.state_dict()["network"]["0.weight"]), "the last ones go on"


def test_a_patience_that_was_at_its_end_is_counted_anew():
    found = evaluator(lr=1e-6, validate_epochs=0.5, patience=1)
    first, training, done = gone_on(found)
    assert first.ended and done < first.steps and not training.ended
    assert fit(training, 1, done) > done


def test_a_training_of_no_more_steps_has_ended_as_the_one_before():
    found = evaluator(steps=2, ema=0.5)
    first, training, done = gone_on(found, 0.4, 0.5)
    assert fit(training, 1, done) == done == training.steps == 1
    assert torch.equal(weights(training.network), weights(first.network))


@pytest.mark.parametrize("recipe", [{}, {"ema": 0.9, "keep_best": True, "validate_epochs": 0.5}])
def test_the_result_is_the_same_whether_the_legs_before_are_given_or_made_again(recipe):
    found = evaluator(**recipe)
    _, small = train_legs(found, candidate(found), (0.25,), None)
    _, middle = train_legs(found, candidate(found), (0.5,), small)
    given, last = train_legs(found, candidate(found), (1.0,), middle)
    again, other = train_legs(evaluator(**recipe), candidate(found), (0.25, 0.5, 1.0), None)
    assert given == again and (small.done, middle.done, last.done) == (3, 6, 12)
    assert all(torch.equal(last.state["network"][name], other.state["network"][name]) for name in last.state["network"])


def test_what_a_leg_left_can_be_gone_on_from_twice():
    found = evaluator(ema=0.9)
    _, small = train_legs(found, candidate(found), (0.25,), None)
    results = [train_legs(found, candidate(found), (1.0,), small)[1].state["average"]["0.weight"] for _ in range(2)]
    assert torch.equal(*results)


class Stubborn(Evaluator, Trainable):
    """Its training is a stepper that cannot go on."""

    name = "stubborn"

    def prepare(self):
        self.task = Task(3, 2, (8, 8))

    def evaluate(self, candidate, budget=1.0):
        return Evaluation(0.0)

    def training(self, network, budget=1.0):
        class Short:
            steps = 1

            def step(self, index, rng):
                return {}

            def state_dict(self):
                return {}

        return Short()

    def batches(self, split, start=0):
        yield Batch(torch.zeros(()), torch.zeros(()), ())

    def epoch_steps(self, split):
        return 1

    def loss(self, model, batch):
        return torch.zeros(())

    def measure(self, model):
        return Evaluation(0.5, {"half": 0.5})


def test_a_training_that_cannot_go_on_is_no_candidates_fault():
    found = Stubborn()
    result, reached = train_legs(found, candidate(found), (0.5,), None)
    assert result.score == 0.5
    with pytest.raises(CapabilityError, match="'stubborn' cannot go on from that of a smaller budget"):
        train_legs(found, candidate(found), (1.0,), reached)


def test_an_evaluator_without_training_is_told_so():
    class Looks(Evaluator):
        name = "looks"

        def prepare(self):
            self.task = Task(3, 2, (8, 8))

        def evaluate(self, candidate, budget=1.0):
            return Evaluation(0.0)

    with pytest.raises(CapabilityError, match="'looks' trains no networks"):
        train_legs(Looks(), candidate(TinyEvaluator()), (1.0,), None)


class TestDirectly:
    def test_a_leg_goes_on_from_what_the_one_before_left(self):
        found = evaluator()
        steps = self.counted(found)
        asked = Directly(SPACE, found)
        asked.begin(0, GENOTYPE, 0.25, Leg())
        asked.end(0)
        asked.begin(1, GENOTYPE, 1.0, Leg((0.25,), 0, last=True))
        result = asked.end(1)
        assert len(steps) == 12
        expected, _ = train_legs(evaluator(), candidate(found), (0.25, 1.0), None)
        assert (result.score, result.budget) == (expected.score, 1.0)

    def test_what_is_not_retained_is_trained_again(self):
        found = evaluator()
        asked = Directly(SPACE, found)
        asked.begin(0, GENOTYPE, 0.25, Leg())
        asked.end(0)
        asked.retain((), 1)
        steps = self.counted(found)
        asked.begin(1, GENOTYPE, 1.0, Leg((0.25,), 0, last=True))
        assert asked.end(1).score > 0 and len(steps) == 12

    def test_a_candidate_that_cannot_be_built_has_failed(self):
        asked = Directly(SPACE, evaluator())
        asked.begin(0, Genotype("tiny-chain", ()), 0.25, Leg())
        assert asked.end(0).failure

    def counted(self, found):
        steps, loss = [], found.loss
        found.loss = lambda model, batch: steps.append(1) or loss(model, batch)
        return steps

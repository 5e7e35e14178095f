import subprocess
import sys
from typing import ClassVar

import numpy as np
import pytest
import torch

from nasframe import Evaluation, Evaluator, Problem, Runtime, Task
from nasframe.genotype import encode, sample, validate
from nasframe.testing.strategies import StrategyContract
from nasframe_controller.answering import answer, read
from nasframe_controller.learning import Learner
from nasframe_controller.options import ControllerOptions
from nasframe_controller.policy import Policy
from nasframe_controller.strategy import Controller

QUICK = {"batch": 10, "lr": 0.01, "hidden": 16}


class TestController(StrategyContract):
    strategy = Controller
    options = Controller.Options(samples=6, batch=1, hidden=4, budget=0.2)


class TestControllerByReinforce(StrategyContract):
    strategy = Controller
    options = Controller.Options(samples=6, batch=3, hidden=4, algorithm="reinforce", normalise=True, budget=0.2)


class Conditional:
    """What is asked, and with which options, depends on earlier answers."""

    name = "conditional"

    def decide(self, choose):
        width = choose("width", (1, 2, 3))
        inner = choose("inner", tuple(range(width)))
        if inner > 0:
            choose("extra", ("no", "yes"))

    def build(self, genotype, task):
        raise AssertionError("no network is needed")


class Rows(Conditional):
    name = "rows"

    def __init__(self, rows=6, options=3):
        self.rows, self.count = rows, options

    def decide(self, choose):
        for row in range(self.rows):
            choose(f"row{row}", tuple(range(self.count)))


class LastOptions(Evaluator):
    """The share of decisions that are answered with their last option."""

    name: ClassVar[str] = "last-options"
    space: ClassVar = Rows()

    def prepare(self):
        self.task = Task(3, 2, (8, 8))

    def evaluate(self, candidate, budget=1.0):
        answers = encode(self.space, candidate.genotype)
        score = sum(one.index == one.count - 1 for one in answers) / len(answers)
        return Evaluation(score, {"share": score})


class LastOfConditional(LastOptions):
    space: ClassVar = Conditional()


def searched(evaluator, samples, seed=0, done=None, **options):
    problem = Problem(evaluator.space, evaluator, Runtime(seed=seed))
    strategy = Controller(problem, Controller.Options(samples=samples, **{**QUICK, **options}))
    for index in range(samples if done is None else done):
        strategy.step(index, np.random.default_rng([seed, index]))
    return strategy


def mean_score(history):
    return np.mean([result.score for _, result in history])


def test_the_defaults_are_nasnets():
    options = ControllerOptions()
    assert (options.lr, options.entropy, options.baseline, options.batch) == (0.00035, 1e-5, 0.95, 20)
    assert (options.hidden, options.initial, options.algorithm) == (100, 0.1, "ppo")


@pytest.mark.parametrize("algorithm", ["ppo", "reinforce"])
def test_the_controller_learns_the_answers_that_are_rewarded(algorithm):
    history = searched(LastOptions(), 300, algorithm=algorithm, lr=0.02).history
    assert mean_score(history[:20]) < 0.5
    assert mean_score(history[-40:]) > 0.8


def test_the_controller_learns_in_a_conditional_space():
    history = searched(LastOfConditional(), 300, lr=0.02).history
    assert mean_score(history[-40:]) > 0.85


def test_nothing_is_learned_before_a_batch_is_full():
    strategy = searched(LastOptions(), 10, done=9)
    fresh = Controller(strategy.problem, strategy.options)
    assert all(torch.equal(one, other) for one, other in zip(weights(strategy), weights(fresh), strict=False))
    strategy.step(9, np.random.default_rng(9))
    assert not all(torch.equal(one, other) for one, other in zip(weights(strategy), weights(fresh), strict=False))


def weights(strategy):
    """Of the LSTM, which every controller has."""
    return [array for name, array in sorted(strategy._policy.named_parameters()) if name.startswith("cell")]


def test_a_restored_controller_is_bit_equal_in_a_conditional_space():
    one = searched(LastOfConditional(), 70, done=55)
    other = Controller(one.problem, one.options)
    other.load_state_dict(one.state_dict())
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(weights(one), weights(other), strict=True))
    for asked, question in one._policy.questions.items():
        assert torch.equal(question.answers, other._policy.question(asked).answers)
    for index in range(55, 70):
        assert one.step(index, np.random.default_rng(index)) == other.step(index, np.random.default_rng(index))
    assert one.history == other.history


def test_asking_leaves_torchs_global_generator_to_the_evaluator():
    fresh = Controller(Problem(Conditional(), LastOfConditional()), Controller.Options(**QUICK))
    before = torch.get_rng_state()
    for seed in range(5):
        fresh.ask(np.random.default_rng(seed))
    assert torch.equal(torch.get_rng_state(), before)


def test_the_weights_of_a_question_do_not_depend_on_when_it_is_met():
    first, second = Policy(4, 0.1, seed=3), Policy(4, 0.1, seed=3)
    asked = [("a", (1, 2)), ("b", ("x",)), ("a", (1, 2, 3))]
    mine = [first.question(one).weight for one in asked]
    theirs = [second.question(one).weight for one in reversed(asked)][::-1]
    assert all(torch.equal(one, other) for one, other in zip(mine, theirs, strict=True))
    assert not torch.equal(mine[0], Policy(4, 0.1, seed=4).question(asked[0]).weight)


def test_the_probability_of_a_genotype_is_the_product_of_those_it_was_drawn_with():
    space, policy = Conditional(), Policy(8, 0.5, seed=0)
    drawn, expected = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        picked = []

        def pick(probabilities, rng=rng, picked=picked):
            index = int(rng.choice(len(probabilities), p=probabilities))
            picked.append(probabilities[index])
            return index

        genotype, _ = answer(space, policy, pick)
        validate(space, genotype)
        drawn.append(read(space, genotype))
        expected.append(np.log(picked).sum())
    log_probability, _ = policy.evaluate(drawn)
    assert len({len(answered) for answered in drawn}) > 1
    np.testing.assert_allclose(log_probability.detach(), expected, rtol=1e-5)


def test_a_question_with_one_option_has_no_entropy_and_two_equal_ones_have_log_2():
    policy = Policy(4, 1e-9, seed=0)
    _, entropy = policy.evaluate([[(("one", ("a",)), 0)], [(("two", ("a", "b")), 1)]])
    np.testing.assert_allclose(entropy.detach(), [0, np.log(2)], atol=1e-6)


def test_entropy_keeps_the_answers_from_being_settled():
    def spread(entropy):
        arrays = searched(LastOptions(), 100, lr=0.03, passes=2, normalise=True, entropy=entropy).snapshot().values()
        return -sum(float((array * np.log(array)).sum()) for array in arrays)

    assert spread(1.0) > spread(0.0) + 1


def test_scores_are_rewarded_by_what_exceeds_their_moving_average():
    learner = Learner(Policy(4, 0.1, seed=0), ControllerOptions(baseline=0.5))
    np.testing.assert_allclose(learner._advantages([1.0, 3.0]), [-1, 1])
    np.testing.assert_allclose(learner._advantages([4.0]), [4 - 2.25])


def test_ppo_does_not_push_a_probability_that_has_moved_far_enough():
    learner = Learner(Policy(4, 0.1, seed=0), ControllerOptions(clip=0.2))
    log_ratio = torch.tensor([0.5, -0.5, 0.5, -0.5], requires_grad=True)
    gain = learner._clipped(log_ratio, torch.tensor([1.0, -1.0, -1.0, 1.0]))
    np.testing.assert_allclose(gain.detach(), [1.2, -0.8, -np.exp(0.5), np.exp(-0.5)], rtol=1e-6)
    gain.sum().backward()
    assert log_ratio.grad[:2].tolist() == [0, 0] and all(log_ratio.grad[2:] != 0)


def test_the_snapshot_holds_probabilities_of_the_favourite_answers():
    snapshot = searched(LastOptions(), 100, lr=0.02).snapshot()
    assert set(snapshot) == {f"policy/row{row}" for row in range(6)}
    assert all(array.shape == (3,) and np.isclose(array.sum(), 1) for array in snapshot.values())


def test_a_space_with_nothing_to_decide_can_be_searched():
    strategy = searched_point()
    assert strategy.best().decisions == ()


def searched_point():
    class Nothing(LastOptions):
        space: ClassVar = Rows(rows=0)

        def evaluate(self, candidate, budget=1.0):
            return Evaluation(0.5, {"share": 0.5})

    return searched(Nothing(), 12)


def test_reading_a_genotype_gives_its_questions_in_program_order():
    genotype = sample(Conditional(), np.random.default_rng(1))
    answered = read(Conditional(), genotype)
    assert [(name, options[index]) for (name, options), index in answered] == list(genotype.decisions)


def test_checking_an_experiment_needs_no_torch():
    program = "import sys, nasframe_controller.strategy; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0

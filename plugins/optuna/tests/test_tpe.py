import subprocess
import sys
from typing import ClassVar

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from nasframe import Evaluation, Evaluator, Genotype, Problem, Runtime, Task
from nasframe.evaluations import Directly
from nasframe.genotype import sample, trace, validate
from nasframe.testing.strategies import StrategyContract
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe_optuna.known import Known, known
from nasframe_optuna.proposals import Proposals
from nasframe_optuna.strategy import Tpe

TPE = [{}, {"multivariate": False}, {"multivariate": True, "group": True}]
GP = {"sampler": "gp"}


class TestTpe(StrategyContract):
    strategy = Tpe
    options = Tpe.Options(samples=6, startup=2, budget=0.2)


class TestTpeOfEachDecisionByItself(StrategyContract):
    strategy = Tpe
    options = Tpe.Options(samples=6, startup=2, budget=0.2, multivariate=False)


class TestTpeByGroups(StrategyContract):
    strategy = Tpe
    options = Tpe.Options(samples=6, startup=2, budget=0.2, multivariate=True, group=True)


class TestAGaussianProcess(StrategyContract):
    strategy = Tpe
    options = Tpe.Options(samples=6, startup=2, budget=0.2, sampler="gp")


class TestTpeOfSeveralObjectives(StrategyContract):
    strategy = Tpe
    options = Tpe.Options(samples=6, startup=2, budget=0.2)

    def problem(self):
        return Problem(TinySpace(), TinyEvaluator(), objectives=("score", "accuracy"))


class Rows:
    """Some rows of four options."""

    name = "rows"

    def __init__(self, rows=6):
        self.rows = rows

    def decide(self, choose):
        for row in range(self.rows):
            choose(f"row{row}", (0, 1, 2, 3))

    def build(self, genotype, task):
        raise AssertionError("no network is needed")


class Conditional(Rows):
    """How many rows there are is asked too; what a row may be depends on it; an option may be a tuple."""

    name = "conditional"

    def decide(self, choose):
        count = choose("count", ((1, "row"), (2, "rows"), (3, "rows")))[0]
        for row in range(count):
            choose(f"row{row}", tuple(range(count + 1)))
        choose("only", ("one",))


class Sum(Evaluator):
    """The sum of the answers that are numbers."""

    name: ClassVar[str] = "sum"
    fails: ClassVar[dict] = {}
    """Answers with which an evaluation fails."""

    def prepare(self):
        self.task = Task(3, 2, (8, 8))

    def evaluate(self, candidate, budget=1.0):
        answers = candidate.genotype.answers
        if any(answers.get(name) == answer for name, answer in self.fails.items()):
            return Evaluation(float("nan"))
        score = float(sum(answer for answer in answers.values() if isinstance(answer, int)))
        return Evaluation(score, {"sum": score})


class Failing(Sum):
    name: ClassVar[str] = "failing"
    fails: ClassVar[dict] = {"row0": 3}


class LeadingOnesTrailingZeros(Sum):
    """The score is the number of leading threes, the cost that of rows before the trailing zeros."""

    name: ClassVar[str] = "lotz"

    def evaluate(self, candidate, budget=1.0):
        text = "".join(str(answer) for answer in candidate.genotype.answers.values())
        return Evaluation(len(text) - len(text.lstrip("3")), {"cost": len(text.rstrip("0"))})


class Bounded:
    """Evaluates here, several at a time, and refuses genotypes with certain answers."""

    def __init__(self, space, evaluator, outstanding=1, refuses=()):
        self.outstanding = outstanding
        self.refuses = dict(refuses)
        self.refusals = 0
        self.directly = Directly(space, evaluator)
        self.begin, self.end, self.retain = self.directly.begin, self.directly.end, self.directly.retain

    def accepts(self, genotype):
        refused = any(genotype.answers.get(name) == answer for name, answer in self.refuses.items())
        self.refusals += refused
        return not refused


def problem(space, evaluator, objectives=("score",), **bounds):
    return Problem(space, evaluator, Runtime(), objectives, Bounded(space, evaluator, **bounds))


def go_on(strategy, steps, seed=0):
    for index in range(len(strategy.history), steps):
        strategy.step(index, np.random.default_rng([seed, index]))
    return strategy


def searched(one, samples, seed=0, **options):
    return go_on(Tpe(one, Tpe.Options(samples=samples, **options)), samples, seed)


def genotypes(strategy):
    return [genotype for genotype, _ in strategy.history]


def scores(strategy):
    return [result.score for _, result in strategy.history]


@pytest.mark.parametrize("options", TPE, ids=str)
def test_it_finds_better_than_what_is_drawn_at_random(options):
    found = scores(searched(problem(Rows(), Sum()), 30, **options))
    assert np.mean(found[20:]) > np.mean(found[:10]) + 2


def test_a_gaussian_process_finds_better_than_what_is_drawn_at_random():
    found = scores(searched(problem(Rows(4), Sum()), 16, **GP))
    assert np.mean(found[12:]) > np.mean(found[:10]) + 2


@pytest.mark.parametrize("options", [*TPE, GP], ids=str)
def test_a_search_that_was_killed_asks_for_the_same_genotypes_when_it_goes_on(options):
    def new():
        bounds = {"outstanding": 3, "refuses": {"row1": 2}}
        return Tpe(problem(Conditional(), Failing(), **bounds), Tpe.Options(samples=14, startup=4, **options))

    whole, first, second = go_on(new(), 14), go_on(new(), 9), new()
    second.load_state_dict(first.state_dict())
    assert first.refused and any(result.failure for _, result in first.history)
    assert go_on(second, 14).state_dict() == whole.state_dict()


def test_what_is_proposed_does_not_depend_on_what_was_asked_before():
    space, rng = Rows(), np.random.default_rng(0)
    told = [Known(sample(space, rng), (float(place),)) for place in range(20)]
    others = [Known(one.genotype, (-one.values[0],)) for one in told]
    used, new = (Proposals(space, 1, Tpe.Options()) for _ in range(2))
    for facts, seed in ((told[:12], 1), (others, 2), (told, 3)):
        used.propose(facts, [sample(space, rng)], seed, lambda genotype: False)
    asked = (told, [told[0].genotype], 7, lambda genotype: False)
    assert used.propose(*asked) == new.propose(*asked)


def test_nothing_is_evaluated_twice_before_the_space_is_used_up():
    found = genotypes(searched(problem(Rows(2), Sum(), outstanding=2), 18, startup=3))
    assert len(set(found[:16])) == 16 and len(found) == 18


def test_a_space_of_one_genotype_can_be_searched():
    class Point(Rows):
        def decide(self, choose):
            choose("only", (1,))

    strategy = searched(problem(Point(), Sum()), 4, startup=1)
    assert strategy.best() == trace(Point(), lambda name, options: options[0])


@pytest.mark.parametrize("options", TPE, ids=str)
def test_a_conditional_space_is_searched_by_legal_genotypes_only(options):
    strategy = searched(problem(Conditional(), Sum()), 26, startup=8, **options)
    for genotype in genotypes(strategy):
        validate(Conditional(), genotype)
    assert len(set(genotypes(strategy))) == 26 and max(scores(strategy)) >= 8


def test_candidates_are_drawn_at_random_until_enough_have_succeeded():
    strategy = Tpe(problem(Rows(), Sum()), Tpe.Options(startup=3))
    drawn = [sample(Rows(), np.random.default_rng(seed)) for seed in range(8)]
    for genotype in drawn[:5]:
        strategy.receive(genotype, Evaluation(0.0, failure="no memory"))
    for genotype in drawn[5:7]:
        strategy.receive(genotype, Evaluation(1.0))
    assert strategy.ask(np.random.default_rng(99)) == sample(Rows(), np.random.default_rng(99))
    strategy.receive(drawn[7], Evaluation(1.0))
    assert strategy.ask(np.random.default_rng(99)) != sample(Rows(), np.random.default_rng(99))


@pytest.mark.parametrize(("options", "samples"), [({}, 40), (GP, 20)], ids=str)
def test_answers_with_which_evaluations_fail_are_avoided(options, samples):
    found = genotypes(searched(problem(Rows(4), Failing()), samples, startup=12, **options))
    assert sum(genotype["row0"] == 3 for genotype in found[-samples // 4 :]) <= 2


def test_answers_that_the_constraints_refuse_are_avoided_though_their_scores_would_be_high():
    """At random 9 of 16 genotypes are within the constraints, so 40 take 31 refusals on the average."""
    one = problem(Rows(4), Sum(), refuses={"row0": 3, "row1": 3})
    strategy = searched(one, 40, startup=10)
    assert max(scores(strategy)) >= 9
    assert one.evaluations.refusals < 25


def test_workers_are_given_different_genotypes_and_what_is_outstanding_counts_as_bad():
    space = Rows(3)
    told = [Known(genotype, (float(sum(genotype.answers.values())),)) for genotype in genotypes_of(space, 30)]
    best = max(told, key=lambda one: one.values).genotype
    model = Proposals(space, 1, Tpe.Options())

    def shares(outstanding):
        proposed = [model.propose(told, outstanding, seed, lambda genotype: False) for seed in range(40)]
        return np.mean([genotype["row0"] == best["row0"] for genotype in proposed])

    away = [Genotype("rows", (("row0", best["row0"]), *one.decisions[1:])) for one in genotypes_of(space, 30, seed=1)]
    assert shares(away) < shares([]) - 0.2


def genotypes_of(space, count, seed=0):
    rng = np.random.default_rng(seed)
    return [sample(space, rng) for _ in range(count)]


def test_several_objectives_are_searched_for_at_once():
    evaluator = LeadingOnesTrailingZeros()

    def on_the_front(strategy):
        return {result.score for _, result in strategy.history if result.score == result.metrics["cost"]}

    found = searched(problem(Rows(5), evaluator, ("score", "cost")), 80, startup=20)
    random = searched(problem(Rows(5), evaluator, ("score", "cost")), 80, startup=80)
    assert len(on_the_front(found)) > len(on_the_front(random))


def test_a_result_of_a_larger_budget_is_above_all_of_smaller_ones():
    a, b, c, d = genotypes_of(Rows(), 4)
    history = [
        (a, Evaluation(9.0, {"cost": 5.0}, budget=0.5)),
        (b, Evaluation(1.0, {"cost": 7.0}, budget=1.0)),
        (c, Evaluation(2.0, {"cost": 5.0}, budget=0.5)),
        (d, Evaluation(0.0, failure="no memory", budget=1.0)),
    ]
    one, other, third, failed = known(history, {}, ("score", "cost"))
    assert all(np.array(other.values) > one.values) and one.values[0] > third.values[0]
    assert one.values[1] == third.values[1] and failed.values is None


def test_values_of_one_budget_are_as_measured_with_higher_being_better():
    a, b = genotypes_of(Rows(), 2)
    history = [(a, Evaluation(1.0, {"cost": 5.0})), (b, Evaluation(2.0, {"cost": 6.0}))]
    assert [one.values for one in known(history, {}, ("score", "cost"))] == [(1.0, -5.0), (2.0, -6.0)]


def test_what_was_refused_stands_where_it_was_asked():
    a, b, c, d = genotypes_of(Rows(), 4)
    history = [(a, Evaluation(1.0)), (b, Evaluation(2.0))]
    assert [one.genotype for one in known(history, {c: 1, d: 2}, ("score",))] == [a, c, b, d]


@pytest.mark.parametrize("options", [*TPE[1:], GP], ids=str)
def test_optuna_says_nothing_and_is_left_as_it_was(options, capfd):
    import optuna

    level, state, threads = optuna.logging.get_verbosity(), torch.get_rng_state(), torch.get_num_threads()
    searched(problem(Conditional(), Sum()), 7, startup=4, **options)
    assert capfd.readouterr() == ("", "")
    assert optuna.logging.get_verbosity() == level and torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)


def test_groups_without_multivariate_tpe_are_refused():
    with pytest.raises(ValidationError, match="groups are modelled by multivariate TPE only"):
        Tpe.Options(group=True)


def test_checking_an_experiment_needs_neither_torch_nor_optuna():
    program = "import sys, nasframe_optuna.strategy; sys.exit(bool({'torch', 'optuna'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0

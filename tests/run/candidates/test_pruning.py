"""Candidates that are stopped inside their training: by which rule, how it is told, and that all follows from it."""

import json
from statistics import median

import numpy as np
import pytest

from nasframe import Candidate, CapabilityError, Evaluation, ExperimentError, Genotype, Runtime
from nasframe.evaluations import Leg
from nasframe.experiment.terms import Prune
from nasframe.genotype import sample
from nasframe.plugin.engine import Job, Outcome
from nasframe.run.candidates.pruning import MedianRule
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe.training.legs import train_legs
from nasframe.training.options import TrainingOptions

SPACE = TinySpace()
GENOTYPE = sample(SPACE, np.random.default_rng(3))
PRUNED = ("evaluator.steps=16", "strategy.samples=14", "prune={candidates: 3, warmup: 0.3}", "cache={reuse: false}")


class Finished:
    """Stands for the file of finished evaluations."""

    def __init__(self, *curves, budget=1.0, reached=1.0, leg=None):
        self.found = [
            Outcome(Job(number, Genotype("x", ()), budget, leg), Evaluation(0.0, budget=reached, curve=curve), 0, 0, 1)
            for number, curve in enumerate(curves)
        ]

    def outcomes(self):
        return self.found


def bars(finished, number=9, outstanding=1, budget=1.0, **options):
    rule = MedianRule(Prune(candidates=2, warmup=0.2, **options), finished, outstanding)
    return rule.bars(Job(number, GENOTYPE, budget))


class TestMedianRule:
    CURVES = (((0.1, 0.1), (0.5, 0.3), (1.0, 0.9)), ((0.1, 0.0), (0.5, 0.6), (1.0, 0.7)), ((0.1, 0.5), (0.5, 0.7)))

    def test_the_bar_is_the_median_of_the_mean_scores_so_far_after_the_warmup(self):
        means = [(0.1 + 0.3) / 2, (0.0 + 0.6) / 2, (0.5 + 0.7) / 2]
        assert bars(Finished(*self.CURVES)) == ((0.5, pytest.approx(median(means))),)

    def test_only_those_count_that_were_told_for_certain_when_it_was_asked_for(self):
        assert bars(Finished(*self.CURVES), number=3) == bars(Finished(*self.CURVES))
        assert bars(Finished(*self.CURVES), number=3, outstanding=2) == bars(Finished(*self.CURVES[:2]))
        assert bars(Finished(*self.CURVES), number=3, outstanding=3) == (), "one is too few"

    def test_other_budgets_and_those_that_were_stopped_do_not_count(self):
        assert bars(Finished(*self.CURVES, budget=0.5, reached=0.5)) == ()
        assert bars(Finished(*self.CURVES, budget=0.5, reached=0.5), budget=0.5) != ()
        assert bars(Finished(*self.CURVES, reached=0.5)) == ()
        assert bars(Finished(*self.CURVES, leg=Leg((0.25,)))) == ()


def trained(bars, scores=(0.1, 0.4, 0.2, 0.6), budgets=(0.5,), **recipe):
    options = TrainingOptions(**{"steps": 16, "lr": 0.1, "validate_epochs": 0.5, **recipe})
    evaluator = TinyEvaluator(TinyEvaluator.Options(training=options), Runtime(seed=7))
    told = iter(scores)
    evaluator.measure = lambda model: Evaluation(score := next(told, 0.7), {"accuracy": score})
    candidate = Candidate(GENOTYPE, lambda: SPACE.build(GENOTYPE, evaluator.task))
    return train_legs(evaluator, candidate, budgets, None, bars)


class TestATraining:
    def test_that_stays_above_all_bars_is_done_to_its_end_and_its_curve_told(self):
        result, reached = trained(((0.25, 0.1), (0.5, 0.4), (0.75, 0.4)))
        assert (result.score, result.budget, reached.done) == (0.7, 0.5, 8)
        assert result.curve == ((0.25, 0.1), (0.5, 0.4), (0.75, 0.2), (1.0, 0.6))

    def test_whose_best_score_is_below_a_bar_is_told_with_its_last_score_and_what_was_done(self):
        result, reached = trained(((0.75, 0.41),))
        assert (result.score, result.metrics, result.budget) == (0.2, {"accuracy": 0.2}, 0.75 * 0.5)
        assert reached is None

    def test_is_watched_in_its_last_leg_alone(self):
        result, _ = trained(((0.25, 9.0), (0.75, 9.0)), budgets=(0.25, 0.5))
        assert result.budget == 0.75 * 0.5

    def test_that_measures_nothing_cannot_be_watched(self):
        with pytest.raises(ExperimentError, match=r"training\.validate_epochs above 0"):
            trained((), validate_epochs=0)


@pytest.fixture
def trainings(runs):
    experiment = runs.experiment
    trains = f"evaluator={{type: trains, file: {runs.place / 'marks'}}}"
    runs.experiment = lambda *overrides: experiment(trains, *overrides)
    return runs


def test_some_are_stopped_which_costs_less_and_is_told(trainings):
    trainings.run("run", *PRUNED)
    told = trainings.events("run")
    stopped = [event for event in told if "pruned" in event]
    assert 0 < len(stopped) < 11 and not any("pruned" in event for event in told[:3])
    assert {event["budget"] for event in stopped} <= {0.5, 0.75}
    assert len(trainings.marks()) == sum(round(16 * event["budget"]) for event in told)
    lines = [json.loads(line) for line in (trainings.place / "run" / "evaluations.jsonl").read_text().splitlines()]
    assert [line.get("reached", 1.0) for line in lines] == [event["budget"] for event in told]
    full = [event["objectives"]["score"] for event in told if "pruned" not in event]
    assert trainings.events("run", "step")[-1]["metrics"]["best_score"] == max(full), (
        "none that was stopped is the best"
    )


def test_it_does_not_depend_on_what_is_finished_first(trainings):
    three = (*PRUNED, "run.outstanding=3")
    trainings.run("in-turn", *three)
    trainings.run("newest-first", *three, "run.engine=newest-first")
    assert trainings.history("newest-first") == trainings.history("in-turn")
    assert any("pruned" in event for event in trainings.events("in-turn"))


@pytest.mark.slow
def test_a_run_that_was_killed_ends_as_one_that_was_not(trainings):
    three = (*PRUNED, "run.outstanding=3", "run.checkpoint_minutes=0")
    trainings.run("whole", *three)
    trainings.kill("killed", 7, *three)
    trainings.resume("killed")
    assert trainings.history("killed") == trainings.history("whole")
    assert any("pruned" in event for event in trainings.events("killed"))


def test_what_was_stopped_is_not_shared_with_other_runs(trainings, tmp_path):
    trainings.run("run", *PRUNED[:3], f"cache={{folder: {tmp_path / 'shared'}}}")
    stopped = [event for event in trainings.events("run") if "pruned" in event and "same_as" not in event]
    shared = [json.loads(path.read_text()) for path in (tmp_path / "shared").iterdir()]
    trained = [event for event in trainings.events("run") if "same_as" not in event]
    assert stopped and len(shared) == len(trained) - len(stopped)
    assert all(len(one["curve"]) == 4 for one in shared)


def test_an_evaluator_that_trains_nothing_refuses_the_key_with_those_that_do(runs):
    with pytest.raises(CapabilityError, match=r"prune stops trainings, but evaluator 'marks'.*that do: trains"):
        runs.experiment("prune={}")
    assert runs.experiment("prune=null").terms.prune is None

"""Rungs whose candidates go on from their own weights, in runs: what is trained, what lies there, and after a kill."""

import dataclasses
import sys

import pytest
from judged_runs import path_of_workers, registry, runs

import nasframe_hyperband
from nasframe import CapabilityError
from nasframe.plugin.registry import Plugin, Registry

__all__ = ["path_of_workers", "registry", "runs"]

KEPT = ("strategy={type: halving, over: dice, candidates: 8, eta: 2, weights: kept}", "cache={reuse: false}")
RUNGS = [0.125] * 8 + [0.25] * 4 + [0.5] * 2 + [1.0]


@pytest.fixture
def halvings(runs, registry):
    """Runs of successive halving over candidates that are trained; 8 updates are a full training."""
    judged = sys.modules["nasframe_judged"]
    runs.registry = Registry(
        [
            Plugin("judged", "nasframe-judged", "1.0", lambda: judged),
            Plugin("hyperband", "nasframe-hyperband", "1.0", lambda: nasframe_hyperband),
        ]
    )
    experiment = runs.experiment

    def trained(*overrides):
        return experiment(f"evaluator={{type: trains, file: {runs.place / 'marks'}}}", *overrides)

    runs.experiment = trained
    return runs


def left(folder):
    return sorted(int(path.stem) for path in (folder / "trainings").glob("*.pt"))


def test_a_promotion_costs_the_difference_of_the_budgets(halvings):
    halvings.run("new", *KEPT, "strategy.weights=new")
    assert len(halvings.marks()) == 8 * 1 + 4 * 2 + 2 * 4 + 1 * 8
    halvings.run("kept", *KEPT)
    assert len(halvings.marks()) - 32 == 8 * 1 + 4 * 1 + 2 * 2 + 1 * 4
    assert [event["budget"] for event in halvings.events("kept")] == RUNGS


def test_each_goes_on_from_the_same_genotype_in_the_rung_before(halvings):
    halvings.run("run", *KEPT)
    told = halvings.events("run")
    before = {8: 0, 12: 8, 14: 12}
    for number, event in enumerate(told):
        if number < 8:
            assert "after" not in event
            continue
        begin = max(first for first in before if first <= number)
        assert before[begin] < event["after"] <= begin
        assert told[event["after"] - 1]["genotype"] == event["genotype"]
    assert len({event["after"] for event in told[8:]}) == 7


def test_weights_lie_in_the_run_folder_only_while_they_may_be_gone_on_from(halvings, monkeypatch):
    from nasframe_hyperband.strategy import Halving

    seen = {}
    asks = Halving.ask

    def ask(strategy, rng):
        seen.setdefault(len(strategy.history), left(halvings.place / "run"))
        return asks(strategy, rng)

    monkeypatch.setattr(Halving, "ask", ask)
    halvings.run("run", *KEPT)
    assert seen[3] == [1, 2, 3]
    assert len(seen[8]) == 4 and set(seen[8]) <= set(range(1, 9)), "the best half"
    assert len(seen[10]) == 4 and seen[10][2:] == [9, 10], "two are gone on from, and two are still to be"
    assert len(seen[12]) == 2 and set(seen[12]) <= {9, 10, 11, 12}
    assert not (halvings.place / "run" / "trainings").exists(), "the search is over"


@pytest.mark.slow
@pytest.mark.parametrize("finished", [3, 10])
def test_a_run_that_was_killed_ends_as_one_that_was_not(halvings, finished):
    halvings.run("whole", *KEPT)
    halvings.kill("killed", finished, *KEPT)
    halvings.resume("killed")
    assert halvings.history("killed") == halvings.history("whole")
    assert not (halvings.place / "killed" / "trainings").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("path_of_workers")
def test_workers_hand_on_weights_by_the_run_folder_also_after_a_kill(halvings):
    four = (*KEPT, "run.outstanding=4")
    halvings.run("one", *four)
    steps = len(halvings.marks())
    halvings.run("two", *four, "run.workers=2")
    assert len(halvings.marks()) == 2 * steps, "nothing is trained twice"
    halvings.kill("killed", 10, *four, "run.workers=2")
    halvings.resume("killed")
    assert halvings.history("two") == halvings.history("killed") == halvings.history("one")


@pytest.mark.parametrize("harm", ["lost", "torn", "another"])
def test_weights_that_cannot_be_used_are_trained_again_with_the_same_result(halvings, monkeypatch, harm):
    halvings.run("whole", *KEPT)
    steps = len(halvings.marks())
    from nasframe.run.candidates.trainings import Trainings

    keeps = Trainings.keep

    def keep(trainings, job, reached):
        if harm == "another":
            job = dataclasses.replace(job, genotype=dataclasses.replace(job.genotype, space="another"))
        keeps(trainings, job, reached)
        path = trainings.layout.training(job.number + 1)
        if harm == "lost":
            path.unlink(missing_ok=True)
        if harm == "torn" and path.exists():
            path.write_bytes(path.read_bytes()[:-100])

    monkeypatch.setattr(Trainings, "keep", keep)
    halvings.run("harmed", *KEPT)
    assert halvings.history("harmed") == halvings.history("whole")
    assert len(halvings.marks()) - steps == 8 * 1 + 4 * 2 + 2 * 4 + 1 * 8


def test_a_network_that_is_asked_for_twice_is_trained_once_at_each_budget(halvings):
    halvings.run("run", *KEPT, "cache={reuse: true}", "space.most=1")
    told = halvings.events("run")
    assert [event["budget"] for event in told] == RUNGS
    trained = [event for event in told if "same_as" not in event]
    assert len(trained) < len(told) and {event["budget"] for event in trained} == set(RUNGS)
    canonical = {(event["budget"], event["genotype"]["decisions"]["layer0/width"]) for event in trained}
    assert len(canonical) == len(trained)


def test_results_of_a_shared_folder_bring_no_weights_and_the_same_scores(halvings, tmp_path):
    shared = f"cache={{folder: {tmp_path / 'shared'}}}"
    halvings.run("first", *KEPT[:1], "strategy.candidates=2", shared)
    steps = len(halvings.marks())
    halvings.run("again", *KEPT[:1], "strategy.candidates=2", shared)
    assert len(halvings.marks()) == steps and halvings.history("again") == halvings.history("first")
    for path in (tmp_path / "shared").iterdir():
        if '"legs"' in path.read_text():
            path.unlink()
    halvings.run("anew", *KEPT[:1], "strategy.candidates=2", shared)
    assert halvings.history("anew") == halvings.history("first")
    assert len(halvings.marks()) - steps == 8, "all of the full budget, for the half is known but its weights are not"


def test_a_result_that_went_on_is_not_taken_for_one_with_new_weights(halvings, tmp_path):
    shared = f"cache={{folder: {tmp_path / 'shared'}}}"
    halvings.run("kept", *KEPT[:1], "strategy.candidates=2", shared)
    steps = len(halvings.marks())
    halvings.run("new", *KEPT[:1], "strategy.candidates=2", "strategy.weights=new", shared)
    assert len(halvings.marks()) - steps == 8


def test_an_evaluator_that_trains_nothing_refuses_kept_weights(halvings):
    marks = f"evaluator={{type: marks, file: {halvings.place / 'marks'}}}"
    with pytest.raises(CapabilityError, match=r"'marks' trains no networks.*Remove the option"):
        halvings.run("run", marks, *KEPT)

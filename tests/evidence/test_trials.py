"""Trainings of random genotypes: by any engine and any number of workers the same, failed ones, shared ones."""

import json
from dataclasses import replace

import pytest
from judged_runs import path_of_workers, registry, runs

from nasframe import DataError, Evaluator, RunError, RunFolderError
from nasframe.evidence.signal import summarise
from nasframe.evidence.trials import Trials, measure, read

__all__ = ["path_of_workers", "registry", "runs"]
TRIALS = Trials(genotypes=4, seeds=2, budgets=(0.5, 1.0))

pytestmark = pytest.mark.usefixtures("path_of_workers")


def trained(runs, name, *overrides, trials=TRIALS, workers=None):
    folder = runs.place / name
    folder.mkdir(exist_ok=True)
    rows = measure(runs.experiment(*overrides), trials, folder, lambda line: None, workers)
    return [replace(row, seconds=0.0) for row in rows]


def cut(runs, name, lines):
    path = runs.place / name / "trainings.jsonl"
    whole = path.read_text().splitlines(keepends=True)
    path.write_text("".join(whole[:lines]) + whole[lines][:25])


@pytest.mark.slow
def test_two_processes_train_what_one_does_also_after_a_stop(runs):
    one = trained(runs, "one")
    assert trained(runs, "two", "strategy=downhill", workers=2) == one, "a search that has no engine"
    cut(runs, "two", 3)
    assert trained(runs, "two", "run.workers=2", "run.engine=process") == one
    cut(runs, "two", 11)
    assert trained(runs, "two", workers=1) == one


def test_an_engine_that_finishes_in_another_order_makes_the_same_of_each_training(runs):
    one = trained(runs, "one")
    asked = len(runs.marks())
    assert trained(runs, "other", "run.engine=newest-first", workers=3) == one
    places = [row.place for row in read(runs.place / "other")]
    assert sorted(places) == [row.place for row in one] != places
    assert len(runs.marks()) == 2 * asked == 32


def test_no_two_genotypes_are_the_same_network(runs):
    rows = trained(runs, "run", "space={most: 1}", trials=Trials(2, 2, (1.0,)))
    assert {row.genotype["decisions"]["layer0/width"] for row in rows} == {2, 4}
    with pytest.raises(RunError, match="2 different genotypes could be found"):
        trained(runs, "more", "space={most: 1}", trials=Trials(3, 2, (1.0,)))


def test_a_training_that_fails_is_noted_once_and_its_genotype_left_out(runs):
    wrong = trained(runs, "wrong", "evaluator.wrong=nan", trials=Trials(8, 2, (1.0,)))
    right = trained(runs, "right", trials=Trials(8, 2, (1.0,)))
    asked = len(runs.marks())
    assert trained(runs, "wrong", "evaluator.wrong=nan", trials=Trials(8, 2, (1.0,))) == wrong
    assert len(runs.marks()) == asked, "a failure is a result too"
    failed = {row.number for row in wrong if row.failure}
    assert failed == {row.number for row in right if row.genotype["decisions"]["layers"] == 1} != set()
    found = summarise(wrong)
    assert found.left_out == len(failed) and found.genotypes == 8 - len(failed)
    assert len(found.failures) == 2 * len(failed)
    number = min(failed)
    assert f"Failed, so that its genotype is left out: genotype {number + 1}, seed 0, budget 1: the loss is nan" in [
        *found.advice()
    ]
    of_the_others = summarise([row for row in right if row.number not in failed])
    assert found.variances == of_the_others.variances and found.ranks == of_the_others.ranks


def test_too_few_that_did_not_fail_are_no_measurement(runs):
    rows = trained(runs, "run", "evaluator.wrong=nan", "space={most: 1}", trials=Trials(2, 2, (1.0,)))
    with pytest.raises(RunError, match=r"there for 0 genotypes; 3 .* least; 4 trainings failed, as genotype 1, seed 0"):
        summarise(rows)


def test_what_is_not_the_genotypes_fault_ends_it_and_what_was_trained_stays(runs):
    with pytest.raises(DataError, match="image 7 is gone"):
        trained(runs, "run", "evaluator.wrong=data", trials=Trials(8, 2, (1.0,)))
    kept = read(runs.place / "run")
    assert kept and all(row.genotype["decisions"]["layers"] > 1 for row in kept)


def test_results_in_the_folder_that_runs_share_are_not_trained_again(runs):
    cache = f"cache={{folder: {runs.place / 'shared'}}}"
    first = trained(runs, "first", cache)
    asked = len(runs.marks())
    assert trained(runs, "second", cache) == first and len(runs.marks()) == asked
    assert {row.seconds for row in read(runs.place / "second")} == {0.0}
    assert summarise(read(runs.place / "second")).seconds == 0
    trained(runs, "third", f"cache={{folder: {runs.place / 'shared'}, reuse: false}}")
    assert len(runs.marks()) == 2 * asked


def test_what_is_trained_already_needs_no_data(runs, monkeypatch):
    rows = trained(runs, "run")
    monkeypatch.setattr("nasframe.evidence.trials.open_problems", None)
    assert trained(runs, "run", "cache={reuse: false}", "run.threads=2") == rows
    assert json.loads((runs.place / "run" / "signal.json").read_text())["trials"]["genotypes"] == 4


def test_a_folder_of_trainings_does_not_go_on_with_other_data(runs, monkeypatch):
    trained(runs, "run")
    cut(runs, "run", 3)
    monkeypatch.setattr(Evaluator, "fingerprint", lambda self: {"a.png": "size 3;"})
    with pytest.raises(RunFolderError, match="holds trainings of other data"):
        trained(runs, "run")


def test_results_on_other_data_are_not_shared(runs, monkeypatch):
    shared = f"cache.folder={runs.place / 'shared'}"
    trained(runs, "first", shared)
    asked = len(runs.marks())
    monkeypatch.setattr(Evaluator, "fingerprint", lambda self: {"a.png": "size 3;"})
    trained(runs, "second", shared)
    assert len(runs.marks()) == 2 * asked

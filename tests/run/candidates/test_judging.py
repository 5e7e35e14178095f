"""How the candidates of a run are evaluated: within limits, once each, failures being results."""

import pytest
import yaml

from nasframe import (
    AskTell,
    DataError,
    Evaluation,
    Evaluator,
    ExperimentError,
    Genotype,
    Problem,
    RunError,
    Runtime,
    SearchSpace,
)
from nasframe.cost.counting import count
from nasframe.errors import CapabilityError
from nasframe.files.genotypes import read
from nasframe.files.yaml_text import dump
from nasframe.space import Task

MANY = "strategy.samples=24"


def test_no_candidate_beyond_a_constraint_is_ever_evaluated(runs, registry):
    runs.run("run", MANY, "constraints={params: 40, macs: 2500}", "objectives=[score, params, macs]")
    space = registry.get("space", "branches").value()
    found = runs.events("run")
    assert len(found) == 24 and len(runs.marks()) <= 24
    for event in found:
        cost = count(space, Genotype.from_dict(event["genotype"]), Task(3, 2, (8, 8)))
        assert event["objectives"]["params"] == cost.params <= 40
        assert event["objectives"]["macs"] == cost.macs <= 2500


def test_constraints_that_nothing_meets_end_the_run_and_tell_the_cheapest(runs):
    with pytest.raises(RunError, match=r"15 genotypes in a row .*macs at most 100, the cheapest seen has \d+"):
        runs.run("run", "constraints={macs: 100, tries: 15}")
    assert runs.marks() == []


def test_a_network_is_trained_once_however_often_it_is_asked_for(runs):
    runs.run("run", MANY, "space.most=1")
    told = runs.events("run")
    assert len(told) == 24 and len(runs.marks()) == 2
    same = [event.get("same_as") for event in told]
    assert sum(one is None for one in same) == 2
    steps = runs.events("run", "step")
    for number, original in enumerate(same):
        if original is not None:
            assert original <= number
            assert steps[number]["metrics"]["score"] == steps[original - 1]["metrics"]["score"]
    kernels = {event["genotype"]["decisions"].get("layer0/kernel") for event in told}
    assert kernels == {None, 1, 3}, "kernels 1 and 3 are asked for, but only one of them is evaluated"


def test_without_the_cache_every_candidate_is_evaluated(runs):
    runs.run("run", MANY, "space.most=1", "cache={reuse: false}")
    assert len(runs.marks()) == 24
    assert len({event["metrics"]["score"] for event in runs.events("run", "step")}) == 24


def test_runs_share_results_by_a_folder_unless_the_seed_differs(runs, tmp_path):
    shared = f"cache={{folder: {tmp_path / 'shared'}}}"
    runs.run("one", MANY, shared)
    evaluated = len(runs.marks())
    runs.run("two", MANY, shared)
    assert len(runs.marks()) == evaluated
    assert runs.history("one") == runs.history("two")
    assert {event.get("from") for event in runs.events("two") if "same_as" not in event} == {"cache.folder"}
    runs.run("three", MANY, shared, "seed=1")
    assert len(runs.marks()) > evaluated


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("nan", "the loss is nan"),
        ("error", "ValueError: a layer has"),
        ("memory", "OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB."),
    ],
)
def test_a_failure_is_a_result_and_the_run_goes_on(runs, wrong, reason):
    runs.run("run", MANY, f"evaluator.wrong={wrong}")
    told = runs.events("run")
    failures = [event for event in told if "failure" in event]
    assert len(told) == 24 and 0 < len(failures) < 24
    assert {event["failure"] for event in failures} == {reason}
    assert {event["genotype"]["decisions"]["layers"] for event in failures} == {1}
    assert runs.events("run", "step")[-1]["metrics"]["best_score"] > 0
    assert read(runs.place / "run" / "genotype.yaml").genotype["layers"] > 1


def test_a_search_of_which_all_candidates_fail_ends_early_and_says_why(runs):
    with pytest.raises(RunError, match=r"every one of the first 20 candidates failed.*20 times: the loss is nan"):
        runs.run("run", "strategy.samples=500", "space.most=1", "evaluator.wrong=nan")
    with pytest.raises(RunError, match="every one of the first 3 candidates failed"):
        runs.run("short", "strategy.samples=3", "space.most=1", "evaluator.wrong=nan")


def test_what_is_not_the_candidates_fault_ends_the_run(runs):
    with pytest.raises(DataError, match="image 7 is gone"):
        runs.run("run", MANY, "evaluator.wrong=data")


def test_an_objective_that_nobody_measures_is_refused_with_those_that_are(runs):
    with pytest.raises(ExperimentError, match=r"'latency' is no cost and no metric.*score, params, macs, budget, wide"):
        runs.run("run", "objectives=[score, latency]")


def test_the_front_is_written_as_genotypes_that_can_be_retrained(runs):
    runs.run("run", MANY, "objectives=[score, params]")
    files = sorted((runs.place / "run" / "front").iterdir())
    told = [(event["objectives"]["score"], event["objectives"]["params"]) for event in runs.events("run")]
    found = []
    for file in files:
        data = yaml.safe_load(file.read_text())
        found.append((data["objectives"]["score"], data["objectives"]["params"]))
        assert read(file).genotype.to_dict() == runs.events("run")[int(file.stem) - 1]["genotype"]
    expected = {a for a in told if not any(b != a and b[0] >= a[0] and b[1] <= a[1] for b in told)}
    assert len(found) == len(set(found)) and set(found) == expected


def test_a_run_cut_off_after_any_line_of_its_evaluations_repeats_none_of_them(runs):
    runs.run("whole", MANY)
    expected, lines = runs.history("whole"), len(runs.marks())
    kept = (runs.place / "whole" / "evaluations.jsonl").read_text().splitlines(keepends=True)
    for count_kept in (0, 3, len(kept)):
        folder = runs.place / f"cut{count_kept}"
        (folder).mkdir()
        (folder / "experiment.yaml").write_text((runs.place / "whole" / "experiment.yaml").read_text())
        (folder / "evaluations.jsonl").write_text("".join(kept[:count_kept]) + '{"candidate": 9, "bud')
        before = len(runs.marks())
        runs.resume(folder.name)
        assert runs.history(folder.name) == expected
        assert len(runs.marks()) - before == lines - count_kept


class TestTerms:
    def test_all_are_written_out_and_read_back(self, runs, registry):
        experiment = runs.experiment("constraints={params: 50}", "objectives=[score, wide]", "cache={folder: shared}")
        resolved = experiment.resolved()
        assert resolved["constraints"] == {"params": 50.0, "macs": None, "tries": 1000}
        assert resolved["cache"]["folder"].startswith("/")
        path = runs.place / "again.yaml"
        path.write_text(dump(resolved))
        from nasframe.experiment.checking import load

        assert load(path, (), registry) == experiment

    @pytest.mark.parametrize(
        ("override", "where"),
        [
            ("constraints={macs: 5}", "constraints"),
            ("objectives=[score, macs]", "objectives"),
            ("cache={reuse: false}", "cache"),
        ],
    )
    def test_they_are_refused_for_a_strategy_without_candidates(self, runs, override, where):
        with pytest.raises(CapabilityError, match=f"{where} is for strategies that propose.*that do: dice"):
            runs.experiment("strategy={type: downhill}", override)

    @pytest.mark.parametrize(
        ("override", "message"),
        [
            ("objectives=[macs]", "'score' among them"),
            ("objectives=[score, score]", "different names"),
            ("constraints={flops: 5}", "unknown key 'flops'"),
            ("constraints={macs: 0}", "greater than 0"),
        ],
    )
    def test_nonsense_is_refused(self, runs, override, message):
        with pytest.raises(ExperimentError, match=message):
            runs.experiment(override)


class TwoAnswers(SearchSpace):
    """One question."""

    name = "two-answers"

    def decide(self, choose):
        choose("only", (1, 2))

    def build(self, genotype, task):
        raise NotImplementedError

    def graph(self, genotype=None):
        raise NotImplementedError


class Lossy(Evaluator):
    """Its scores are minus a loss."""

    name = "lossy"

    def prepare(self):
        self.failing_score = -2.5

    def evaluate(self, candidate, budget=1.0):
        raise NotImplementedError


class Listening(AskTell):
    """Remembers what it hears."""

    name = "listening"

    def ask(self, rng):
        return None


def test_before_any_success_a_failure_hears_the_evaluators_failing_score_and_then_the_lowest_so_far():
    strategy = Listening(Problem(TwoAnswers(), Lossy(), Runtime()), None, steps=9)
    failure = Evaluation(0.0, failure="the loss is nan")
    for result in (failure, Evaluation(-1.0), failure, Evaluation(-4.0), failure):
        strategy.receive(Genotype("two-answers", (("only", 1),)), result)
    assert [result.score for _, result in strategy.history] == [-2.5, -1.0, -2.5, -4.0, -4.0]

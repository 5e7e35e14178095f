import html
import json
import types

import pytest
import torch
from tiny_registry import tiny_registry

import nasframe
from nasframe import Evaluator, ExperimentError, HoldsOut, Problem, Task, Trainable
from nasframe.compare import compare, tables
from nasframe.errors import CapabilityError
from nasframe.evaluator import Runtime
from nasframe.experiment.checking import load
from nasframe.experiment.ledger import Ledger
from nasframe.files.genotypes import read
from nasframe.plan.forecasting import phases_of
from nasframe.plan.probe import probe
from nasframe.report import ledger as report
from nasframe.report.record import read as read_record
from nasframe.run import execution, resume, run
from nasframe.run.inheriting import renew_statistics
from nasframe.run.interrupt import Interrupted
from nasframe.run.problems import require_same_classes
from nasframe.runfolder.checkpoint import read_state
from nasframe.runfolder.layout import RunLayout
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe.training.sgd import Training
from nasframe_darts.strategy import Darts

EXPERIMENT = """
name: gaps
seed: 3
space: {type: tiny-chain}
evaluator: {type: tiny-pixels, training: {steps: 10, lr: 0.5}}
strategy: {type: darts, epochs: 2, warmup_epochs: 0, lr: 0.2, arch_lr: 0.1}
ledger: {budget: 0.4}
retrain: {}
run: {device: cpu, checkpoint_minutes: 0}
"""
ONE_SHOT = "strategy={type: one-shot-random, train_steps: 3, samples: 3}"


class Held(Evaluator, Trainable, HoldsOut):
    """The tiny pixels, of which something is set aside."""

    name = "held"
    Options = TinyEvaluator.Options
    asked = 0

    def prepare(self):
        self.tiny = TinyEvaluator(self.options, self.runtime)
        self.task = self.tiny.task

    def evaluate(self, candidate, budget=1.0):
        return self.tiny.evaluate(candidate, budget)

    def training(self, network, budget=1.0):
        return self.tiny.training(network, budget)

    def batches(self, split, start=0):
        return self.tiny.batches(split, start)

    def epoch_steps(self, split):
        return self.tiny.epoch_steps(split)

    def loss(self, model, batch):
        return self.tiny.loss(model, batch)

    def measure(self, model):
        return self.tiny.measure(model)

    def measure_holdout(self, model):
        Held.asked += 1
        return self.tiny.measure(model)


def registry():
    return tiny_registry(Held)


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, __name__, types.SimpleNamespace(**globals()))


def experiment(tmp_path, *overrides):
    path = tmp_path / "gaps.yaml"
    path.write_text(EXPERIMENT)
    return load(path, overrides, registry())


def scores(folder):
    return json.loads(RunLayout(folder).ledger.read_text())


def weights(folder):
    return torch.load(RunLayout(folder).weights, weights_only=True)


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_its_entries_are_scores_of_the_supernet_and_of_what_starts_from_it(tmp_path):
    whole = experiment(tmp_path, "strategy.epochs=30", "run.checkpoint_minutes=100")
    folder = run(whole, tmp_path / "run", quiet=True)
    evaluator = TinyEvaluator(whole.retrain.evaluator.options, Runtime(seed=3))
    problem = Problem(TinySpace(), evaluator, Runtime(seed=3))
    strategy = Darts(problem, whole.strategy.options)
    strategy.load_state_dict(read_state(RunLayout(folder).checkpoint("search", 60)))
    found = scores(folder)
    assert found["mixed"] == evaluator.measure(strategy.supernet).score
    genotype = read(RunLayout(folder).genotype).genotype
    alone = problem.space.one_hot(strategy.supernet, genotype)
    renew_statistics(problem, alone)
    assert found["one_hot"] == evaluator.measure(alone).score
    state = read_state(RunLayout(folder).checkpoint("ledger", 4))
    network = problem.space.build(genotype, evaluator.task)
    network.load_state_dict(state["network"])
    assert found["short"] == evaluator.measure(network).score
    assert found["budget"] == 0.4
    assert len({found["mixed"], found["one_hot"], found["short"]}) > 1


def test_the_short_training_starts_from_the_supernet_whatever_the_retraining_does(tmp_path):
    folder = run(experiment(tmp_path, "run.keep_checkpoints=99"), tmp_path / "run", quiet=True)
    kept = torch.load(RunLayout(folder).inherited, weights_only=True)
    begun = {phase: read_state(RunLayout(folder).checkpoint(phase, 0))["network"] for phase in ("ledger", "retrain")}
    assert same(begun["ledger"], kept) and not same(begun["retrain"], kept)


def test_it_changes_nothing_of_the_search_and_the_retraining(tmp_path):
    with_it = run(experiment(tmp_path), tmp_path / "with", quiet=True)
    without = run(experiment(tmp_path, "ledger=null"), tmp_path / "without", quiet=True)
    assert read(RunLayout(with_it).genotype).genotype == read(RunLayout(without).genotype).genotype
    assert same(weights(with_it), weights(without))
    assert not RunLayout(without).ledger.exists() and not RunLayout(without).inherited.exists()


def test_what_is_set_aside_is_seen_once_for_the_final_score(tmp_path, monkeypatch):
    monkeypatch.setattr(Held, "asked", 0)
    folder = run(experiment(tmp_path, "evaluator.type=held"), tmp_path / "run", quiet=True)
    assert Held.asked == 1 and scores(folder)["short"] is not None


@pytest.mark.parametrize("phase", ["ledger", "retrain"])
def test_a_run_killed_in_it_or_after_it_ends_equal(tmp_path, monkeypatch, phase):
    overrides = ("retrain.weights=supernet", "finalists=2", ONE_SHOT)
    whole = run(experiment(tmp_path, *overrides), tmp_path / "whole", quiet=True)
    step, calls = Training.step, []

    def killed(self, index, rng, *switches):
        calls.append(self.steps)
        if calls.count(4 if phase == "ledger" else 10) == 3:
            raise KeyboardInterrupt
        return step(self, index, rng, *switches)

    with monkeypatch.context() as patched:
        patched.setattr(Training, "step", killed)
        with pytest.raises(Interrupted):
            run(experiment(tmp_path, *overrides), tmp_path / "cut", quiet=True)
    assert json.loads(RunLayout(tmp_path / "cut").status.read_text())["phase"] == phase
    resume(tmp_path / "cut", registry(), quiet=True)
    assert scores(tmp_path / "cut") == scores(whole)
    assert same(weights(tmp_path / "cut"), weights(whole))


def test_of_several_finalists_the_score_is_that_of_the_one_that_was_found(tmp_path):
    folder = run(experiment(tmp_path, "finalists=3", ONE_SHOT), tmp_path / "run", quiet=True)
    files = RunLayout(folder)
    named = json.loads(files.finalists.read_text())
    place = named.index(read(files.genotype).genotype.to_dict())
    alone = json.loads(files.supernet_scores.read_text())["one_hot"]
    assert len(alone) == len(named) == 3 and scores(folder)["one_hot"] == alone[place]
    assert files.inherited.read_bytes() == files.inherited_by(place + 1).read_bytes()


def test_a_supernet_that_runs_as_one_genotype_at_a_time_has_no_mixture_to_score(tmp_path):
    folder = run(experiment(tmp_path, ONE_SHOT), tmp_path / "run", quiet=True)
    assert scores(folder)["mixed"] is None
    assert [row[0] for row in report.table(read_record(folder)).rows] == [
        "the found genotype alone in it",
        "its network, from there trained for 40% of a retraining",
        "its network, retrained from random weights",
    ]


def test_it_stands_in_both_reports_in_an_event_and_at_the_end(tmp_path, capsys):
    folder = run(experiment(tmp_path, "retrain.weights=supernet"), tmp_path / "run")
    record, out = read_record(folder), capsys.readouterr().out
    rows = report.table(record).rows
    assert [row[0] for row in rows][0::3] == ["the supernet, mixed", "its network, retrained from there"]
    found = scores(folder)
    assert rows[1][2] == f"{found['one_hot'] - found['mixed']:+.4f}"
    assert report.sentence(record) in out and f"retrained from there {record.metrics['score']:.4f}." in out
    page = html.unescape(RunLayout(folder).page.read_text())
    for text in (RunLayout(folder).report.read_text(), page):
        assert "The gap ledger" in text and rows[1][2] in text
    event = next(one for one in record.events if one["event"] == "ledger")
    assert event["phase"] == "ledger" and {key: event[key] for key in found} == found


def test_a_comparison_has_the_entries_beside_each_other(tmp_path):
    with_it = run(experiment(tmp_path), tmp_path / "with", quiet=True)
    without = run(experiment(tmp_path, "ledger=null"), tmp_path / "without", quiet=True)
    found = compare([read_record(with_it), read_record(without)])
    assert list(found.runs[0].ledger) == ["mixed", "one_hot", "short", "retrained"] and found.runs[1].ledger == {}
    rows = {row[0]: row[1:] for row in next(tables(found)).rows}
    assert rows["gap ledger, retrained"] == (rows["score"][0], "–")


def test_a_killed_run_without_its_scores_of_the_supernet_says_the_way_on(tmp_path, monkeypatch):
    def killed(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(execution, "retrain", killed)
        with pytest.raises(Interrupted):
            run(experiment(tmp_path), tmp_path / "run", quiet=True)
    RunLayout(tmp_path / "run").supernet_scores.unlink()
    with pytest.raises(nasframe.RunError, match=r"measured of its supernet is lost: .*Put the file back, or delete"):
        resume(tmp_path / "run", registry(), quiet=True)


class TestHowItIsAskedFor:
    """In an experiment, or not."""

    @pytest.mark.parametrize(
        ("written", "budget"), [("true", 0.1), ("{}", 0.1), ("0.25", 0.25), ("1", 1.0), ("{budget: 0.5}", 0.5)]
    )
    def test_by_true_a_share_or_a_mapping(self, tmp_path, written, budget):
        found = experiment(tmp_path, "ledger=null", f"ledger={written}")
        assert found.ledger == Ledger(budget=budget)
        assert found.resolved()["ledger"] == {"budget": budget}

    @pytest.mark.parametrize("written", ["null", "false"])
    def test_not_at_all(self, tmp_path, written):
        assert experiment(tmp_path, f"ledger={written}").ledger is None

    @pytest.mark.parametrize(
        ("override", "kind", "said"),
        [
            ("retrain=null", ExperimentError, "found beside retrain: null"),
            ("ledger=often", ExperimentError, "expected true, a share of a retraining, or a mapping"),
            ("ledger=2", ExperimentError, "less than or equal to 1"),
            ("strategy={type: random, samples: 2}", CapabilityError, "ledger needs a strategy that trains a supernet"),
        ],
    )
    def test_what_is_wrong_is_told(self, tmp_path, override, kind, said):
        with pytest.raises(kind, match=said):
            experiment(tmp_path, override)

    def test_tasks_that_differ_are_refused_before_the_search(self):
        problems = [Problem(TinySpace(), TinyEvaluator()) for _ in range(2)]
        require_same_classes(*problems)
        problems[1].evaluator.task = Task(3, 7, (8, 8))
        with pytest.raises(
            ExperimentError, match="for 3 channels and 2 classes, as the retrained network, made for 3 and 7"
        ):
            require_same_classes(*problems)


def test_plan_counts_the_short_training_and_the_measurements(tmp_path):
    whole = experiment(tmp_path)
    assert phases_of(whole) == ("search", "ledger", "retrain")
    found = probe(whole, "ledger", 0.05)
    assert found.steps == 4 and found.counts == {"training": 4} and found.after > 0

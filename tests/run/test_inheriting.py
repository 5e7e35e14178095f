import html
import json
import types

import numpy as np
import pytest
import torch
from tiny_registry import tiny_registry
from torch import nn

from nasframe import CapabilityError, Evaluation, Evaluator, ExperimentError, Problem, RunError, Task
from nasframe.evaluator import Runtime
from nasframe.experiment.checking import load
from nasframe.files.genotypes import read
from nasframe.genotype import sample
from nasframe.report.record import read as read_record
from nasframe.run import execution, resume, run
from nasframe.run.inheriting import BATCHES, preview, start_from_file, take_over
from nasframe.run.interrupt import Interrupted
from nasframe.runfolder.checkpoint import read_state
from nasframe.runfolder.layout import RunLayout
from nasframe.testing.spaces import SpaceContract
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe_darts.strategy import Darts

EXPERIMENT = """
name: heir
seed: 3
space: {type: tiny-chain}
evaluator: {type: tiny-pixels, training: {steps: 3}}
strategy: {type: darts, epochs: 2, warmup_epochs: 0, batch: null}
retrain: {weights: supernet}
run: {device: cpu, checkpoint_minutes: 1000}
""".replace(", batch: null", "")


class Untrained(Evaluator):
    """Gives batches to nobody, and trains nothing."""

    name = "untrained"

    def prepare(self):
        self.task = Task(3, 2, (8, 8))

    def evaluate(self, candidate, budget=1.0):
        return Evaluation(0.5)


def registry():
    return tiny_registry(Untrained)


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, __name__, types.SimpleNamespace(**globals()))


def experiment(tmp_path, *overrides):
    path = tmp_path / "heir.yaml"
    path.write_text(EXPERIMENT)
    return load(path, overrides, registry())


def begun_with(folder):
    """The weights of the network before its first step."""
    return read_state(RunLayout(folder).checkpoint("retrain", 0))["network"]


def weights(folder):
    return torch.load(RunLayout(folder).weights, weights_only=True)


def learned(folder, steps):
    """The supernet's tensors under the names of the network's."""
    state = read_state(RunLayout(folder).checkpoint("search", steps))["supernet"]
    places = {"convolutions.0": "0", "convolutions.1": "2", "head": "4"}
    return {
        name.replace(old, new): tensor for name, tensor in state.items() for old, new in places.items() if old in name
    }


class TestTinySpace(SpaceContract):
    space = TinySpace()
    task = Task(3, 2, (8, 8))


def test_the_retraining_starts_with_each_tensor_of_the_supernet(tmp_path):
    folder = run(experiment(tmp_path), tmp_path / "run", quiet=True)
    expected = learned(folder, 4)
    found = begun_with(folder)
    assert found.keys() == expected.keys() and len(found) == 6
    assert all(torch.equal(found[name], expected[name]) for name in found)
    fresh = run(experiment(tmp_path, "retrain.weights=fresh"), tmp_path / "fresh", quiet=True)
    assert not torch.equal(begun_with(fresh)["0.weight"], found["0.weight"])
    assert not RunLayout(fresh).start.exists() and not RunLayout(fresh).inherited.exists()


def test_a_one_shot_supernet_is_started_from_too_and_what_it_has_no_counterpart_of_is_not_taken(tmp_path):
    strategy = "strategy={type: one-shot-random, train_steps: 3, samples: 2}"
    folder = run(experiment(tmp_path, strategy), tmp_path / "run", quiet=True)
    assert json.loads(RunLayout(folder).start.read_text())["share"] == 1.0
    assert not any("norm" in name for name in begun_with(folder))


def test_what_was_taken_is_said_in_an_event_a_file_and_both_reports(tmp_path, capsys):
    folder = run(experiment(tmp_path), tmp_path / "run")
    told = json.loads(RunLayout(folder).start.read_text())
    assert (told["file"], told["batches"], told["share"]) == ("retrain/inherited.pt", BATCHES, 1.0)
    assert len(told["matched"]) == 6 and told["missing"] == [] and told["other_shape"] == {}
    event = next(one for one in read_record(folder).events if one["event"] == "start")
    assert (event["phase"], event["source"], event["matched"], event["share"]) == ("retrain", "the supernet", 6, 1.0)
    out = capsys.readouterr().out
    assert "6 of 6 tensors would, 100% of its parameters" in out, "before the search"
    sentence = "what the search's supernet had learned: 6 of the network's 6 tensors, 100% of its parameters."
    page = html.unescape(RunLayout(folder).page.read_text())
    assert all(sentence in text for text in (out, RunLayout(folder).report.read_text(), page))


@pytest.mark.parametrize("finalists", ["null", "2"])
def test_a_run_killed_between_search_and_retraining_ends_bit_equal(tmp_path, monkeypatch, finalists):
    overrides = f"finalists={finalists}", "strategy={type: one-shot-random, train_steps: 3, samples: 3}"
    whole = run(experiment(tmp_path, *overrides), tmp_path / "whole", quiet=True)

    def killed(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(execution, "retrain", killed)
        with pytest.raises(Interrupted):
            run(experiment(tmp_path, *overrides), tmp_path / "cut", quiet=True)
    assert not RunLayout(tmp_path / "cut").retrain_checkpoints.exists()
    resume(tmp_path / "cut", registry(), quiet=True)
    found, expected = weights(tmp_path / "cut"), weights(whole)
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    genotypes = [read(RunLayout(folder).genotype).genotype for folder in (whole, tmp_path / "cut")]
    assert genotypes[0] == genotypes[1]


def test_norms_take_their_statistics_anew_for_the_network_as_a_whole():
    evaluator = TinyEvaluator()
    network = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3), nn.Conv2d(3, 2, 1))
    tensors = {"0.weight": torch.full((3, 3, 1, 1), 2.0), "1.running_mean": torch.full((3,), 9.0)}
    found = take_over(Problem(TinySpace(), evaluator), network, tensors)
    assert torch.equal(network[0].weight, tensors["0.weight"])
    stream = evaluator.batches("train")
    inputs = torch.cat([next(stream).inputs for _ in range(BATCHES)])
    torch.testing.assert_close(network[1].running_mean, network[0](inputs).mean((0, 2, 3)), rtol=1e-4, atol=1e-5)
    assert found.share == pytest.approx(9 / (9 + 3 + 3 + 3 + 6 + 2))
    assert "0.bias" in found.missing and "1.weight" in found.missing


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "partial"])
def test_statistics_from_a_file_are_kept_where_it_has_the_whole_network_alone(tmp_path, whole):
    network = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3), nn.Conv2d(3, 2, 1))
    state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    state["1.running_mean"] += 7
    torch.save(state if whole else {name: state[name] for name in state if name != "0.bias"}, tmp_path / "start.pt")
    journal = types.SimpleNamespace(
        folder=types.SimpleNamespace(layout=RunLayout(tmp_path)),
        record=lambda *_, **__: None,
        progress=types.SimpleNamespace(say=lambda line: None),
    )
    start_from_file(tmp_path / "start.pt", Problem(TinySpace(), TinyEvaluator()), network, journal)
    assert torch.equal(network[1].running_mean, state["1.running_mean"]) == whole
    assert json.loads(RunLayout(tmp_path).start.read_text())["batches"] == (0 if whole else BATCHES)


def test_a_supernet_of_which_nothing_fits_ends_the_run_before_the_search(monkeypatch):
    problem = Problem(TinySpace(), TinyEvaluator(), Runtime())
    strategy = Darts(problem, Darts.Options(epochs=1))
    monkeypatch.setattr(TinySpace, "inherited", lambda self, supernet, genotype: {"0.weight": torch.zeros(9, 9)})
    with pytest.raises(RunError, match=r"no weight of the supernet matches(.|\n)*1 of another shape: 0.weight \(9x9"):
        preview(strategy, problem)


class TestWhatIsRefused:
    """By ``check``, before any data are read."""

    @pytest.mark.parametrize(
        ("override", "said"),
        [
            ("strategy={type: random, samples: 2}", r"retrain.weights needs a strategy that trains a supernet .*darts"),
            ("space={type: macro}", r"retrain.weights needs a space that hands on what a supernet has learned"),
            ("evaluator={type: untrained}", r"retrain.weights needs an evaluator that trains networks \(Trainable\)"),
        ],
    )
    def test_parts_without_a_supernet_that_networks_could_start_from(self, tmp_path, override, said):
        with pytest.raises(CapabilityError, match=said):
            experiment(tmp_path, override)

    def test_other_widths_of_every_cell(self, tmp_path, monkeypatch):
        monkeypatch.setattr(TinySpace, "unlike", lambda self, search: "they are others")
        with pytest.raises(CapabilityError, match="nothing could start from the supernet: they are others"):
            experiment(tmp_path)

    def test_a_given_genotype(self, tmp_path):
        genotype = sample(TinySpace(), np.random.default_rng(0)).to_dict()
        path = tmp_path / "given.yaml"
        path.write_text(f"evaluator: tiny-pixels\ngenotype: {json.dumps(genotype)}\nretrain: {{weights: supernet}}")
        with pytest.raises(ExperimentError, match="beside the key 'genotype'; no supernet is trained"):
            load(path, registry=registry())

    def test_another_word(self, tmp_path):
        with pytest.raises(ExperimentError, match="expected 'fresh', 'supernet' or the path of a file"):
            experiment(tmp_path, "retrain.weights=3")


def test_the_written_experiment_says_it_and_is_the_same(tmp_path):
    whole = experiment(tmp_path)
    assert whole.resolved()["retrain"]["weights"] == "supernet"
    assert "weights" not in experiment(tmp_path, "retrain.weights=fresh").resolved()["retrain"]

import json
import types
from typing import ClassVar

import numpy as np
import pytest

import nasframe
from nasframe import AskTell, Component, Evaluation, Evaluator, ExperimentError, FileError, RunError, Strategy, Task
from nasframe.evaluations import Directly
from nasframe.evidence.repeat import processor_seconds
from nasframe.experiment.checking import load
from nasframe.experiment.finalists import Finalists
from nasframe.files.genotypes import read
from nasframe.genotype import Genotype, sample
from nasframe.plan.forecasting import phases_of
from nasframe.plan.probe import probe
from nasframe.plugin.registry import Plugin, Registry
from nasframe.report.record import read as read_record
from nasframe.run import resume, run
from nasframe.run.candidates import own_process
from nasframe.run.candidates.finals import Finals, name_finalists
from nasframe.run.interrupt import Interrupted
from nasframe.strategy import Problem
from nasframe.testing.tiny import TinySpace

EXPERIMENT = """
name: finals
seed: 3
space: digits
evaluator: luck
strategy: {type: STRATEGY}
finalists: FINALISTS
retrain: null
run: {device: cpu, checkpoint_minutes: 0}
"""


class Digits(nasframe.SearchSpace, nasframe.Canonical):
    """A digit; an odd one is the same network as the even one below it."""

    name = "digits"
    labels = ("images",)

    def decide(self, choose):
        choose("digit", tuple(range(20)))

    def canonical(self, genotype):
        return Genotype("digits", (("digit", genotype["digit"] // 2 * 2),))

    def build(self, genotype, task):
        raise AssertionError("no network is needed")

    def graph(self, genotype=None):
        return TinySpace().graph()


class Luck(Evaluator):
    """Small budgets are lucky for small digits; 4 fails."""

    name = "luck"
    asked: ClassVar[list] = []

    def prepare(self):
        self.task = Task(3, 2, (8, 8), dense=False)

    def evaluate(self, candidate, budget=1.0):
        digit = candidate.genotype["digit"]
        self.asked.append((digit, budget))
        if digit == 4:
            raise RunError("four is unlucky")
        return Evaluation(digit / 20 if budget > 0.3 else 1 - abs(digit - 6) / 20)


class Named(Strategy):
    """Names the even digits upwards after two steps."""

    name = "named"

    def __init__(self, problem, options):
        self.steps = 2

    def step(self, index, rng):
        return {"loss": 1.0}

    def best(self):
        return digit(0)

    def finalists(self, count):
        return [digit(number) for number in range(count)][:20]

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass


class Alone(Named):
    name = "alone"

    def finalists(self, count):
        return [self.best()]


class Drawn(AskTell):
    name = "drawn"

    def __init__(self, problem, options):
        super().__init__(problem, options, 6, 0.25)

    def ask(self, rng):
        return sample(self.problem.space, rng)


def digit(number):
    return Genotype("digits", (("digit", number),))


def registry():
    classes = {"space": (Digits,), "evaluator": (Luck,), "strategy": (Named, Alone, Drawn)}
    components = [
        Component(kind, cls.name, f"{__name__}:{cls.__name__}", f"{cls.name}.")
        for kind, group in classes.items()
        for cls in group
    ]
    plugin = types.SimpleNamespace(nasframe_components=nasframe.hookimpl(lambda: components))
    found = Registry([*Registry.discover().active, Plugin("finals", "nasframe-finals", "1.0", lambda: plugin)])
    for cls in (Digits, Luck, Named, Alone, Drawn):
        found.get(next(kind for kind, group in classes.items() if cls in group), cls.name)
    return found


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, __name__, types.SimpleNamespace(**globals()))
    Luck.asked.clear()


def experiment(tmp_path, finalists, strategy="named"):
    path = tmp_path / "finals.yaml"
    path.write_text(EXPERIMENT.replace("FINALISTS", finalists).replace("STRATEGY", strategy))
    return load(path, registry=registry())


def events(folder):
    return [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]


def test_each_rung_trains_the_best_of_the_one_before_and_the_best_of_the_last_is_found(tmp_path):
    options = "{count: 6, budgets: [0.25, 0.5, 1.0], eta: 2}"
    folder = run(experiment(tmp_path, options), tmp_path / "run", quiet=True)
    assert Luck.asked == [
        *((number, 0.25) for number in (0, 2, 4, 6, 8, 10)),
        *((number, 0.5) for number in (6, 8, 2)),  # 8 and 4 away from 6; 2 comes before 10, which is as far
        *((number, 1.0) for number in (8, 6)),
    ]
    assert read(folder / "genotype.yaml").genotype == digit(8)


def test_a_strategy_that_evaluates_candidates_names_its_best_ones(tmp_path):
    folder = run(experiment(tmp_path, "{count: 3, budgets: [0.5]}", "drawn"), tmp_path / "run", quiet=True)
    drawn = {number for number, budget in Luck.asked if budget == 0.25}
    finals = [number for number, budget in Luck.asked if budget == 0.5]
    assert len(finals) == 3 and finals == sorted(drawn - {4}, key=lambda number: abs(number - 6))[:3]
    assert read(folder / "genotype.yaml").genotype == digit(max(finals))


def test_a_run_killed_among_its_finalists_goes_on_and_ends_equal(tmp_path, monkeypatch):
    whole = run(experiment(tmp_path, "6"), tmp_path / "whole", quiet=True)
    asked = list(Luck.asked)
    perform, calls = own_process.perform, []

    def killed(problem, job, trainings):
        calls.append(job)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return perform(problem, job, trainings)

    Luck.asked.clear()
    monkeypatch.setattr(own_process, "perform", killed)
    with pytest.raises(Interrupted):
        run(experiment(tmp_path, "6"), tmp_path / "cut", quiet=True)
    monkeypatch.setattr(own_process, "perform", perform)
    assert json.loads((tmp_path / "cut/status.json").read_text())["phase"] == "finalists"
    resume(tmp_path / "cut", registry(), quiet=True)
    assert Luck.asked == asked, "what was evaluated is not evaluated again, and the search is not repeated"
    assert read(tmp_path / "cut/genotype.yaml").genotype == read(whole / "genotype.yaml").genotype
    kept = [[event for event in events(one) if event["event"] == "evaluated"] for one in (whole, tmp_path / "cut")]
    drop = ("time", "seconds")
    assert [{**event, **dict.fromkeys(drop)} for event in kept[0]] == [
        {**event, **dict.fromkeys(drop)} for event in kept[1]
    ]


def test_finalists_that_are_lost_are_told_with_the_way_on(tmp_path, monkeypatch):
    monkeypatch.setattr(
        own_process, "perform", lambda problem, job, trainings: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    with pytest.raises(Interrupted):
        run(experiment(tmp_path, "6"), tmp_path / "run", quiet=True)
    (tmp_path / "run/finalists/genotypes.json").write_text("[1]")
    with pytest.raises(FileError, match=r"genotypes.json is not what the run wrote"):
        resume(tmp_path / "run", registry(), quiet=True)
    (tmp_path / "run/SHA256SUMS").unlink()
    with pytest.raises(RunError, match=r"finalists that it named are lost: .*genotypes.json .* or delete it"):
        resume(tmp_path / "run", registry(), quiet=True)


def test_a_strategy_that_knows_one_genotype_alone_finds_it_without_trainings(tmp_path):
    folder = run(experiment(tmp_path, "6", "alone"), tmp_path / "run", quiet=True)
    assert read(folder / "genotype.yaml").genotype == digit(0) and not Luck.asked


def test_the_report_shows_what_the_finalists_scored_and_the_cost_counts_them(tmp_path):
    folder = run(experiment(tmp_path, "6"), tmp_path / "run", quiet=True)
    markdown, page = (folder / "report.md").read_text(), (folder / "report.html").read_text()
    assert "### The finalists" in markdown and "| finalist | 25% | 50% |" in markdown
    assert "| 3 | failed | – |" in markdown and "| 5, found | 0.9 | 0.4 |" in markdown
    assert "## The candidates" not in markdown, "the search itself evaluated none"
    assert "The finalists" in page and "5, found" in page
    assert read_record(folder).status["state"] == "done"
    spent = [event["processor_seconds"] for event in events(folder) if event["event"] == "checkpoint"]
    assert processor_seconds(folder) > spent[2], "more than the search alone"


def test_names_are_different_networks_that_are_within_the_constraints():
    problem = Problem(Digits(), Luck(), accepts=lambda genotype: genotype["digit"] != 2)
    named = name_finalists(Named(problem, None), problem, 3)
    assert named == [digit(0), digit(3), digit(4)], "1 is the network of 0; 2 is refused, but 3 is not"


def test_results_may_come_late_and_a_rung_waits_for_the_one_before():
    problem = Problem(Digits(), Luck())
    finals = Finals(problem, Finalists(count=2), [digit(0), digit(6)])
    rng = np.random.default_rng(0)
    asked = []
    for _ in range(2):
        asked.append(finals.ask(rng))
        finals.outstanding.append((asked[-1], finals.budget))
    assert asked == [digit(0), digit(6)] and finals.ask(rng) is None
    direct = Directly(problem.space, problem.evaluator)
    for number, genotype in enumerate(asked):
        direct.begin(number, genotype, 0.25)
        finals.outstanding.pop(0)
        finals.receive(genotype, direct.end(number))
    assert finals.ask(rng) == digit(6) and finals.budget == 0.5


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("1", "finalists.count: found 1, expected greater than or equal to 2"),
        ("yes please", "finalists: found 'yes please', expected how many, or a mapping"),
        ("{count: 4, budgets: [0.5, 0.25]}", "each is larger than the one before"),
        ("{cuont: 4}", "unknown key 'cuont'"),
    ],
)
def test_what_is_wrong_with_the_key_is_told_with_its_place(tmp_path, written, said):
    with pytest.raises(ExperimentError) as error:
        experiment(tmp_path, written)
    assert said in str(error.value) and "finals.yaml:7" in str(error.value)


def test_a_number_is_their_count_and_the_file_with_all_defaults_is_the_same_experiment(tmp_path):
    short = experiment(tmp_path, "4")
    assert short.finalists == Finalists(count=4)
    path = tmp_path / "long.yaml"
    path.write_text(json.dumps(short.resolved()))
    assert load(path, registry=registry()).finalists == short.finalists


def test_workers_may_be_asked_for_where_finalists_are_trained_and_not_without(tmp_path):
    path = tmp_path / "finals.yaml"
    text = EXPERIMENT.replace("STRATEGY", "named").replace("device: cpu", "device: cpu, workers: 2")
    path.write_text(text.replace("FINALISTS", "4"))
    assert load(path, registry=registry()).run.workers == 2
    path.write_text(text.replace("FINALISTS", "null"))
    with pytest.raises(nasframe.CapabilityError, match=r"run\.workers is for strategies that propose candidates"):
        load(path, registry=registry())


def test_plan_counts_the_trainings_of_finalists(tmp_path):
    path = tmp_path / "file.yaml"
    path.write_text(
        "name: f\nspace: {type: autodeeplab, layers: 3, levels: 2, blocks: 1, filters: 2}\n"
        "evaluator: {type: streets, scenes: {train: 8, val: 2, cities: 2, height: 33, width: 33}, crop: 33, batch: 2,"
        " workers: 0, training: {steps: 8}}\n"
        "strategy: {type: darts, steps: 2, warmup_steps: 1, validate_epochs: 0}\nfinalists: 4\nretrain: null\n"
    )
    found = load(path)
    assert phases_of(found) == ("search", "finalists")
    measured = probe(found, "finalists", 0.02)
    assert measured.counts == {"training of 0.25": 4, "training of 0.5": 2}
    assert measured.seconds.keys() == measured.processor.keys() == measured.counts.keys()

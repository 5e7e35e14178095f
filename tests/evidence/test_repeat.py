"""Whether a search finds better networks: what is run, what is made of it, and going on after a kill."""

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy import stats

from nasframe import ExperimentError, RunError, RunFolderError
from nasframe.cli import main
from nasframe.evidence.lanes import Lanes
from nasframe.evidence.repeat import Repetition, conduct
from nasframe.evidence.repeat_page import write_repeated
from nasframe.evidence.statistics import paired
from nasframe.evidence.verdict import Finding, Judgement, Repeated, agreement, judge
from nasframe.experiment.checking import load
from nasframe.files import genotypes
from nasframe.plugin.registry import Registry
from nasframe.runfolder.layout import RunLayout

EXPERIMENT = """
name: sought
seed: 5
space: {type: macro, stages: [1, 1], filters: 2, head: 4}
evaluator: {type: table, path: table.json, seed: mean}
strategy: {type: random, samples: 3, budget: 1}
retrain: {}
run: {device: cpu, threads: 1, snapshots: 0}
"""
OTHER = EXPERIMENT.replace("sought", "other").replace("samples: 3", "samples: 1")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    keys = ["".join(key) for key in itertools.product("012", repeat=2)]
    rows = {
        key: {"test_acc": [*map(float, 100 * rng.random(3))], "params": 1.0, "flops": 1.0 + i}
        for i, key in enumerate(keys)
    }
    Path("table.json").write_text(json.dumps(rows))
    Path("sought.yaml").write_text(EXPERIMENT)
    Path("other.yaml").write_text(OTHER)
    return tmp_path


def repeated(repetition, into="into"):
    registry = Registry.discover()
    experiment = load(repetition.file, repetition.overrides, registry)
    conduct(experiment, repetition, Path(into), registry, lambda line: None)
    return judge(experiment.name, repetition, Path(into))


def accuracy(run):
    answers = {"identity": "0", "mb3_k3": "1", "mb6_k5": "2"}
    key = "".join(answers[answer] for _, answer in genotypes.read(run.final_genotype).genotype.decisions)
    return np.mean(json.loads(Path("table.json").read_text())[key]["test_acc"]) / 100


def test_each_arm_searches_with_each_seed_and_what_is_found_is_retrained_alike(folder):
    found = repeated(Repetition(Path("sought.yaml"), seeds=2, retrainings=2, against=("draws", "random", "other.yaml")))
    assert [(one.arm, one.number) for one in found.found] == [
        (arm, number) for arm in ("search", "draws", "random", "other") for number in (0, 1)
    ]
    for one in found.found:
        runs = [RunLayout(Path("into", one.arm, f"seed-{one.number}{end}")) for end in ("", "-retraining-2")]
        if one.arm == "draws":
            runs[0] = RunLayout(Path("into", one.arm, f"seed-{one.number}-retraining-1"))
        assert one.scores == pytest.approx([accuracy(run) for run in runs])
        seeds = [load(run.experiment, (), Registry.discover()).seed for run in runs]
        assert seeds == [5 + one.number, 1005 + one.number]
    by_arm = {arm: [one for one in found.found if one.arm == arm] for arm in ("search", "draws", "random", "other")}
    assert all(draw.macs <= mine.macs for draw, mine in zip(by_arm["draws"], by_arm["search"], strict=True))
    assert all(one.processor_seconds == 0 for one in by_arm["draws"])
    for mine, lots in zip(by_arm["search"], by_arm["random"], strict=True):
        assert lots.processor_seconds >= mine.processor_seconds > 0
        events = RunLayout(Path("into", "random", f"seed-{lots.number}")).events.read_text().splitlines()
        assert [json.loads(line)["event"] for line in events].count("ended_early") == 1
    for judgement in found.judgements:
        pairs = zip(by_arm["search"], by_arm[judgement.opponent], strict=True)
        differences = [mine.score - other.score for mine, other in pairs]
        assert judgement.difference.mean == pytest.approx(np.mean(differences))
    table = found.metrics()
    assert table.columns == (
        "metric, points",
        "frames",
        "search",
        *(f"minus {arm} (95 %)" for arm in ("draws", "random", "other")),
    )
    mean = dict(zip(table.columns, next(row for row in table.rows if row[0] == "mean_accuracy"), strict=True))
    assert mean["frames"] == "val"
    assert float(mean["search"]) == pytest.approx(100 * np.mean([one.score for one in by_arm["search"]]), abs=0.005)
    differences = [a.score - b.score for a, b in zip(by_arm["search"], by_arm["random"], strict=True)]
    assert mean["minus random (95 %)"].startswith(f"{100 * np.mean(differences):+.2f} (")
    page = write_repeated(found, Path("into")).read_text()
    text = Path("into/repeat.md").read_text()
    assert all(sentence in page and sentence in text for sentence in found.sentences())
    assert Path("into/repeat.svg").is_file() and page.count("data:image/svg") == 1


def test_the_interval_is_students():
    differences = np.array([0.01, 0.03, -0.005, 0.02])
    found, test = paired(differences), stats.ttest_1samp(differences, 0)
    assert (found.low, found.high) == pytest.approx(tuple(test.confidence_interval(0.95)))
    assert found.p == pytest.approx(test.pvalue)
    assert found.effect == pytest.approx(np.mean(differences) / np.std(differences, ddof=1))
    same = paired(np.array([0.02, 0.02]))
    assert (same.low, same.high, same.p) == (0.02, 0.02, 0.0)


@pytest.mark.parametrize(
    ("differences", "said"),
    [
        ([0.03, 0.031, 0.032], "+3.10 (95 %: +2.85 to +3.35), effect size 31.00, 3 pairs: the search is better"),
        ([-0.03, -0.031, -0.032], "-3.10 (95 %: -3.35 to -2.85), effect size -31.00, 3 pairs: the search is w"),
        (
            [-0.02, 0.0, 0.02],
            "no difference could be seen; 9 pairs would show a difference of 0.02 with a power",
        ),
    ],
)
def test_the_verdict_follows_from_the_interval(differences, said):
    judgement = Judgement("random", paired(np.array(differences)), 1.0)
    assert said in judgement.sentence()
    assert judgement.sentence().startswith("Against random search at equal cost, in points: ")


def test_seeds_agree_by_the_correlation_of_their_logits():
    logits = np.random.default_rng(0).normal(size=(3, 4, 8))

    def weights(values):
        return {"operation": np.exp(values) / np.exp(values).sum(-1, keepdims=True)}

    (same,) = agreement([weights(logits[0]), weights(2 * logits[0] + logits[1, :, :1])])
    assert same == pytest.approx(1.0)
    centred = logits[:2] - logits[:2].mean(-1, keepdims=True)
    (other,) = agreement([weights(logits[0]), weights(logits[1])])
    assert other == pytest.approx(np.corrcoef(centred[0].ravel(), centred[1].ravel())[0, 1])
    assert list(agreement([weights(one) for one in logits[:1]])) == []


def test_scores_that_are_no_fractions_are_told_as_they_are(tmp_path):
    pairs = [("search", 0, -0.5), ("search", 1, -0.6), ("draws", 0, -0.9), ("draws", 1, -0.8)]
    found = tuple(Finding(arm, seed, (score,), True, 1, 100, 0.0) for arm, seed, score in pairs)
    judgement = Judgement("draws", paired(np.array([0.4, 0.2])), 1.0)
    repeated = Repeated("x", found, (judgement,), (), ())
    (sentence, *_) = repeated.sentences()
    assert sentence.startswith("Against random draws of equal or fewer multiply-adds: +0.3000 (95 %: -0.9706 to +1.57")
    assert repeated.arms().columns[1] == "score" and repeated.arms().rows[0][1:3] == ("-0.5500", "0.0707")
    assert [row[2] for row in repeated.networks().rows] == ["-0.5000", "-0.6000", "-0.9000", "-0.8000"]
    write_repeated(repeated, tmp_path)
    text = (tmp_path / "repeat.md").read_text()
    assert "points" not in text and sentence in text and sentence in (tmp_path / "repeat.html").read_text()


def test_it_says_what_may_explain_a_difference():
    found = (Finding("search", 0, (0.5,), False, 1, 130, 1.0), Finding("draws", 0, (0.4,), False, 1, 100, 0.0))
    said = " ".join(Repeated("x", found, (Judgement("draws", paired(np.array([0.1, 0.2])), 1.3),), (), ()).sentences())
    assert "1.30 times the multiply-adds" in said and "Scores are on val" in said


def test_killed_and_called_again_it_ends_as_if_nothing_had_happened(folder):
    options = ["--seeds", "2", "--against", "draws", "--format", "json"]
    command = [sys.executable, "-m", "nasframe", "repeat", "sought.yaml", *options, "--jobs", "2", "--into", "killed"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 120
    while not list(Path("killed").glob("*/seed-*/status.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert list(Path("killed").glob("*/seed-*")), "it was killed once something had begun"
    again = subprocess.run(command, check=True, capture_output=True, text=True)
    whole = CliRunner().invoke(main, ["repeat", "sought.yaml", *options, "--into", "whole"])

    def told(text):
        found = json.loads(text[text.index("{") :])
        return [{**one, "processor_seconds": 0} for one in found["found"]], found["sentences"]

    assert told(again.stdout) == told(whole.stdout)


def test_more_seeds_may_be_added_and_nothing_else_be_changed(folder):
    repeated(Repetition(Path("sought.yaml"), seeds=2, retrainings=1, against=("draws",)))
    before = {path: path.stat().st_mtime_ns for path in Path("into").rglob("metrics.json")}
    more = repeated(Repetition(Path("sought.yaml"), seeds=3, retrainings=1, against=("draws",)))
    assert (
        len(more.found) == 6
        and before.items() <= {path: path.stat().st_mtime_ns for path in Path("into").rglob("metrics.json")}.items()
    )
    with pytest.raises(RunFolderError, match="of other retrainings"):
        repeated(Repetition(Path("sought.yaml"), seeds=2, retrainings=2, against=("draws",)))
    shutil.rmtree("into/draws/seed-1-retraining-1")
    with pytest.raises(RunError, match="is not done"):
        judge("sought", Repetition(Path("sought.yaml"), seeds=2, retrainings=1, against=("draws",)), Path("into"))


def test_each_training_of_a_draw_is_of_another_genotype(folder):
    found = repeated(Repetition(Path("sought.yaml"), seeds=3, retrainings=2, against=("draws",)))
    others = []
    for one in found.found[3:]:
        runs = [RunLayout(Path("into/draws", f"seed-{one.number}-retraining-{number}")) for number in (1, 2)]
        drawn = [genotypes.read(run.final_genotype).genotype for run in runs]
        others.append(len(set(drawn)))
        assert one.macs == pytest.approx(np.mean([json.loads(run.cost.read_text())["macs"] for run in runs]))
    assert max(others) > 1


def test_opponents_may_be_added_later_and_are_not_mixed_up(folder):
    repeated(Repetition(Path("sought.yaml"), seeds=2, retrainings=1, against=("draws",)))
    known = {path: path.stat().st_mtime_ns for path in Path("into").rglob("metrics.json")}
    more = Repetition(Path("sought.yaml"), seeds=2, retrainings=1, against=("draws", "random", "other.yaml"))
    assert [one.opponent for one in repeated(more).judgements] == ["draws", "random", "other"]
    assert known.items() <= {path: path.stat().st_mtime_ns for path in Path("into").rglob("metrics.json")}.items()
    Path("other.yaml").write_text(OTHER.replace("samples: 1", "samples: 2"))
    with pytest.raises(RunFolderError, match="of other experiment"):
        repeated(more)
    with pytest.raises(RunFolderError, match="of other budget"):
        repeated(Repetition(Path("sought.yaml"), seeds=2, retrainings=1, against=("random",), budget=0.5))


def test_opponents_have_different_names_and_there_is_something_to_repeat(folder):
    with pytest.raises(ExperimentError, match="must differ"):
        Repetition(Path("sought.yaml"), against=("other.yaml", "elsewhere/other.yaml")).arms()
    Path("given.yaml").write_text("evaluator: {type: streets}\ngenotype: autodeeplab-s\n")
    result = CliRunner().invoke(main, ["repeat", "given.yaml"])
    assert result.exit_code == 2 and "there is no search to repeat" in result.output


class Fails:
    def do(self):
        raise RunError("lost")


class Ends:
    def do(self):
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(("job", "said"), [(Fails(), "lost"), (Ends(), "signal 9")])
def test_a_job_that_fails_in_its_process_is_told(job, said):
    with pytest.raises(RunError, match=said):
        Lanes(2).work([job], lambda done: [])
